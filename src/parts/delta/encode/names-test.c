/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/names.h"

#include "parts/delta/model/sample.h"

enum {
	STRINGS = SAMPLE_STEP,
	SYMBOLS = 2 * SAMPLE_STEP,
	RELOCATIONS = 3 * SAMPLE_STEP,
	STUBS = 4 * SAMPLE_STEP,
	SLOTS = 5 * SAMPLE_STEP
};

static const char strings[] = "\0malloc\0free\0malloc";

/* Three slots, for symbols 1 to 3 with the names above. */
static Sample with_slots(uint16_t machine)
{
	const Elf64_Sym symbols[4] = {{0}, {.st_name = 1}, {.st_name = 8}, {.st_name = 13}};
	Elf64_Rela entries[3];
	const SampleSection sections[] = {
		{".dynstr", SHT_STRTAB, SHF_ALLOC, strings, sizeof(strings), 0, 0},
		{".dynsym", SHT_DYNSYM, SHF_ALLOC, symbols, sizeof(symbols), 1, sizeof(Elf64_Sym)},
		{".rela.plt", SHT_RELA, SHF_ALLOC, entries, sizeof(entries), 2, sizeof(Elf64_Rela)},
		{".plt", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 0x100, 0, 16},
		{".got", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 0x100, 0, 8},
	};

	for (unsigned i = 0; i < 3; i++)
		entries[i] = (Elf64_Rela){
			sample_address(SLOTS + 8 * i), ELF64_R_INFO((uint64_t)i + 1, R_X86_64_JUMP_SLOT), 0};
	return sample_new(ET_DYN, machine, sections, 5);
}

static uint32_t find(Sample *sample, uint32_t offset)
{
	CLEANUP(names_free) Names *names = NULL;
	Error error = ERROR_INIT;

	sample_parse(sample);
	assert_done(names_new(&sample->elf, &names, &error), &error);
	return names_find(names, sample_address(offset));
}

static void tells_slots_apart_by_their_symbols_names(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_slots(EM_X86_64);
	uint32_t first = find(&sample, SLOTS);

	(void)state;
	assert_true(first != 0);
	assert_true(find(&sample, SLOTS + 8) != first);
	assert_int_equal(find(&sample, SLOTS + 16), first);
	assert_int_equal(find(&sample, SLOTS + 24), 0);
}

static void knows_what_a_stub_jumps_to(void **state)
{
	static const uint8_t stub[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25};
	CLEANUP_SAMPLE Sample sample = with_slots(EM_X86_64);

	(void)state;
	/* jmp *slot(%rip); endbr64, bnd jmp *slot(%rip). */
	sample_put(&sample, STUBS, stub + 5, 2);
	sample_put_u32(&sample, STUBS + 2, SLOTS + 8 - (STUBS + 6));
	sample_put(&sample, STUBS + 16, stub, 7);
	sample_put_u32(&sample, STUBS + 16 + 7, SLOTS - (STUBS + 16 + 11));
	assert_int_equal(find(&sample, STUBS), find(&sample, SLOTS + 8));
	assert_int_equal(find(&sample, STUBS + 16), find(&sample, SLOTS));
	assert_int_equal(find(&sample, STUBS + 32), 0);
}

static void knows_what_a_stub_of_aarch64_jumps_to(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_slots(EM_AARCH64);

	(void)state;
	/* adrp x16, page of the slots (one page on); ldr x17, [x16, #8] */
	sample_put_u32(&sample, STUBS, 0xb0000010);
	sample_put_u32(&sample, STUBS + 4, 0xf9400611);
	assert_int_equal(find(&sample, STUBS), find(&sample, SLOTS + 8));
	sample_put_u32(&sample, STUBS, 0xb0000011);
	assert_int_equal(find(&sample, STUBS), 0);
}

static void takes_symbols_and_names_that_are_not_there(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_slots(EM_X86_64);

	(void)state;
	sample_put_u32(&sample, RELOCATIONS + 12, 4);
	assert_int_equal(find(&sample, SLOTS), 0);
	sample_put_u32(&sample, RELOCATIONS + 12, 0xffffffff);
	assert_int_equal(find(&sample, SLOTS), 0);
	sample_put_u32(&sample, SYMBOLS + 2 * sizeof(Elf64_Sym), 0xffffffff);
	(void)find(&sample, SLOTS + 8);
	/* A stub that the code's end cuts off. */
	assert_int_equal(find(&sample, STUBS + 0xff), 0);
	assert_int_equal(find(&sample, 0x7fffffff), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_slots_apart_by_their_symbols_names),
		cmocka_unit_test(knows_what_a_stub_jumps_to),
		cmocka_unit_test(knows_what_a_stub_of_aarch64_jumps_to),
		cmocka_unit_test(takes_symbols_and_names_that_are_not_there),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
