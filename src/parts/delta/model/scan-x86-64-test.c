/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/sample.h"

enum {
	CODE_FLAGS = SHF_ALLOC | SHF_EXECINSTR,
	TEXT = SAMPLE_STEP,
	RODATA = 2 * SAMPLE_STEP,
	RELA = 3 * SAMPLE_STEP
};

static Sample with_code(uint16_t type, const char *name, const void *code, size_t size)
{
	const SampleSection sections[] = {
		{name, SHT_PROGBITS, CODE_FLAGS, code, size, 0, 0},
		{".rodata", SHT_PROGBITS, SHF_ALLOC, NULL, 0x100, 0, 0},
		{".rela.plt", SHT_RELA, SHF_ALLOC | SHF_INFO_LINK, NULL, 0xf0, 0, sizeof(Elf64_Rela)},
	};

	return sample_new(type, EM_X86_64, sections, 3);
}

static const uint8_t all_kinds[] = {
	0xe8, 0x10, 0, 0, 0,                   /* 00 call */
	0xe9, 0xf0, 0xff, 0xff, 0xff,          /* 05 jmp, backwards */
	0x0f, 0x84, 0x20, 0, 0, 0,             /* 0a je */
	0x75, 0xfe,                            /* 10 jne, to itself */
	0x48, 0x8d, 0x05, 0, 1, 0, 0,          /* 12 lea */
	0xff, 0x25, 0, 2, 0, 0,                /* 19 jmp * */
	0xc7, 0x05, 0, 3, 0, 0, 1, 0, 0x40, 0, /* 1f movl $0x400001, disp(%rip) */
	0x89, 0xd8,                            /* 29 mov %ebx, %eax */
	0xb9, 0x34, 0x12, 0, 0,                /* 2b mov $0x1234, %ecx */
	0xc3,                                  /* 30 ret */
};

static void finds_branches_and_operands(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".text", all_kinds, sizeof(all_kinds));
	uint64_t text = sample_address(TEXT);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(all_kinds), 0);
	assert_next(&sample, &i, TEXT + 1, 4, REFERENCE_CALL, ORIGIN_PLACE, text + 5 + 0x10);
	assert_next(&sample, &i, TEXT + 6, 4, REFERENCE_JUMP, ORIGIN_PLACE, text + 10 - 0x10);
	assert_next(&sample, &i, TEXT + 0xc, 4, REFERENCE_BRANCH, ORIGIN_PLACE, text + 0x10 + 0x20);
	assert_next(&sample, &i, TEXT + 0x11, 1, REFERENCE_SHORT, ORIGIN_PLACE, text + 0x10);
	assert_next(&sample, &i, TEXT + 0x15, 4, REFERENCE_ADDRESS, ORIGIN_PLACE, text + 0x19 + 0x100);
	assert_next(&sample, &i, TEXT + 0x1b, 4, REFERENCE_INDIRECT, ORIGIN_PLACE, text + 0x1f + 0x200);
	assert_next(&sample, &i, TEXT + 0x21, 4, REFERENCE_MEMORY, ORIGIN_PLACE, text + 0x29 + 0x300);
	assert_int_equal(sample.found[i - 1].skip, 8);
	assert_next(&sample, &i, TEXT + 0x2c, 4, REFERENCE_NUMBER, ORIGIN_NUMBER, 0);
	assert_no_more(&sample, i);
}

