/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whether this machine may be bothered now with what nobody asked for: its power and its network, and what
 * the settings Metered=, Battery= and BatterySaver= make of them. What cannot be found out is nothing to
 * mind.
 */

#include "engine/context.h"

enum {
	CONDITIONS_URGENT_ONLY = 1, /* with what is urgent, and nothing else */
	CONDITIONS_UNMET = 2,       /* with nothing */
};

/* The conditions come with a sentence that says why. */
int conditions_check(const Engine *engine, Error *why);
