/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The device's committed state, the document "state" (docs/formats/state.md).
 */

#include <stdint.h>

#include "base/json.h"
#include "engine/improvements.h"
#include "engine/kept-off.h"
#include "engine/trial.h"
#include "parts/store/store.h"

enum { STATE_EXPIRES_SOON = 24 * 60 * 60 }; /* seconds before metadata expires */

typedef struct State {
	uint64_t generation;      /* the one that is to be active; 0: the base */
	uint64_t last_generation; /* the highest number that was ever given */
	uint64_t transactions;    /* how many were committed */
	int64_t checked;          /* when metadata was last fresh, seconds since 1970; 0: never */
	int64_t expires;          /* when that metadata expires; 0: unknown */
	int64_t old_data_since;   /* since when checks get old metadata; 0: they do not */
	Improvements active;      /* what generation holds */
	KeptOff kept_off;         /* what people took off */
	json_t *generations;      /* {"NUMBER": [manifest digests]}: what each mounted generation holds */
	Trial trial;              /* which letters have been through a boot */
} State;

#define STATE_INIT \
	(State) \
	{ \
		.generation = 0 \
	}

/* store may be NULL, and the document absent: the state of a device that never had an improvement. */
int state_load(const Store *store, State *ret, Error *error);
int state_save(Store *store, const State *state, Error *error);

/* When the state cannot be read: forgets what is active, so that the base can be shown, and keeps of the rest
 * what can be read, above all the quarantine. What an unknown, newer version wrote is refused. */
int state_mend(Store *store, Error *error);

void state_clear(State *state);
static inline void state_clear_cleanup(State *state)
{
	state_clear(state);
}
#define CLEANUP_STATE __attribute__((cleanup(state_clear_cleanup)))

/* Records which manifests a generation holds, and forgets all generations that are not in kept. */
int state_note_generation(State *state, uint64_t number, const Improvements *set, Error *error);
int state_forget_generations(State *state, const uint64_t *kept, size_t n_kept, Error *error);

/* Records what generations hold that the state does not know, from {"NUMBER": [manifest digests]}. */
int state_learn_generations(State *state, const json_t *generations, Error *error);

/* The same at once in the document, of a generation that was shown and is not to be committed: who began with
 * it goes on using it. Where that cannot be written, it is a warning. */
void state_remember_generation(Store *store, uint64_t number, const Improvements *set);

enum { STATE_UNKNOWN_GENERATION = 1 };

/* What a generation holds, or STATE_UNKNOWN_GENERATION: then nobody can tell from here. */
int state_generation_set(
	const State *state, const Store *store, uint64_t number, Improvements *ret, Error *error);