static void takes_immediates_for_addresses_where_code_does_not_move(void **state)
{
	static const uint8_t code[] = {
		0xbf, 0x10, 0x20, 0x40, 0,                   /* 00 mov $0x402010, %edi */
		0xff, 0x24, 0xc5, 0x20, 0x20, 0x40, 0,       /* 05 jmp *0x402020(,%rax,8) */
		0x8b, 0x80, 0x30, 0x20, 0x40, 0,             /* 0c mov 0x402030(%rax), %eax */
		0xc7, 0x05, 0, 1, 0, 0, 0x40, 0x20, 0x40, 0, /* 12 movl $0x402040, disp(%rip) */
		0x68, 0, 0, 0, 0x70,                         /* 1c push $0x70000000 */
		0x3d, 0xff, 0xff, 0xff, 0xff,                /* 21 cmp $-1, %eax */
	};
	CLEANUP_SAMPLE Sample sample = with_code(ET_EXEC, ".text", code, sizeof(code));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
	assert_next(&sample, &i, TEXT + 1, 4, REFERENCE_ADDRESS, ORIGIN_NOTHING, 0x402010);
	assert_next(&sample, &i, TEXT + 8, 4, REFERENCE_MEMORY, ORIGIN_NOTHING, 0x402020);
	assert_next(&sample, &i, TEXT + 0xe, 4, REFERENCE_MEMORY, ORIGIN_NOTHING, 0x402030);
	assert_next(
		&sample, &i, TEXT + 0x14, 4, REFERENCE_MEMORY, ORIGIN_PLACE, sample_address(TEXT) + 0x11c);
	assert_next(&sample, &i, TEXT + 0x18, 4, REFERENCE_ADDRESS, ORIGIN_NOTHING, 0x402040);
	assert_no_more(&sample, i);
}

static void takes_no_immediate_for_an_address_where_code_moves(void **state)
{
	static const uint8_t code[] = {0xbf, 0x10, 0x20, 0x40, 0};
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".text", code, sizeof(code));

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(code), 0);
	assert_no_more(&sample, 0);
}

static void leaves_out_what_stays_as_it_is(void **state)
{
	static const uint8_t code[] = {
		0xe8, 3, 0, 0, 0,             /* 00 call 08 */
		0xe8, 6, 0, 0, 0,             /* 05 call 10 */
		0xeb, 0,                      /* 0a jmp 0c */
		0x48, 0x8d, 5, 1, 0, 0, 0,    /* 0c lea 1(%rip) */
		0xe8, 0, 0, 0, 0,             /* 13 call 18 */
		0xe8, 0xf0, 0xff, 0xff, 0xff, /* 18 call 0d */
	};
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".text", code, sizeof(code));
	uint64_t text = sample_address(TEXT);
	SteadyRange steady = {.address = text, .size = 0x10, .shift = 1, .at = TEXT};
	size_t i = 0;

	(void)state;
	sample_scan_moving(&sample, TEXT, TEXT + sizeof(code), 0, steady);
	assert_next(&sample, &i, TEXT + 6, 4, REFERENCE_CALL, ORIGIN_PLACE, text + 0x10);
	assert_next(&sample, &i, TEXT + 0xf, 4, REFERENCE_ADDRESS, ORIGIN_PLACE, text + 0x14);
	assert_next(&sample, &i, TEXT + 0x14, 4, REFERENCE_CALL, ORIGIN_PLACE, text + 0x18);
	assert_next(&sample, &i, TEXT + 0x19, 4, REFERENCE_CALL, ORIGIN_PLACE, text + 0xd);
	assert_no_more(&sample, i);
}

static void reports_no_instruction_that_reaches_over_the_end(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".text", all_kinds, sizeof(all_kinds));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + 9, 0);
	assert_next(&sample, &i, TEXT + 1, 4, REFERENCE_CALL, ORIGIN_PLACE, sample_address(TEXT) + 0x15);
	assert_no_more(&sample, i);
}

static void begins_at_the_first_whole_instruction(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".text", all_kinds, sizeof(all_kinds));
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT + 2, TEXT + 0x10, 3);
	assert_next(&sample, &i, TEXT + 6, 4, REFERENCE_JUMP, ORIGIN_PLACE, sample_address(TEXT) - 6);
	assert_next(&sample, &i, TEXT + 0xc, 4, REFERENCE_BRANCH, ORIGIN_PLACE, sample_address(TEXT) + 0x30);
	assert_no_more(&sample, i);
	sample_scan(&sample, TEXT + 2, TEXT + 0x10, UINT32_MAX);
	assert_no_more(&sample, 0);
}

