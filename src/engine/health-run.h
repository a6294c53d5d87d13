/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Running one check: a program of the administrator's that may hang, print without end, or leave others
 * behind.
 */

#include <stdlib.h>

#include "base/error.h"

typedef struct HealthRun {
	const char *root; /* where it runs: chroot(2), unless that is "/" */
	const char *path; /* below it */
	int seconds;      /* then it is killed */
	char when[32];    /* the environment, "NAME=value" each, beside a PATH and LANG */
	char *components, *letters;
} HealthRun;

static inline void health_run_clear_cleanup(HealthRun *run)
{
	free(run->components);
	free(run->letters);
}
#define CLEANUP_HEALTH_RUN __attribute__((cleanup(health_run_clear_cleanup)))

/* Fails unless it exits with 0 in time, with the last line that it has printed in the sentence. Whatever it
 * has started in its process group ends with it. */
int health_run(const HealthRun *run, Error *error);
