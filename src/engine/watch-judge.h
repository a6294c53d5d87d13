/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When is an improvement to be taken off again (docs/watch.md)? Crashes come in, each with the improvements
 * whose bytes the process had mapped; as many as the rule says within its time, and one of those improvements
 * goes. Pure: the caller has the clock, and says who crashed.
 *
 * A program that crashes as often without an improvement as it may with one says nothing about improvements.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WATCH_SETS_MAX = 64, /* improvements, a bit each */
	WATCH_CRASHES_MAX = 100,
	WATCH_REMEMBERED_MAX = 512, /* crashes within the time */
	WATCH_NAME_SIZE = 64,
};

typedef struct WatchRule {
	unsigned crashes; /* so many, 1 to WATCH_CRASHES_MAX, */
	unsigned minutes; /* in so many minutes, are too many */
} WatchRule;

typedef struct WatchCrash {
	int64_t time;               /* seconds of any clock that never goes back */
	uint64_t sets;              /* what the process had mapped; 0: nothing of any */
	char name[WATCH_NAME_SIZE]; /* of the program, or the unit */
} WatchCrash;

/* Starts zeroed but for the rule. */
typedef struct WatchJudge {
	WatchRule rule;
	WatchCrash crashes[WATCH_REMEMBERED_MAX]; /* oldest first */
	size_t n;
} WatchJudge;

/* Which sets have come to the rule's number with this crash. */
uint64_t watch_judge_add(WatchJudge *judge, const WatchCrash *crash);

/* Sets that crashed together: the one to go first is the one that came last; of those that came at once, one
 * that no boot has completed with; then the first. It must be one of several. */
typedef struct WatchSet {
	int64_t installed; /* seconds since 1970 */
	bool proven;
} WatchSet;
size_t watch_judge_choose(uint64_t reached, const WatchSet sets[static WATCH_SETS_MAX]);

/* This one has gone: what it was involved in says nothing about others, and its place can be given away. */
void watch_judge_forget(WatchJudge *judge, size_t set);

/* "cron" or "cron and others": who crashed with this set. Returns text. */
enum { WATCH_WHO_SIZE = WATCH_NAME_SIZE + 16 };
const char *watch_judge_who(const WatchJudge *judge, size_t set, char text[static WATCH_WHO_SIZE]);
