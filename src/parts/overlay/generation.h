/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Builds what ROOT/usr shall show next, as a detached tree of mounts that one move_mount(2) puts in place: a
 * generation over the true base or the true base itself, with the mounts that now lie below ROOT/usr on it.
 * Nothing is changed that the caller's mount namespace shows, and nothing but the tree is left behind.
 */

#include "base/error.h"
#include "parts/overlay/layer.h"
#include "parts/overlay/overlay.h"

typedef struct GenerationPlan {
	const char *root;
	uint64_t number;
	const OverlayLayer *layers; /* uppermost first; none makes the base itself */
	size_t n_layers;
	LayerMethod method; /* where to begin; LAYER_LOOP skips what is better but newer */
} GenerationPlan;

/* *ret_tree is an O_PATH descriptor. As long as nothing mounts it, closing it takes the tree apart. */
int generation_build(const GenerationPlan *plan, int *ret_tree, Error *error);
