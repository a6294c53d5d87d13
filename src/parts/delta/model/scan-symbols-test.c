/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/sample.h"

enum { SYMBOLS = SAMPLE_STEP, NAMES = 2 * SAMPLE_STEP, HASH = 3 * SAMPLE_STEP, BUCKETS = HASH + 16 + 8 };

static Sample with_symbol(Elf64_Sym symbol, uint64_t flags)
{
	/* Two buckets, symbols from 1 on, one word of bloom filter; buckets and a chain. */
	static const uint32_t hash[] = {2, 1, 1, 6, 0xffffffff, 0xffffffff, 0, 5, 0x1234};
	const SampleSection sections[] = {
		{".dynsym", SHT_DYNSYM, SHF_ALLOC, &symbol, sizeof(symbol), 2, sizeof(symbol)},
		{".dynstr", SHT_STRTAB, flags, NULL, 0x40, 0, 0},
		{".gnu.hash", SHT_GNU_HASH, flags, hash, sizeof(hash), 1, 0},
	};

	return sample_new(ET_DYN, EM_X86_64, sections, 3);
}

static void finds_name_value_and_size(void **state)
{
	const Elf64_Sym symbol = {.st_name = 5,
		.st_info = STT_FUNC,
		.st_shndx = 1,
		.st_value = SAMPLE_ADDRESS + 0x100,
		.st_size = 0x20};
	CLEANUP_SAMPLE Sample sample = with_symbol(symbol, SHF_ALLOC);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, SYMBOLS, SYMBOLS + 24, 0);
	assert_next(
		&sample, &i, SYMBOLS, 4, REFERENCE_SYMBOL_NAME, ORIGIN_ADDRESS, sample_address(NAMES + 5));
	assert_next(&sample, &i, SYMBOLS + 8, 8, REFERENCE_SYMBOL, ORIGIN_NOTHING, sample_address(0x100));
	assert_next(&sample, &i, SYMBOLS + 16, 8, REFERENCE_SYMBOL_SIZE, ORIGIN_SPAN, sample_address(0x120));
	assert_int_equal(sample.found[2].origin, sample_address(0x100));
	assert_no_more(&sample, i);
}

static void finds_names_that_are_not_loaded(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_symbol((Elf64_Sym){.st_name = 5}, 0);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, SYMBOLS, SYMBOLS + 24, 0);
	assert_next(
		&sample, &i, SYMBOLS, 4, REFERENCE_SYMBOL_NAME, ORIGIN_ADDRESS, ELF_NOT_LOADED + NAMES + 5);
	assert_no_more(&sample, i);
}

static void takes_no_value_that_is_no_address_of_this_file(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t section;
	} others[] = {{STT_FUNC, SHN_UNDEF}, {STT_NOTYPE, SHN_ABS}, {STT_OBJECT, SHN_COMMON}, {STT_TLS, 1}};

	(void)state;
	for (size_t n = 0; n < sizeof(others) / sizeof(others[0]); n++) {
		const Elf64_Sym symbol = {.st_info = others[n].type,
			.st_shndx = others[n].section,
			.st_value = SAMPLE_ADDRESS + 0x100,
			.st_size = 0x20};
		CLEANUP_SAMPLE Sample sample = with_symbol(symbol, SHF_ALLOC);

		sample_scan(&sample, SYMBOLS, SYMBOLS + 24, 0);
		assert_no_more(&sample, 0);
	}
}

static void finds_the_symbols_of_buckets(void **state)
{
	CLEANUP_SAMPLE Sample sample = with_symbol((Elf64_Sym){.st_name = 0}, SHF_ALLOC);
	size_t i = 0;

	(void)state;
	sample_scan(&sample, HASH, HASH + 36, 0);
	assert_next(&sample, &i, BUCKETS + 4, 4, REFERENCE_HASH, ORIGIN_ADDRESS,
		sample_address(SYMBOLS) + 5 * 24);
	assert_no_more(&sample, i);
	sample_scan(&sample, HASH, BUCKETS + 2, 0);
	assert_no_more(&sample, 0);
	sample_scan(&sample, BUCKETS + 8, HASH + 36, 0);
	assert_no_more(&sample, 0);
}

static void leaves_a_hash_alone_whose_buckets_do_not_fit(void **state)
{
	/* Too many buckets, too large a filter. */
	for (uint32_t at = HASH; at <= HASH + 8; at += 8) {
		CLEANUP_SAMPLE Sample sample = with_symbol((Elf64_Sym){.st_name = 0}, SHF_ALLOC);

		sample_put_u32(&sample, at, UINT32_MAX);
		sample_scan(&sample, HASH, HASH + 36, 0);
		assert_no_more(&sample, 0);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_name_value_and_size),
		cmocka_unit_test(finds_names_that_are_not_loaded),
		cmocka_unit_test(takes_no_value_that_is_no_address_of_this_file),
		cmocka_unit_test(finds_the_symbols_of_buckets),
		cmocka_unit_test(leaves_a_hash_alone_whose_buckets_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
