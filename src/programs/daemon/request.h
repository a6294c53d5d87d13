/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a method call asks for: its arguments, bounded.
 */

#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "engine/operation.h"

typedef struct Request {
	const Operation *operation;
	const char **names; /* the array is owned, the words belong to the message */
	size_t n_names;
	const char *reason; /* as the words; NULL: the method takes none */
	bool dry_run, unattended;
	const char *action; /* of polkit, that the caller must be allowed; NULL: everybody is */
} Request;

void request_clear(Request *request);

/* Reads the arguments of a call of one of the methods. The message must outlive the request. */
int request_read(sd_bus_message *call, Request *ret, Error *error);