static void marks_where_instructions_begin(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".text", all_kinds, sizeof(all_kinds));
	static const uint8_t begins[] = {0, 5, 0xa, 0x10, 0x12, 0x19, 0x1f, 0x29, 0x2b, 0x30};
	CLEANUP_FREE uint8_t *boundaries = calloc(sample.bytes.size / 8 + 1, 1);
	Reference found[64];
	ReferenceScan scan;
	unsigned next = 0;

	(void)state;
	assert_non_null(boundaries);
	sample_parse(&sample);
	reference_scan_begin(&scan, &sample.elf, TEXT, TEXT + sizeof(all_kinds), 0);
	scan.boundaries = boundaries;
	while (scan.at < scan.end)
		(void)reference_scan_next(&scan, found, 64);
	for (uint32_t at = 0; at < sizeof(all_kinds); at++) {
		bool begin = next < sizeof(begins) && begins[next] == at;

		assert_int_equal(boundaries[(TEXT + at) / 8] >> at % 8 & 1, begin);
		next += begin;
	}
}

static const uint8_t plt[] = {
	0xff, 0x25, 0, 0x10, 0, 0, 0x68, 3, 0, 0, 0, 0xe9, 0xd0, 0xff, 0xff, 0xff, /* jmp *; push $3; jmp */
	0xf3, 0x0f, 0x1e, 0xfa, 0x68, 4, 0, 0, 0, 0xf2, 0xe9, 0xc0, 0xff, 0xff, 0xff, 0x90, /* with IBT */
};

static void finds_which_relocation_an_entry_of_a_plt_pushes(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".plt", plt, sizeof(plt));
	uint64_t text = sample_address(TEXT), rela = sample_address(RELA);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(plt), 0);
	assert_next(&sample, &i, TEXT + 2, 4, REFERENCE_INDIRECT, ORIGIN_PLACE, text + 0x1006);
	assert_next(&sample, &i, TEXT + 7, 4, REFERENCE_RELOCATION_SYMBOL, ORIGIN_ADDRESS, rela + 3 * 24);
	assert_int_equal(sample.found[i - 1].origin, rela);
	assert_int_equal(sample.found[i - 1].unit, 24);
	assert_next(&sample, &i, TEXT + 12, 4, REFERENCE_JUMP, ORIGIN_PLACE, text + 0x10 - 0x30);
	assert_next(&sample, &i, TEXT + 21, 4, REFERENCE_RELOCATION_SYMBOL, ORIGIN_ADDRESS, rela + 4 * 24);
	assert_next(&sample, &i, TEXT + 27, 4, REFERENCE_JUMP, ORIGIN_PLACE, text + 0x1f - 0x40);
	assert_no_more(&sample, i);
}

static void takes_no_push_elsewhere_for_that_of_a_plt(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_code(ET_DYN, ".text", plt, sizeof(plt));

	(void)state;
	sample_scan(&sample, TEXT, TEXT + sizeof(plt), 0);
	assert_int_equal(sample.n, 3);
	for (size_t i = 0; i < sample.n; i++)
		assert_int_not_equal(sample.found[i].kind, REFERENCE_RELOCATION_SYMBOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_branches_and_operands),
		cmocka_unit_test(takes_immediates_for_addresses_where_code_does_not_move),
		cmocka_unit_test(takes_no_immediate_for_an_address_where_code_moves),
		cmocka_unit_test(leaves_out_what_stays_as_it_is),
		cmocka_unit_test(reports_no_instruction_that_reaches_over_the_end),
		cmocka_unit_test(begins_at_the_first_whole_instruction),
		cmocka_unit_test(marks_where_instructions_begin),
		cmocka_unit_test(finds_which_relocation_an_entry_of_a_plt_pushes),
		cmocka_unit_test(takes_no_push_elsewhere_for_that_of_a_plt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
