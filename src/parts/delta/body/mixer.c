/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/mixer.h"

#include <stdlib.h>
#include <string.h>

enum {
	LANES = 8,          /* what one vector holds: the inputs, and zeros behind them */
	STRETCH_MAX = 2047, /* ln(p / (1 - p)) in 256ths, at most 8 */
	STEPS = 33,         /* of a curve */
	SETTLED = 1024,     /* bits after which a set of weights learns slowly */
	FIRST_WEIGHT = 5200,
	WEIGHT_MAX = 26000, /* what all models say then fits 31 bits, and a step more 16 */
};

typedef int16_t Vector __attribute__((vector_size(2 * LANES)));
typedef uint16_t NodeVector __attribute__((vector_size(2 * LANES)));

typedef struct WeightSet {
	int16_t weights[LANES]; /* 16384ths */
	uint32_t used;
} WeightSet;

struct Mixer {
	unsigned n_sets, n_curves;
	WeightSet *sets;
	uint16_t (*curves)[STEPS];
	int16_t stretch[4096]; /* in 1024ths */
	uint16_t squash[4096];
};

/* How much of what is missing is learnt, in 8192ths, by how often the model was used: first nearly the mean
 * of what was seen, from the sixth time on what was seen last counts more. */
static const int16_t rates[NODE_COUNT_MAX + 1] = {
	6200, 3700, 2600, 2000, 1650, 1400, 1400, 1400, 1400, 1400, 1400, 1400, 1400, 1400, 1400, 1400};

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
			mixer->stretch[next] = (int16_t)(x * 4);
	for (; next < 4096; next++)
		mixer->stretch[next] = STRETCH_MAX * 4;
	for (unsigned i = 0; i < mixer->n_curves; i++)
		for (unsigned j = 0; j < STEPS; j++)
			mixer->curves[i][j] = mixer->squash[j < 32 ? j * 128 : 4095];
}

int mixer_new(unsigned n_sets, unsigned n_curves, Mixer **ret, Error *error)
{
	CLEANUP(mixer_free) Mixer *mixer = calloc(1, sizeof(*mixer));

	if (!mixer)
		return error_memory(error);
	mixer->n_sets = n_sets;
	mixer->n_curves = n_curves;
	mixer->sets = calloc(n_sets, sizeof(*mixer->sets));
	mixer->curves = calloc(n_curves, sizeof(*mixer->curves));
	if (!mixer->sets || !mixer->curves)
		return error_memory(error);
	for (unsigned i = 0; i < n_sets; i++)
		for (unsigned j = 0; j < MIXER_INPUTS; j++)
			mixer->sets[i].weights[j] = FIRST_WEIGHT;
	fill_tables(mixer);
	*ret = TAKE_PTR(mixer);
	return 0;
}

Mixer *mixer_free(Mixer *mixer)
{
	if (mixer) {
		free(mixer->sets);
		free(mixer->curves);
	}
	free(mixer);
	return NULL;
}

size_t mixer_memory(const Mixer *mixer)
{
	return sizeof(*mixer) + mixer->n_sets * sizeof(*mixer->sets) +
	       mixer->n_curves * sizeof(*mixer->curves);
}

/* (a * b) >> 16 in each lane. */
static inline Vector multiply_high(Vector a, Vector b)
{
	int16_t x[LANES], y[LANES];

	memcpy(x, &a, sizeof(x));
	memcpy(y, &b, sizeof(y));
	for (unsigned i = 0; i < LANES; i++)
		x[i] = (int16_t)(x[i] * y[i] >> 16);
	memcpy(&a, x, sizeof(x));
	return a;
}

/* The models' lanes are put together in a register: in memory, they would have to be waited for. */
#define EACH_INPUT(x) \
	{ \
		x(0), x(1), x(2), x(3), x(4), x(5), 0, 0 \
	}

