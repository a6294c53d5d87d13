/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * systemd units by their names alone: at which scope the processes of a unit come to new bytes, and whether
 * that can be done without cutting anybody off. docs/restarts.md has the whole.
 */

#include <stdbool.h>

/* From the smallest to the largest. */
typedef enum UnitScope {
	UNIT_SCOPE_APPLICATION,  /* a program that its user restarts */
	UNIT_SCOPE_USER_SERVICE, /* a unit of a user's own service manager */
	UNIT_SCOPE_SERVICE,      /* a unit of the system's */
	UNIT_SCOPE_USER_MANAGER, /* a user's service manager replaces itself */
	UNIT_SCOPE_MANAGER,      /* the system's, pid 1, does */
	UNIT_SCOPE_CONTAINER,    /* whoever runs it restarts it from outside */
	UNIT_SCOPE_SESSION,      /* log out and in */
	UNIT_SCOPE_SOFT_REBOOT,  /* all but the kernel */
	UNIT_SCOPE_REBOOT,
} UnitScope;

typedef struct UnitRule {
	UnitScope scope;
	bool automatic;    /* nobody is cut off */
	bool can_fall_due; /* asked for: a restart cuts people off for a moment, and does no worse */
	const char *reason;
} UnitRule;

/* unit as the census names it: "cron.service", "user@1000.service/pipewire.service", "" for none. Never NULL;
 * what it points to is static. */
const UnitRule *unit_rule(const char *unit);

/* A unit with Type=oneshot that has done its work: is it known to do no harm when it does it again, so that
 * it may restart along? */
bool unit_may_repeat(const char *unit);

/* Is a systemd the service manager here? */
bool units_available(void);
