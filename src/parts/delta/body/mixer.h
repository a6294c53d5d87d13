/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mixes what several models say of the next bit into one probability: a weighted sum in the logistic domain,
 * whose weights learn which models to trust (logistic mixing, as in the PAQ family of compressors). All
 * arithmetic is on integers: both sides must come to the same result on every machine.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/delta/body/coder.h"
#include "parts/delta/body/node.h"

enum { MIXER_INPUTS = 6 };

typedef struct Mixer Mixer;

/* There are n_sets sets of weights, and n_curves curves that the mixes are held against: one of each is used
 * for each bit. */
int mixer_new(unsigned n_sets, unsigned n_curves, Mixer **ret, Error *error);
Mixer *mixer_free(Mixer *mixer);
DEFINE_CLEANUP(Mixer *, mixer_free);

/* Codes a bit; the models, the weights and the curve learn from it. */
unsigned mixer_code(Mixer *mixer, Node *const models[static MIXER_INPUTS], unsigned set, unsigned curve,
	Coder *coder, unsigned bit);

size_t mixer_memory(const Mixer *mixer);
