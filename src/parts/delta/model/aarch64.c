/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/aarch64.h"

/* Bits 21 to 23 as well decide what is a load or store, or without a shift: in a row of the table, a bit
 * above the form for each of the eight values that they may have. */
enum { ANY = 0xff00, OPC_0 = 0x0300, OPC_0_1 = 0x0f00, OPC_0_1_2 = 0x3f00, MOVZ = 0x1000 };

/* By the upper byte of the word. */
const uint16_t a64_forms[256] = {
	[0x10] = ANY | A64_ADR,
	[0x14 ... 0x17] = ANY | A64_JUMP,
	[0x18] = ANY | A64_LITERAL, /* W */
	[0x1c] = ANY | A64_LITERAL, /* S */
	[0x30] = ANY | A64_ADR,
	[0x34 ... 0x35] = ANY | A64_BRANCH, /* CBZ, CBNZ */
	[0x36 ... 0x37] = ANY | A64_TEST,
	[0x39] = ANY | A64_LOW12, /* bytes */
	[0x3d] = ANY | A64_LOW12, /* SIMD: bytes and 128 bits */
	[0x50] = ANY | A64_ADR,
	[0x52] = MOVZ | A64_NUMBER,
	[0x54] = ANY | A64_BRANCH,  /* B.cond, BC.cond */
	[0x58] = ANY | A64_LITERAL, /* X */
	[0x5c] = ANY | A64_LITERAL, /* D */
	[0x70] = ANY | A64_ADR,
	[0x79] = ANY | A64_LOW12,
	[0x7d] = OPC_0_1 | A64_LOW12,
	[0x90] = ANY | A64_ADRP,
	[0x91] = OPC_0 | A64_LOW12, /* ADD */
	[0x94 ... 0x97] = ANY | A64_CALL,
	[0x98] = ANY | A64_LITERAL, /* LDRSW */
	[0x9c] = ANY | A64_LITERAL, /* Q */
	[0xb0] = ANY | A64_ADRP,
	[0xb4 ... 0xb5] = ANY | A64_BRANCH,
	[0xb6 ... 0xb7] = ANY | A64_TEST,
	[0xb9] = OPC_0_1_2 | A64_LOW12,
	[0xbd] = OPC_0_1 | A64_LOW12,
	[0xd0] = ANY | A64_ADRP,
	[0xd8] = ANY | A64_LITERAL, /* PRFM */
	[0xf0] = ANY | A64_ADRP,
	[0xf9] = OPC_0_1_2 | A64_LOW12, /* X; PRFM */
	[0xfd] = OPC_0_1 | A64_LOW12,
};

uint32_t a64_field_mask(A64Form form)
{
	switch (form) {
	case A64_CALL:
	case A64_JUMP:
		return 0x03ffffff;
	case A64_BRANCH:
	case A64_LITERAL:
		return 0x00ffffe0;
	case A64_TEST:
		return 0x0007ffe0;
	case A64_ADR:
	case A64_ADRP:
		return 0x60ffffe0;
	case A64_LOW12:
		return 0x003ffc00;
	case A64_NUMBER:
		return 0x001fffe0;
	case A64_NONE:
		break;
	}
	return 0;
}

