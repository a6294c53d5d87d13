/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * AArch64 instructions that hold an address relative to their own place, or half of one (Arm ARM, chapter
 * C4). An instruction is a 32-bit little-endian word at a multiple of four bytes.
 */

#include <stdbool.h>
#include <stdint.h>

typedef enum A64Form {
	A64_NONE,
	A64_CALL,    /* BL: imm26 */
	A64_JUMP,    /* B: imm26 */
	A64_BRANCH,  /* B.cond, BC.cond, CBZ, CBNZ: imm19 */
	A64_TEST,    /* TBZ, TBNZ: imm14 */
	A64_LITERAL, /* LDR, LDRSW, PRFM (literal), SIMD as well: imm19 */
	A64_ADR,     /* immhi:immlo, bytes */
	A64_ADRP,    /* immhi:immlo, pages of 4 KiB */
	A64_LOW12,   /* ADD (64 bit, no shift), LDR, STR … (unsigned offset, SIMD as well): imm12, scaled */
	A64_NUMBER,  /* MOVZ (32 bit, no shift): imm16, no address */
} A64Form;

/* By the upper byte of the word: the form, and above it a bit for each value of bits 21 to 23 that it has. */
extern const uint16_t a64_forms[256];

static inline A64Form a64_form(uint32_t word)
{
	unsigned row = a64_forms[word >> 24];

	return row >> (8 + (word >> 21 & 7)) & 1 ? (A64Form)(row & 0xff) : A64_NONE;
}

/* Forms with an offset from the place: the address meant, for A64_ADRP the first of its page; else 0. */
uint64_t a64_target(A64Form form, uint32_t word, uint64_t place);

/* The word with the field that leads from place to target, with A64_ADRP to the page of target; the rest of
 * word stays. False, and *ret untouched, when the target is out of reach, when it is no multiple of four from
 * a place whose field counts in words, and for forms without an offset from the place. */
bool a64_with_target(A64Form form, uint32_t word, uint64_t place, uint64_t target, uint32_t *ret);

/* A64_LOW12: the offset in bytes, the register that it is added to, and log2 of what the field counts in. */
uint32_t a64_low12(uint32_t word);
unsigned a64_base_register(uint32_t word);
unsigned a64_low12_shift(uint32_t word);

/* A64_LOW12: the word with low12 as its offset. False, and *ret untouched, when low12 is above 4095 or no
 * multiple of the scale. */
bool a64_with_low12(uint32_t word, uint32_t low12, uint32_t *ret);

/* The field by itself, as a number without a sign, and the word with another one (what is too much is cut).
 */
uint32_t a64_field(A64Form form, uint32_t word);
uint32_t a64_with_field(A64Form form, uint32_t word, uint32_t field);

/* Bits that the field has. */
unsigned a64_field_width(A64Form form);

/* The register that gets the address, or the number. */
unsigned a64_target_register(uint32_t word);

/* Words that stay the same wherever they are: BL, B and ADRP with what they lead to, in units of their field
 * and modulo its size, instead of how far it is. Others stay as they are. */
uint32_t a64_absolute(uint32_t word, uint64_t place);
uint32_t a64_relative(uint32_t absolute, uint64_t place);

/* Every bit that belongs to the form's address field: what else differs is another instruction. */
uint32_t a64_field_mask(A64Form form);
