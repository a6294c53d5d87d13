/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/mixer.h"

#include <stdlib.h>
#include <string.h>

enum {
	TRUSTS = 8,         /* classes of experience */
	STRETCH_MAX = 2047, /* ln(p / (1 - p)) in 256ths, at most 8 */
	REFINE_STEPS = 33,
	MODEL_LIMIT = 20,
};

typedef struct WeightSet {
	uint32_t used;
	int32_t weights[MIXER_INPUTS][TRUSTS]; /* 65536ths */
} WeightSet;

struct Mixer {
	unsigned n_sets;
	WeightSet *sets;
	int16_t stretch[4096];
	uint16_t squash[4096];
	uint16_t refine[MIXER_REFINE_SETS][REFINE_STEPS];
};

static const uint8_t trust_of_count[ADAPTIVE_LIMIT_MAX + 1] = {
	[0] = 0,
	[1] = 1,
	[2] = 2,
	[3 ... 4] = 3,
	[5 ... 8] = 4,
	[9 ... 14] = 5,
	[15 ... 19] = 6,
	[20 ... ADAPTIVE_LIMIT_MAX] = 7,
};

static const int32_t first_weights[TRUSTS] = {0, 9000, 13000, 16000, 19000, 22000, 24000, 24000};

/* 65536 / (1 + exp(-x)) for x from -8 to 8 in steps of 1/4. */
static const uint32_t logistic[65] = {
	22,
	28,
	36,
	47,
	60,
	77,
	98,
	126,
	162,
	208,
	267,
	342,
	439,
	562,
	720,
	922,
	1179,
	1506,
	1921,
	2446,
	3108,
	3938,
	4971,
	6249,
	7812,
	9702,
	11955,
	14595,
	17625,
	21025,
	24743,
	28693,
	32768,
	36843,
	40793,
	44511,
	47911,
	50941,
	53581,
	55834,
	57724,
	59287,
	60565,
	61598,
	62428,
	63090,
	63615,
	64030,
	64357,
	64614,
	64816,
	64974,
	65097,
	65194,
	65269,
	65328,
	65374,
	65410,
	65438,
	65459,
	65476,
	65489,
	65500,
	65508,
	65514,
};

static void fill_tables(Mixer *mixer)
{
	unsigned next = 0;

	for (int x = -2048; x < 2048; x++) {
		unsigned i = (unsigned)(x + 2048) / 64, part = (unsigned)(x + 2048) % 64;

		mixer->squash[x + 2048] =
			(uint16_t)((logistic[i] * (64 - part) + logistic[i + 1] * part) / 64);
	}
	for (int x = -STRETCH_MAX; x <= STRETCH_MAX; x++)
		for (unsigned to = mixer->squash[x + 2048] / 16; next <= to; next++)
			mixer->stretch[next] = (int16_t)x;
	for (; next < 4096; next++)
		mixer->stretch[next] = STRETCH_MAX;
	for (unsigned i = 0; i < MIXER_REFINE_SETS; i++)
		for (unsigned j = 0; j < REFINE_STEPS; j++)
			mixer->refine[i][j] = mixer->squash[j < 32 ? j * 128 : 4095];
}

int mixer_new(unsigned n_sets, Mixer **ret, Error *error)
{
	CLEANUP(mixer_free) Mixer *mixer = calloc(1, sizeof(*mixer));

	if (!mixer)
		return error_memory(error);
	mixer->n_sets = n_sets;
	mixer->sets = calloc(n_sets, sizeof(*mixer->sets));
	if (!mixer->sets)
		return error_memory(error);
	for (unsigned i = 0; i < n_sets; i++)
		for (unsigned j = 0; j < MIXER_INPUTS; j++)
			memcpy(mixer->sets[i].weights[j], first_weights, sizeof(first_weights));
	fill_tables(mixer);
	*ret = TAKE_PTR(mixer);
	return 0;
}

Mixer *mixer_free(Mixer *mixer)
{
	if (mixer)
		free(mixer->sets);
	free(mixer);
	return NULL;
}

size_t mixer_memory(const Mixer *mixer)
{
	return sizeof(*mixer) + mixer->n_sets * sizeof(*mixer->sets);
}

static int32_t clamp(int64_t x)
{
	return x > STRETCH_MAX ? STRETCH_MAX : x < -STRETCH_MAX ? -STRETCH_MAX : (int32_t)x;
}

/* What the models said of one bit, and the weights that it was taken with. */
typedef struct Opinion {
	int32_t said[MIXER_INPUTS];
	int32_t *weights[MIXER_INPUTS];
} Opinion;

static int32_t weigh(const Mixer *mixer, WeightSet *set, Adaptive *const *models, Opinion *ret)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < MIXER_INPUTS; i++) {
		Adaptive model = *models[i];

		ret->said[i] = mixer->stretch[model >> 20];
		ret->weights[i] = &set->weights[i][trust_of_count[adaptive_count(model)]];
		sum += (int64_t)ret->said[i] * *ret->weights[i];
	}
	return clamp(sum >> 16);
}

static void learn(WeightSet *set, const Opinion *opinion, Adaptive *const *models, int32_t miss, unsigned bit)
{
	/* Steps begin large and settle. miss is in 65536ths. */
	int32_t rate = set->used < 1024 ? 14 - (int32_t)(set->used / 128) : 6;

	set->used += set->used < 1024;
	miss *= rate;
	for (unsigned i = 0; i < MIXER_INPUTS; i++) {
		*opinion->weights[i] += (int32_t)(((int64_t)opinion->said[i] * miss + (1 << 16)) >> 17);
		adaptive_learn(models[i], bit, MODEL_LIMIT);
	}
}

/* What the mix says is itself held against experience: a curve of its own for each set, in steps. */
typedef struct Refined {
	uint16_t *step; /* that is nearest */
	unsigned one;
} Refined;

static Refined refine_mix(uint16_t *steps, int32_t mixed)
{
	unsigned at = (unsigned)(mixed + 2048) / 128, part = (unsigned)(mixed + 2048) % 128;

	return (Refined){
		.step = &steps[at + (part >= 64)],
		.one = (steps[at] * (128 - part) + steps[at + 1] * part) / 128,
	};
}

unsigned mixer_code(Mixer *mixer, Adaptive *const models[static MIXER_INPUTS], unsigned set, unsigned refine,
	Coder *coder, unsigned bit)
{
	Opinion opinion;
	int32_t mixed = weigh(mixer, &mixer->sets[set], models, &opinion);
	unsigned one = mixer->squash[mixed + 2048];
	Refined refined = refine_mix(mixer->refine[refine], mixed);
	unsigned both = (one + refined.one + 1) / 2;

	bit = coder_bit(coder, both < 16 ? 16 : both > 65520 ? 65520 : both, bit);
	learn(&mixer->sets[set], &opinion, models, (int32_t)(bit << 16) - (int32_t)one, bit);
	*refined.step = (uint16_t)(*refined.step + ((int32_t)((bit << 16) - bit) - *refined.step) / 64);
	return bit;
}
