/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The administrator's own checks (docs/watch.md): programs in etc/suture/health.d, and the vendor's in
 * usr/lib/suture/health.d, of which one of the same name in etc takes the place. They run in the order of
 * their names, as root, below the root that is worked on. Each says by its exit code whether the system does
 * what it is there for.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "engine/improvements.h"

enum { HEALTH_CHECKS_MAX = 64, HEALTH_SECONDS = 60, HEALTH_OUTPUT_MAX = 4096 };

typedef struct HealthCheck {
	char name[NAME_MAX + 1];
	const char *folder; /* below the root */
	bool failed;        /* when it ran last */
} HealthCheck;

/* Sorted by name. Starts as HEALTH_INIT. */
typedef struct Health {
	HealthCheck *checks;
	size_t n;
} Health;

#define HEALTH_INIT \
	(Health) \
	{ \
		.n = 0 \
	}

void health_clear(Health *health);
static inline void health_clear_cleanup(Health *health)
{
	health_clear(health);
}
#define CLEANUP_HEALTH __attribute__((cleanup(health_clear_cleanup)))

/* When checks run: SUTURE_WHEN in their environment. */
typedef enum HealthMoment { HEALTH_BEFORE, HEALTH_AFTER, HEALTH_BOOT } HealthMoment;

/* What is checked. */
typedef struct HealthSubject {
	const char *root; /* absolute; "/": the running system */
	int root_fd;
	HealthMoment moment;
	const Improvements *letters; /* that come or have come: SUTURE_COMPONENTS and SUTURE_LETTERS */
} HealthSubject;

/* Which there are. One that somebody else than root could have written is not run, and warned of. */
int health_collect(int root_fd, Health *ret, Error *error);

/* Runs all, and notes which fail: that they do is not the fault of what comes. */
int health_measure(Health *health, const HealthSubject *subject, Error *error);

/* Runs those that have not failed so far, until one does: < 0 with the sentence, "the check NAME failed: …".
 */
int health_judge(Health *health, const HealthSubject *subject, Error *error);

/* The names of those that have failed, and taking over such a list: what is in it has failed. */
int health_failed_to_json(const Health *health, json_t **ret, Error *error);
void health_failed_from_json(Health *health, const json_t *names);
