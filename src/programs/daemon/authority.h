/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who may do what: polkit, asked over D-Bus (org.freedesktop.PolicyKit1.Authority).
 */

#include <systemd/sd-bus.h>

#include "base/error.h"

typedef enum AuthorityVerdict {
	AUTHORITY_YES,
	AUTHORITY_NO,
	AUTHORITY_CHALLENGE, /* he would have to prove who he is, and nobody asked him */
	AUTHORITY_ABSENT,    /* there is no polkit here */
} AuthorityVerdict;

typedef void (*AuthorityAnswer)(void *userdata, AuthorityVerdict verdict);

/* Asks whether the sender of call may do the action; answer is called once, later, unless *ret_slot is let go
 * before. When the call allows it, the sender's agent may ask him for a password meanwhile. */
int authority_ask(sd_bus_message *call, const char *action, AuthorityAnswer answer, void *userdata,
	sd_bus_slot **ret_slot, Error *error);