static uint64_t sign_extended(uint64_t value, unsigned bits)
{
	return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

static uint64_t immediate21(uint32_t word)
{
	return sign_extended((word >> 29 & 3) | (uint64_t)(word >> 5 & 0x7ffff) << 2, 21);
}

uint64_t a64_target(A64Form form, uint32_t word, uint64_t place)
{
	switch (form) {
	case A64_CALL:
	case A64_JUMP:
		return place + sign_extended(word & 0x03ffffff, 26) * 4;
	case A64_BRANCH:
	case A64_LITERAL:
		return place + sign_extended(word >> 5 & 0x7ffff, 19) * 4;
	case A64_TEST:
		return place + sign_extended(word >> 5 & 0x3fff, 14) * 4;
	case A64_ADR:
		return place + immediate21(word);
	case A64_ADRP:
		return (place & ~0xfffull) + immediate21(word) * 4096;
	case A64_LOW12:
	case A64_NUMBER:
	case A64_NONE:
		break;
	}
	return 0;
}

/* Does a signed number fit into so many bits? */
static bool fits(uint64_t value, unsigned bits)
{
	return sign_extended(value, bits) == value;
}

static uint32_t with_immediate21(uint32_t word, uint64_t value)
{
	return (word & 0x9f00001f) | (uint32_t)(value & 3) << 29 | (uint32_t)(value >> 2 & 0x7ffff) << 5;
}

static bool with_field(uint32_t word, uint64_t distance, unsigned bits, unsigned shift, uint32_t *ret)
{
	uint64_t value = (uint64_t)((int64_t)distance >> 2);
	uint32_t mask = ((1u << bits) - 1) << shift;

	if (distance % 4 != 0 || !fits(value, bits))
		return false;
	*ret = (word & ~mask) | ((uint32_t)value << shift & mask);
	return true;
}

bool a64_with_target(A64Form form, uint32_t word, uint64_t place, uint64_t target, uint32_t *ret)
{
	uint64_t distance = target - place, pages;

	switch (form) {
	case A64_CALL:
	case A64_JUMP:
		return with_field(word, distance, 26, 0, ret);
	case A64_BRANCH:
	case A64_LITERAL:
		return with_field(word, distance, 19, 5, ret);
	case A64_TEST:
		return with_field(word, distance, 14, 5, ret);
	case A64_ADR:
		if (!fits(distance, 21))
			return false;
		*ret = with_immediate21(word, distance);
		return true;
	case A64_ADRP:
		pages = (uint64_t)((int64_t)((target & ~0xfffull) - (place & ~0xfffull)) >> 12);
		if (!fits(pages, 21))
			return false;
		*ret = with_immediate21(word, pages);
		return true;
	case A64_LOW12:
	case A64_NUMBER:
	case A64_NONE:
		break;
	}
	return false;
}

unsigned a64_low12_shift(uint32_t word)
{
	if ((word & 0xffc00000) == 0x91000000)
		return 0;
	/* 128 bits: SIMD with size 0 and the upper bit of opc. */
	if ((word & 0xff800000) == 0x3d800000)
		return 4;
	return word >> 30;
}

uint32_t a64_low12(uint32_t word)
{
	return (word >> 10 & 0xfff) << a64_low12_shift(word);
}

unsigned a64_base_register(uint32_t word)
{
	return word >> 5 & 31;
}

unsigned a64_target_register(uint32_t word)
{
	return word & 31;
}

bool a64_with_low12(uint32_t word, uint32_t low12, uint32_t *ret)
{
	unsigned shift = a64_low12_shift(word);

	if (low12 > 4095 || low12 & ((1u << shift) - 1))
		return false;
	*ret = (word & ~0x003ffc00u) | low12 >> shift << 10;
	return true;
}

unsigned a64_field_width(A64Form form)
{
	return (unsigned)__builtin_popcount(a64_field_mask(form));
}

uint32_t a64_field(A64Form form, uint32_t word)
{
	uint32_t mask = a64_field_mask(form);

	if (form == A64_ADR || form == A64_ADRP)
		return (uint32_t)immediate21(word) & 0x1fffff;
	return mask ? (word & mask) >> __builtin_ctz(mask) : 0;
}

uint32_t a64_with_field(A64Form form, uint32_t word, uint32_t field)
{
	uint32_t mask = a64_field_mask(form);

	if (form == A64_ADR || form == A64_ADRP)
		return with_immediate21(word, field);
	return mask ? (word & ~mask) | (field << __builtin_ctz(mask) & mask) : word;
}

/* Adds so many units of the field to it. */
static uint32_t shifted(uint32_t word, uint64_t units)
{
	switch (a64_form(word)) {
	case A64_CALL:
	case A64_JUMP:
		return (word & 0xfc000000) | ((word + (uint32_t)(units >> 2)) & 0x03ffffff);
	case A64_ADRP:
		return with_immediate21(word, immediate21(word) + (uint64_t)((int64_t)units >> 12));
	default:
		return word;
	}
}

uint32_t a64_absolute(uint32_t word, uint64_t place)
{
	return shifted(word, a64_form(word) == A64_ADRP ? place & ~0xfffull : place);
}

uint32_t a64_relative(uint32_t absolute, uint64_t place)
{
	return shifted(absolute, a64_form(absolute) == A64_ADRP ? 0 - (place & ~0xfffull) : 0 - place);
}
