/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When root/usr cannot show all that the state names: what is fit of it is shown, the rest is left to the
 * base, and the report of the boot (engine/boot-report.h) says why.
 */

#include "engine/context.h"
#include "engine/state.h"

typedef struct Fit {
	Engine *engine;
	const State *state;
	const char *run;
	uint64_t mounted; /* what root/usr shows */
	Improvements set; /* what it is to show */
	json_t *report;
} Fit;

void fit_clear(Fit *fit);

/* Takes out of the set what has another base by now, or an image that rotted or is not to be had as
 * Integrity= wants, and reports it. */
int fit_drop_unfit(Fit *fit, Error *error);

/* Does root/usr show just this set, by the word of an earlier report? */
bool fit_is_shown(const Fit *fit);

/* A number that nothing mounted, committed or begun has: for what is not what the state names. */
int fit_spare_number(const Fit *fit, uint64_t *ret, Error *error);

/* After something failed on the running system, for this reason: shows what is fit, leaves the report, and
 * says how much was left out. */
int fit_go_back(Engine *engine, const char *why, size_t *ret_left_out, Error *error);
