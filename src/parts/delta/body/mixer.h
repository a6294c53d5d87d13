/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mixes what several models say of the next bit into one probability: a weighted sum in the logistic domain,
 * whose weights learn which models to trust (logistic mixing, as in the PAQ family of compressors). A model
 * that has seen little is trusted by other weights than one that has seen much. All arithmetic is on
 * integers: both sides must come to the same result on every machine.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/delta/body/adaptive.h"

enum { MIXER_INPUTS = 7, MIXER_REFINE_SETS = 1040 };

typedef struct Mixer Mixer;

/* There are n_sets sets of weights, of which one is used for each bit. */
int mixer_new(unsigned n_sets, Mixer **ret, Error *error);
Mixer *mixer_free(Mixer *mixer);
DEFINE_CLEANUP(Mixer *, mixer_free);

/* Codes a bit with one of the sets; the models and the weights learn from it. refine is below
 * MIXER_REFINE_SETS. */
unsigned mixer_code(Mixer *mixer, Adaptive *const models[static MIXER_INPUTS], unsigned set, unsigned refine,
	Coder *coder, unsigned bit);

size_t mixer_memory(const Mixer *mixer);
