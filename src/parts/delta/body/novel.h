/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Codes new bytes: those that no old file has. Each bit is predicted from many contexts at once (what came
 * before, what the old file has in the same place, which part of an instruction it is in), and what was coded
 * is learnt from. Addresses in instructions are coded as what they point at.
 *
 * It can be taught with old bytes, too: by a Coder that gives back the bits it is handed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/delta/body/coder.h"

typedef enum NovelKind {
	NOVEL_DATA,
	NOVEL_STRINGS,
	NOVEL_X86_64,
	NOVEL_AARCH64,
	NOVEL_KINDS,
} NovelKind;

typedef struct Novel Novel;

/* It remembers contexts in a table of 2^line_bits lines of 32 bytes. */
enum { NOVEL_LINE_BITS_MIN = 8, NOVEL_LINE_BITS_MAX = 16 };

int novel_new(unsigned line_bits, Novel **ret, Error *error);
Novel *novel_free(Novel *novel);
DEFINE_CLEANUP(Novel *, novel_free);

/* What is known about the next byte. */
typedef struct NovelPlace {
	NovelKind kind;
	uint64_t at;        /* where it goes: columns of tables are told by it */
	const uint8_t *old; /* old bytes that it may be a changed form of, from the corresponding one on; NULL
			       when there are none */
	size_t old_left;    /* how many there are from old on */
} NovelPlace;

/* The bytes that are coded next follow these (at most the last 16 count), not the ones coded last. */
void novel_follow(Novel *novel, const uint8_t *before, size_t n);

/* A stretch of instructions begins; the first of them begins n bytes before (n < 16), at instruction. */
void novel_begin_code(Novel *novel, const uint8_t *instruction, size_t n);

uint8_t novel_byte(Novel *novel, const NovelPlace *place, Coder *coder, uint8_t byte);

/* An address of 32 bits; what kind of field it is for; what it is expected to be. */
typedef struct NovelTarget {
	unsigned kind; /* below 32 */
	bool in_code;  /* the field of the instruction under way */
	bool expected;
	uint32_t expectation;
} NovelTarget;

uint32_t novel_target(Novel *novel, const NovelTarget *about, Coder *coder, uint32_t target);

/* x86-64: the field of the instruction under way that holds an address and begins with the next byte, and the
 * bytes from its begin to the end of the instruction. 0 when there is none. */
unsigned novel_x86_field(const Novel *novel, unsigned *ret_skip);

/* A whole AArch64 instruction, in the form of a64_absolute(); old is that of the old file, 0 without one. */
uint32_t novel_word(Novel *novel, uint32_t old, Coder *coder, uint32_t word);

size_t novel_memory(const Novel *novel);