/* What the models say. */
static inline Vector listen(const Mixer *mixer, Node *const *models)
{
#define STRETCH_OF(i) mixer->stretch[*models[i] >> 4]
	return (Vector)EACH_INPUT(STRETCH_OF);
#undef STRETCH_OF
}

static inline int32_t weigh(const WeightSet *set, Vector said)
{
	int16_t lanes[LANES];
	int32_t sum = 0;

	memcpy(lanes, &said, sizeof(lanes));
	for (unsigned i = 0; i < LANES; i++)
		sum += lanes[i] * set->weights[i];
	sum >>= 16;
	return sum > STRETCH_MAX ? STRETCH_MAX : sum < -STRETCH_MAX ? -STRETCH_MAX : sum;
}

static inline void learn_weights(WeightSet *set, Vector said, int32_t miss)
{
	/* Steps begin large and settle. miss is in 65536ths, and the step fits 16 bits. */
	int32_t rate = 13 - (int32_t)(set->used / (SETTLED / 9));
	int16_t step = (int16_t)(miss * rate >> 5), steps[LANES];
	Vector more = multiply_high(said, (Vector){0} + step);

	set->used += set->used < SETTLED;
	memcpy(steps, &more, sizeof(steps));
	for (unsigned i = 0; i < LANES; i++) {
		int16_t weight = (int16_t)(set->weights[i] + steps[i]);

		weight = weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
		set->weights[i] = weight > -WEIGHT_MAX ? weight : -WEIGHT_MAX;
	}
}

static inline void learn_nodes(Node *const *models, unsigned bit)
{
#define NODE_OF(i) *models[i]
#define RATE_OF(i) rates[node_count(*models[i])]
	const NodeVector nodes = EACH_INPUT(NODE_OF), n = nodes & NODE_COUNT_MAX, p = nodes >> 4;
	const NodeVector miss = (NodeVector){0} + (uint16_t)(bit ? 4095 : 0) - p;
	const Vector rate = EACH_INPUT(RATE_OF), step = multiply_high((Vector)(miss * 8), rate);
	/* The step is less than what is missing: p stays within 12 bits. Comparing gives -1 for what is true.
	 */
	const NodeVector next =
		(p + (NodeVector)(step - (step < 0))) << 4 | (n - (NodeVector)(n < NODE_COUNT_MAX));
	Node lanes[LANES];
#undef NODE_OF
#undef RATE_OF

	memcpy(lanes, &next, sizeof(lanes));
	for (unsigned i = 0; i < MIXER_INPUTS; i++)
		*models[i] = lanes[i];
}

/* What the mix says is itself held against experience: a curve of its own for each role, in steps. */
typedef struct Refined {
	uint16_t *step; /* that is nearest */
	unsigned one;
} Refined;

static inline Refined refine(uint16_t *steps, int32_t mixed)
{
	unsigned at = (unsigned)(mixed + 2048) / 128, part = (unsigned)(mixed + 2048) % 128;

	return (Refined){
		.step = &steps[at + (part >= 64)],
		.one = (steps[at] * (128 - part) + steps[at + 1] * part) / 128,
	};
}

unsigned mixer_code(Mixer *mixer, Node *const models[static MIXER_INPUTS], unsigned set, unsigned curve,
	Coder *coder, unsigned bit)
{
	WeightSet *weights = &mixer->sets[set];
	Vector said = listen(mixer, models);
	int32_t mixed = weigh(weights, said);
	unsigned one = mixer->squash[mixed + 2048];
	Refined refined = refine(mixer->curves[curve], mixed);
	unsigned both = (one + refined.one + 1) / 2;

	bit = coder_bit(coder, both < 16 ? 16 : both > 65520 ? 65520 : both, bit);
	learn_weights(weights, said, (int32_t)(bit << 16) - (int32_t)one);
	learn_nodes(models, bit);
	*refined.step = (uint16_t)(*refined.step + (((int32_t)(bit ? 65535 : 0) - *refined.step) >> 6));
	return bit;
}
