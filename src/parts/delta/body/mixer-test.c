/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/mixer.h"

#include "parts/delta/body/recorder.h"

enum { BITS = 4000 };

/* Models that stand for the same thing all the time. */
typedef struct Models {
	Node nodes[MIXER_INPUTS][2];
} Models;

static void models_init(Models *models)
{
	node_init(&models->nodes[0][0], MIXER_INPUTS * 2);
}

/* Codes bits of which only the model `knowing` has the context; cost of the last half. */
static double cost_of_last_half(unsigned knowing)
{
	CLEANUP(mixer_free) Mixer *mixer = NULL;
	Recorder recorder = RECORDER_WRITING;
	Models models;
	uint32_t noise = 1;
	double half = 0;

	models_init(&models);
	assert_int_equal(mixer_new(2, 1, &mixer, NULL), 0);
	for (unsigned i = 0; i < BITS; i++) {
		Node *inputs[MIXER_INPUTS];
		unsigned bit;

		noise = noise * 1664525u + 1013904223u;
		bit = noise >> 31;
		for (unsigned j = 0; j < MIXER_INPUTS; j++)
			inputs[j] = &models.nodes[j][j == knowing ? bit : 0];
		assert_int_equal(mixer_code(mixer, inputs, 1, 0, &recorder.coder, bit), bit);
		if (i == BITS / 2)
			half = recorder.cost;
	}
	buffer_clear(&recorder.bits);
	return recorder.cost - half;
}

static void trusts_whichever_model_is_right(void **state)
{
	(void)state;
	for (unsigned knowing = 0; knowing < MIXER_INPUTS; knowing++)
		assert_true(cost_of_last_half(knowing) < 0.02 * (double)BITS / 2);
	/* When none knows, half of the bits are wrong. */
	assert_true(cost_of_last_half(MIXER_INPUTS) > 0.45 * (double)BITS / 2);
}

/* As far off as can be, for long: nothing leaves its bounds. */
static void survives_models_that_are_always_wrong(void **state)
{
	CLEANUP(mixer_free) Mixer *mixer = NULL;
	Recorder recorder = RECORDER_WRITING;

	(void)state;
	assert_int_equal(mixer_new(1, 1, &mixer, NULL), 0);
	for (unsigned i = 0; i < 100000; i++) {
		Node liars[MIXER_INPUTS];
		Node *inputs[MIXER_INPUTS];
		unsigned bit = i / 1000 % 2;

		for (unsigned j = 0; j < MIXER_INPUTS; j++) {
			liars[j] = bit ? 15 : 0xffff;
			inputs[j] = &liars[j];
		}
		(void)mixer_code(mixer, inputs, 0, 0, &recorder.coder, bit);
		for (unsigned j = 0; j < MIXER_INPUTS; j++)
			assert_int_equal(node_count(liars[j]), NODE_COUNT_MAX);
	}
	buffer_clear(&recorder.bits);
}

static void a_model_comes_near_what_it_sees_and_counts(void **state)
{
	CLEANUP(mixer_free) Mixer *mixer = NULL;
	Recorder recorder = RECORDER_WRITING;
	Models models;
	Node *inputs[MIXER_INPUTS];

	(void)state;
	models_init(&models);
	for (unsigned j = 0; j < MIXER_INPUTS; j++)
		inputs[j] = &models.nodes[j][0];
	assert_int_equal(mixer_new(1, 1, &mixer, NULL), 0);
	(void)mixer_code(mixer, inputs, 0, 0, &recorder.coder, 1);
	assert_int_equal(node_count(models.nodes[5][0]), 1);
	assert_true(models.nodes[5][0] > 0xc000);
	for (unsigned i = 0; i < 100; i++)
		(void)mixer_code(mixer, inputs, 0, 0, &recorder.coder, 0);
	assert_int_equal(node_count(models.nodes[5][0]), NODE_COUNT_MAX);
	assert_true(models.nodes[5][0] < 0x0200);
	buffer_clear(&recorder.bits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusts_whichever_model_is_right),
		cmocka_unit_test(survives_models_that_are_always_wrong),
		cmocka_unit_test(a_model_comes_near_what_it_sees_and_counts),
	};

	return cmocka_run_group_tests_name("mixer", tests, NULL, NULL);
}
