/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who still uses bytes that a set of improvements replaces: the truth when the set is active, a prediction
 * when it is to come (docs/architecture.md, "Census").
 */

#include "engine/context.h"
#include "engine/exposure-targets.h"
#include "engine/improvements.h"
#include "engine/state.h"

/*
 * The document "suture-exposed-1": every exposed process with its unit and what can be done, and every mount
 * namespace that keeps an old /usr. "complete" is false when processes could not be looked into (not root),
 * or a generation is mounted of which nobody knows what it brought.
 */
int exposure_report(
	const Engine *engine, const State *state, const Improvements *set, json_t **ret, Error *error);

/* The same document about what these targets stand for, whatever it is that must not be used any more. */
int exposure_of(const Engine *engine, const ExposureTargets *targets, json_t **ret, Error *error);

/* The same document for a caller who cannot look into processes: not complete. */
int exposure_unseen(json_t **ret, Error *error);
