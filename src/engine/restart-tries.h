/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How often unattended runs have restarted what is exposed: what stays so all the same, or fails, is not
 * restarted each hour. In run/suture/tries.json below the root, of one generation and one boot
 * (docs/formats/state.md).
 */

#include <stdbool.h>

#include "base/json.h"

enum { RESTART_TRIES_MAX = 3 };

typedef struct RestartTries {
	int root_fd; /* not its own */
	uint64_t generation;
	json_t *counts; /* by the actions' targets, before what is tried now */
} RestartTries;

#define RESTART_TRIES_INIT \
	(RestartTries) \
	{ \
		.root_fd = -1 \
	}

/* What was tried of this generation. A file that cannot be read is logged, and counts for none. */
int restart_tries_load(int root_fd, uint64_t generation, RestartTries *ret, Error *error);
void restart_tries_clear_cleanup(RestartTries *tries);
#define CLEANUP_RESTART_TRIES __attribute__((cleanup(restart_tries_clear_cleanup)))

/* Was this action of "suture-exposed-1" tried as often as it may be? */
bool restart_tries_are_spent(const RestartTries *tries, const json_t *action);

/* Is there one among these that would be done by itself, had it not been tried as often as it may be? */
bool restart_tries_gave_up(const RestartTries *tries, const json_t *actions);

/* Writes that these actions, an array, are tried once more: before they are, so that nothing that ends this
 * program undoes the bound. */
int restart_tries_note(const RestartTries *tries, const json_t *actions, Error *error);
