/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A connection to a service manager (sd-bus, org.freedesktop.systemd1(5)): the system's over the system
 * message bus, or a user's own over its private socket, which needs no message bus.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef struct Manager {
	sd_bus *bus;
	const char *sender; /* of its messages; NULL on a private socket, which has only one */
} Manager;

#define MANAGER_SERVICE "org.freedesktop.systemd1"
#define MANAGER_OBJECT "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

enum { MANAGER_CALL_SECONDS = 10, UNIT_NAME_SIZE = 256 };

DEFINE_CLEANUP(sd_bus *, sd_bus_flush_close_unref);
DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);
#define CLEANUP_BUS_ERROR __attribute__((cleanup(sd_bus_error_free)))

int manager_open_system(Manager **ret, Error *error);

/* runtime_directory: the user's, "/run/user/1000". Only that user gets in. */
int manager_open_user(const char *runtime_directory, Manager **ret, Error *error);

Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager *, manager_free);

/* Is the name one that systemd itself takes for a unit's (systemd.unit(5))? */
bool manager_is_unit_name(const char *unit);

/* What a failed call says: the peer's sentence, or what the errno value -r means. */
const char *manager_failure(const sd_bus_error *failure, int r);

/* Is the machine going down? *ret_reason then says why nothing may be started, else it is NULL. Asks the
 * manager and, where there is one, logind. */
int manager_going_down(Manager *manager, const char **ret_reason, Error *error);

/* The version of systemd that manages, 0 when it does not tell. */
unsigned manager_version(Manager *manager);

/* The manager replaces itself by its program as it is on the disk now, keeping all units; returns once it
 * answers again. */
int manager_reexec(Manager *manager, int seconds, Error *error);

/* Has logind delay a shutdown until *ret_fd is closed (logind's InhibitDelayMaxSec= at most); -1 where there
 * is no logind. */
void manager_delay_shutdown(Manager *manager, int *ret_fd);
