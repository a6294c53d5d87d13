/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Letters that are taken off because of harm, and who still uses their bytes when they are off: then neither
 * their manifests nor their images need be there any more, so what to look for is noted before.
 */

#include "engine/context.h"
#include "engine/exposure-targets.h"
#include "engine/state.h"

/* Starts zeroed. */
typedef struct Leaving {
	Improvements set; /* the caller's to fill in */
	ExposureTargets targets;
} Leaving;

void leaving_clear(Leaving *leaving);
#define CLEANUP_LEAVING __attribute__((cleanup(leaving_clear)))

/* Notes the identities of the set's bytes. state knows what each generation holds. */
int leaving_note(const Engine *engine, const State *state, Leaving *leaving, Error *error);

/* They are off: restarts who used them and may be restarted. *ret_units says what became of each,
 * *ret_exposed, the document "suture-exposed-1", who still uses the bytes. */
int leaving_restart_users(
	const Engine *engine, Leaving *leaving, json_t **ret_units, json_t **ret_exposed, Error *error);
