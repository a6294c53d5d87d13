/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who sent a call, as the message bus knows him (GetConnectionCredentials of org.freedesktop.DBus).
 *
 * The bus is never waited for: sd-bus takes in whatever anybody sends meanwhile, hundreds of megabytes of it.
 */

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "base/error.h"

typedef struct Caller {
	uid_t uid;
	pid_t client; /* the process, when it runs the suture of this installation, which ends with its answer
		       * unless its user has it do otherwise; else 0 */
} Caller;

/* Asks for the sender of call; handler gets the reply once, later, unless *ret_slot is let go before. */
int caller_ask(sd_bus_message *call, sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret_slot,
	Error *error);

/* What the reply says. CALLER_GONE: he has left the bus. */
int caller_read(sd_bus_message *reply, Caller *ret, Error *error);
enum { CALLER_GONE = 1 };
