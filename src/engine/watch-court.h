/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What befalls processes, brought before the judge: each process once, whoever tells of it first, and only
 * what says something about an improvement (docs/watch.md).
 */

#include "engine/watch-judge.h"
#include "engine/watch-known.h"
#include "parts/units/unit-failures.h"
#include "parts/watch/cgroups.h"
#include "parts/watch/processes.h"

/* Starts zeroed. */
typedef struct WatchCourt {
	WatchJudge judge;
	Processes processes;
	Cgroups *cgroups;
	bool users_count;             /* crashes of what belongs to ordinary users count as well */
	bool is_exact;                /* the processes are followed by the kernel's records */
	uint64_t reached;             /* sets that have come to the limit; the caller takes them out */
	char limits[ERROR_TEXT_SIZE]; /* what cannot be seen here, for people */
} WatchCourt;

int watch_court_open(WatchCourt *court, Error *error);
void watch_court_clear(WatchCourt *court);

/* A process crashes. */
int watch_court_signal(WatchCourt *court, const WatchKnown *known, const TraceRecord *record, Error *error);

/* Does this failure tell of something that is not known yet? */
bool watch_court_is_news(const WatchCourt *court, const WatchKnown *known, const UnitFailure *failure);

/* Does what this user's programs do count? */
bool watch_court_hears(const WatchCourt *court, uid_t user);

/* A service has failed. now: seconds of the monotonic clock. */
void watch_court_unit(WatchCourt *court, const WatchKnown *known, const UnitFailure *failure, int64_t now);

/* These sets are watched no more. */
void watch_court_forget(WatchCourt *court, uint64_t sets);

/* "3 crashes of cron in 10 minutes" */
void watch_court_reason(const WatchCourt *court, size_t set, char text[static ERROR_TEXT_SIZE]);

/* The set's number; -1 when the component is not watched. */
int watch_court_find(const WatchKnown *known, const char *component);
