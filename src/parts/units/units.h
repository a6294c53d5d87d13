/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * systemd units: which may be restarted, and restarting them (sd-bus, org.freedesktop.systemd1).
 */

#include <stdbool.h>

#include "base/error.h"

typedef enum UnitAction {
	UNIT_RESTART, /* a system service that can be restarted */
	UNIT_ASK,  /* restarting would cut users off: dbus, display managers, login sessions, user managers */
	UNIT_NONE, /* not a unit of the system manager */
} UnitAction;

/* What may be done with a unit, by its name alone ("cron.service"). *ret_reason is a static sentence. */
UnitAction unit_action(const char *unit, const char **ret_reason);

/* Is a systemd the service manager here? */
bool units_available(void);

/* Restarts the unit if it runs and waits for the job's end, at most seconds. */
int unit_restart(const char *unit, int seconds, Error *error);
