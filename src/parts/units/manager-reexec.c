/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "parts/units/manager.h"

enum { PAUSE_MS = 50 };

/* There is no answer: the manager that was asked is gone with its connections. What else can be wrong is
 * said. */
static bool is_gone(const sd_bus_error *failure, int r)
{
	return r >= 0 || sd_bus_error_has_name(failure, SD_BUS_ERROR_NO_REPLY) ||
	       sd_bus_error_has_name(failure, SD_BUS_ERROR_DISCONNECTED) || r == -ECONNRESET ||
	       r == -ENOTCONN;
}

/* On the message bus the new manager comes back under its name. A private socket ends with the old one. */
static int wait_until_back(Manager *manager, int64_t deadline_ms, Error *error)
{
	while (manager_version(manager) == 0) {
		if (clock_monotonic_ms() > deadline_ms)
			return error_set(error, "the service manager has not come back in time");
		(void)poll(NULL, 0, PAUSE_MS);
	}
	return 0;
}

int manager_reexec(Manager *manager, int seconds, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	int64_t deadline_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
	int r;

	/* It serializes all of its state first. */
	(void)sd_bus_set_method_call_timeout(manager->bus, (uint64_t)seconds * 1000000);
	r = sd_bus_call_method(manager->bus, MANAGER_SERVICE, MANAGER_OBJECT, MANAGER_INTERFACE, "Reexecute",
		&failure, NULL, NULL);

	(void)sd_bus_set_method_call_timeout(manager->bus, (uint64_t)MANAGER_CALL_SECONDS * 1000000);
	if (!is_gone(&failure, r))
		return error_set(
			error, "the service manager cannot replace itself: %s", manager_failure(&failure, r));
	return manager->sender ? wait_until_back(manager, deadline_ms, error) : 0;
}
