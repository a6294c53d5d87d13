/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/novel.h"

#include <string.h>

#include "parts/delta/body/recorder.h"

static const char text[] =
	"What was said once is said again with less: what was said once is said again with less.";

/* Codes the text as one kind of bytes; out gets what came back. */
static void code_text(Novel *novel, Coder *coder, NovelKind kind, const char *old, char *out)
{
	novel_begin_code(novel, NULL, 0);
	for (size_t i = 0; i < sizeof(text); i++) {
		const NovelPlace place = {
			.kind = kind,
			.at = i,
			.old = old ? (const uint8_t *)old + i : NULL,
			.old_left = old ? sizeof(text) - i : 0,
		};

		out[i] = (char)novel_byte(novel, &place, coder, (uint8_t)text[i]);
	}
}

static double cost_of_text(NovelKind kind, const char *old)
{
	CLEANUP(novel_free) Novel *writer = NULL;
	CLEANUP(novel_free) Novel *reader = NULL;
	Recorder recorder = RECORDER_WRITING;
	char out[sizeof(text)];

	assert_int_equal(novel_new(NOVEL_LINE_BITS_MAX, &writer, NULL), 0);
	assert_int_equal(novel_new(NOVEL_LINE_BITS_MAX, &reader, NULL), 0);
	code_text(writer, &recorder.coder, kind, old, out);
	recorder_rewind(&recorder);
	memset(out, 0, sizeof(out));
	code_text(reader, &recorder.coder, kind, old, out);
	assert_string_equal(out, text);
	buffer_clear(&recorder.bits);
	return recorder.cost;
}

static void reads_what_it_wrote_of_every_kind(void **state)
{
	(void)state;
	for (NovelKind kind = 0; kind < NOVEL_KINDS; kind++)
		assert_true(cost_of_text(kind, NULL) > 0);
}

static void old_bytes_in_the_same_place_make_it_cheaper(void **state)
{
	(void)state;
	assert_true(cost_of_text(NOVEL_DATA, text) < 0.9 * cost_of_text(NOVEL_DATA, NULL));
}

static void reads_the_addresses_and_words_it_wrote(void **state)
{
	static const uint32_t values[] = {0, 1, 0x1234, 0x401000, UINT32_MAX, 0x401000};
	Novel *novels[2] = {NULL, NULL};
	Recorder recorder = RECORDER_WRITING;

	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		assert_int_equal(novel_new(NOVEL_LINE_BITS_MAX, &novels[side], NULL), 0);
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			const NovelTarget about = {.kind = 3, .expected = i % 2, .expectation = 0x401004};

			assert_int_equal(
				novel_target(novels[side], &about, &recorder.coder, side ? 0 : values[i]),
				values[i]);
			assert_int_equal(novel_word(novels[side], i % 3 ? 0x94000000 : 0, &recorder.coder,
						 side ? 0 : ~values[i]),
				~values[i]);
		}
		recorder_rewind(&recorder);
	}
	buffer_clear(&recorder.bits);
	(void)novel_free(novels[0]);
	(void)novel_free(novels[1]);
}

static void finds_the_address_in_an_instruction_under_way(void **state)
{
	static const uint8_t lea[] = {0x48, 0x8d, 0x05}, compare[] = {0x81, 0x3d};
	CLEANUP(novel_free) Novel *novel = NULL;
	unsigned skip = 0;

	(void)state;
	assert_int_equal(novel_new(NOVEL_LINE_BITS_MIN, &novel, NULL), 0);
	assert_int_equal(novel_x86_field(novel, &skip), 0);
	novel_begin_code(novel, lea, 2);
	assert_int_equal(novel_x86_field(novel, &skip), 0);
	novel_begin_code(novel, lea, 3);
	assert_true(novel_x86_field(novel, &skip) != 0);
	assert_int_equal(skip, 4);
	/* cmpl $imm32, disp32(%rip): the immediate is behind it. */
	novel_begin_code(novel, compare, 2);
	assert_true(novel_x86_field(novel, &skip) != 0);
	assert_int_equal(skip, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote_of_every_kind),
		cmocka_unit_test(old_bytes_in_the_same_place_make_it_cheaper),
		cmocka_unit_test(reads_the_addresses_and_words_it_wrote),
		cmocka_unit_test(finds_the_address_in_an_instruction_under_way),
	};

	return cmocka_run_group_tests_name("novel", tests, NULL, NULL);
}
