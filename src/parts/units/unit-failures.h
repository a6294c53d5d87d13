/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hearing of services that fail (sd-bus, org.freedesktop.systemd1.Service): each time one does, those that
 * are restarted and fail again among them.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/units/manager.h"

enum {
	UNIT_FAILURE_NAME_SIZE = 256,
	UNIT_FAILURE_PIDS_MAX = 16,
	UNIT_FAILURES_UNAVAILABLE = 1,
	UNIT_FAILURES_MORE = 1
};

/* How a service failed: systemd's Result, as far as it says something about the service's program. */
typedef enum UnitResult {
	UNIT_EXITED,  /* with a failure */
	UNIT_CRASHED, /* ended by a signal that means a crash */
	UNIT_HUNG,    /* did not start in time, or missed its watchdog */
} UnitResult;

typedef struct UnitFailure {
	char unit[UNIT_FAILURE_NAME_SIZE];
	UnitResult result;
	pid_t pids[UNIT_FAILURE_PIDS_MAX]; /* its processes that systemd had started, and that failed */
	size_t n_pids;
} UnitFailure;

typedef struct UnitFailures UnitFailures;

/* Called for each; the same failure may be told more than once. */
typedef void (*UnitFailureVisitor)(void *userdata, const UnitFailure *failure);

/* UNIT_FAILURES_UNAVAILABLE, with the sentence in error, where no systemd can be reached. */
int unit_failures_listen(UnitFailureVisitor visitor, void *userdata, UnitFailures **ret, Error *error);
/* The same of any manager, which is taken, and freed when this fails. */
int unit_failures_listen_to(
	Manager *manager, UnitFailureVisitor visitor, void *userdata, UnitFailures **ret, Error *error);
UnitFailures *unit_failures_free(UnitFailures *failures);
DEFINE_CLEANUP(UnitFailures *, unit_failures_free);

/* That of the unit's User=; 0 where it has none, or one that nobody has. The manager is asked, and what comes
 * meanwhile poll() need not tell of. */
uid_t unit_failures_user(UnitFailures *failures, const char *unit);

void unit_failures_poll(const UnitFailures *failures, struct pollfd *to);

/* Handles what has come. UNIT_FAILURES_MORE: not all of it, and poll() need not tell of the rest; services
 * may fail faster than they are heard of. Fails when the connection is lost. */
int unit_failures_read(UnitFailures *failures, Error *error);

/* What a Result and the main process's end come to; -1: nothing that counts (success, a SIGKILL by somebody,
 * no memory, too many starts). */
int unit_failure_judge(const char *result, int code, int status);

/* Did the process end, or is it to, because its unit stopped? ceased: when the unit last ceased to be active;
 * began, ended: the process. Microseconds of CLOCK_MONOTONIC; 0: never, or not yet. What ends first of the
 * two is the cause: a service of which somebody asks that it stop or restart ceases to be active at once, one
 * that ends by itself does when its process has. */
bool unit_failure_is_stop(uint64_t ceased, uint64_t began, uint64_t ended);
