/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/aarch64.h"
#include "parts/delta/model/scanners.h"

enum {
	LOOK_AHEAD = 16, /* instructions from ADRP to the other half of its address */
	PAGE_SIZE = 4096,
};

static const uint8_t kinds[] = {
	[A64_CALL] = REFERENCE_CALL,
	[A64_JUMP] = REFERENCE_JUMP,
	[A64_BRANCH] = REFERENCE_BRANCH,
	[A64_TEST] = REFERENCE_SHORT,
	[A64_LITERAL] = REFERENCE_MEMORY,
	[A64_ADR] = REFERENCE_ADDRESS,
	[A64_ADRP] = REFERENCE_ADDRESS,
	[A64_LOW12] = REFERENCE_MEMORY,
	[A64_NUMBER] = REFERENCE_NUMBER,
};

/* Registers that a call leaves to whoever is called, and its return address (AAPCS64). */
static const uint32_t call_clobbers = 0x4007ffff;

/* Loads, which write the register in their lowest five bits, as opposed to stores (Arm ARM, C4.1). */
static bool is_load(uint32_t word)
{
	switch (word >> 27 & 7) {
	case 3: /* literal */
		return true;
	case 7: /* one register */
		return (word >> 22 & 3) != 0;
	default: /* pairs, exclusive, ordered */
		return word >> 22 & 1;
	}
}

/* The general registers that an instruction changes, as bits; roughly: the second of a pair, and a base that
 * is changed with it, are hardly ever pages. */
static uint32_t written_registers(uint32_t word)
{
	uint32_t last = 1u << (word & 31);

	switch (word >> 25 & 15) {
	case 0x8:
	case 0x9: /* with an immediate */
	case 0x5:
	case 0xd: /* between registers */
		return last;
	case 0xa:
	case 0xb: /* branches */
		if ((word & 0xfc000000) == 0x94000000 || (word & 0xfffffc1f) == 0xd63f0000)
			return call_clobbers; /* BL, BLR */
		if ((word & 0xfff00000) == 0xd5300000)
			return last; /* MRS */
		return (word & 0xfe000000) == 0xd6000000 ? UINT32_MAX
							 : 0; /* BR, RET: what follows is a new start */
	case 0x4:
	case 0xc: /* loads and stores of general registers */
		return is_load(word) ? last : 0;
	default: /* SIMD, floating point */
		return 0;
	}
}

/* The page that ADRP makes is half of an address; the first instruction that adds to it has the other half.
 */
static uint64_t whole_target(
	const ReferenceScan *scan, const ElfRegion *region, unsigned page_register, uint64_t page)
{
	uint32_t left = (region_end(region) - scan->at) / 4;

	for (uint32_t i = 1; i < left && i <= LOOK_AHEAD; i++) {
		uint32_t word = load_u32(bytes_at(scan, scan->at + 4 * i));

		if (a64_form(word) == A64_LOW12 && a64_base_register(word) == page_register)
			return a64_low12(word) < PAGE_SIZE ? page + a64_low12(word) : page;
		if (written_registers(word) >> page_register & 1)
			break;
	}
	return page;
}

/* Pages, and what is within them, stay as they are just where all moves by whole pages. */
static void add_part(Reference reference, Found *found)
{
	if (found->steady.shift % PAGE_SIZE == 0)
		found_add(found, reference);
	else
		found_add_moving(found, reference);
}

static void add_low12(ReferenceScan *scan, uint32_t word, Reference reference, Found *found)
{
	unsigned base = a64_base_register(word);

	if (!(scan->with_pages >> base & 1) || a64_low12(word) >= PAGE_SIZE)
		return;
	reference.target = scan->pages[base] + a64_low12(word);
	add_part(reference, found);
}

static void add_number(uint32_t word, Reference reference, Found *found)
{
	if (a64_field(A64_NUMBER, word) < SCAN_NUMBER_MIN)
		return;
	reference.from = ORIGIN_NUMBER;
	reference.unit = (uint8_t)a64_target_register(word);
	found_add(found, reference);
}

static void add_reference(
	ReferenceScan *scan, const ElfRegion *region, A64Form form, uint32_t word, Found *found)
{
	Reference reference = {
		.at = scan->at,
		.size = 4,
		.kind = kinds[form],
		.form = REFERENCE_A64,
		.from = ORIGIN_PLACE,
		.unit = 1,
	};

	if (form == A64_LOW12) {
		add_low12(scan, word, reference, found);
		return;
	}
	if (form == A64_NUMBER) {
		add_number(word, reference, found);
		return;
	}
	reference.target = a64_target(form, word, address_in(region, scan->at));
	if (form == A64_ADRP) {
		reference.target = whole_target(scan, region, a64_target_register(word), reference.target);
		add_part(reference, found);
	} else {
		found_add(found, reference);
	}
}

/* Follows which registers hold pages. */
static void keep_pages(ReferenceScan *scan, const ElfRegion *region, A64Form form, uint32_t word)
{
	if (form == A64_ADRP) {
		unsigned to = a64_target_register(word);

		scan->pages[to] = a64_target(form, word, address_in(region, scan->at));
		scan->with_pages |= 1u << to;
	} else if (scan->with_pages != 0) {
		scan->with_pages &= ~written_registers(word);
	}
}

void scan_aarch64(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	scan->at = (scan->at + 3) & ~3u;
	for (; scan->at < found->end && found->end - scan->at >= 4 && found_has_room(found); scan->at += 4) {
		uint32_t word = load_u32(bytes_at(scan, scan->at));
		A64Form form = a64_form(word);

		if (form != A64_NONE)
			add_reference(scan, region, form, word, found);
		keep_pages(scan, region, form, word);
	}
	if (scan->at > found->end || found->end - scan->at < 4)
		scan->at = found->end;
}
