/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Steps from one x86-64 instruction to the next: the same as x86_64_read() says, but quicker. Whoever looks
 * for references looks at every instruction of a program; the next one waits for the length of this one, so
 * what is on the way to that length is little and mostly without a branch.
 */

#include <stdbool.h>

#include "base/bytes.h"
#include "parts/delta/model/x86-64-tables.h"

/* What matters when one instruction after the other is passed by. */
typedef struct X86Step {
	unsigned length;
	unsigned found; /* 0 for most: the field as in X86Instruction, its place and its size, a byte each; or
			   this */
} X86Step;

/* It may be mov $immediate, register; if not, it is not. */
enum { X86_STEP_MOVE = 1 << 24 };

static inline unsigned x86_step_field(X86Step step)
{
	return step.found & 0xff;
}

static inline unsigned x86_step_field_at(X86Step step)
{
	return step.found >> 8 & 0xff;
}

static inline unsigned x86_step_field_size(X86Step step)
{
	return step.found >> 16 & 0xff;
}

static inline unsigned x86_step_found(unsigned field, unsigned at, unsigned size)
{
	return field | at << 8 | size << 16;
}

enum { X86_64_STEP_AHEAD = 16 }; /* with fewer bytes at hand it is slow */

static __attribute__((noinline)) X86Step x86_64_step_slowly(const uint8_t *code, size_t size)
{
	X86Instruction shape;

	x86_64_read(code, size, &shape);
	return (X86Step){
		shape.length, x86_step_found(shape.field, shape.field_at, shape.field_size) | X86_STEP_MOVE};
}

/* REX or nothing, or another prefix before that; then an opcode of the first two maps whose shape is its own:
 * that is what most instructions are. */
static inline X86Step x86_64_step(const uint8_t *code, size_t size)
{
	/* Of those that are not rare, just moves have a full immediate: it grows with REX.W. */
	enum { SIZE_OF_MOVE = SIZE_FULL & ~SIZE_OPERAND };
	enum { SLOW = SHAPE_PREFIX | SHAPE_ESCAPE | SHAPE_MOFFS | SHAPE_RARE };
	unsigned at, rex, shape, span, immediate, length, varies = 0;
	uint64_t bytes;

	if (__builtin_expect(size < X86_64_STEP_AHEAD, 0))
		return x86_64_step_slowly(code, size);
	bytes = load_u64(code);
	rex = (bytes & 0xf0) == 0x40;
	at = 1 + rex;
	bytes >>= 8 * rex;
	shape = opcodes[X86_MAP_ONE_BYTE][bytes & 0xff];
	if (shape & SHAPE_PREFIX && !rex) {
		bytes >>= 8;
		rex = (bytes & 0xf0) == 0x40;
		at = 2 + rex;
		bytes >>= 8 * rex;
		shape = opcodes[X86_MAP_ONE_BYTE][bytes & 0xff];
		varies = SIZE_VARIES;
	}
	if ((bytes & 0xff) == 0x0f) {
		bytes >>= 8;
		at++;
		shape = opcodes[X86_MAP_0F][bytes & 0xff];
	}
	if (shape & (SHAPE_GROUP | SLOW)) {
		if (shape & SLOW)
			return x86_64_step_slowly(code, size);
		shape = groups[shape & (GROUPS - 1)][bytes >> 11 & 7];
	}
	if (__builtin_expect(shape & varies, 0))
		return x86_64_step_slowly(code, size);
	span = memory_spans[bytes >> 8 & 0xff] & (0u - (shape >> 4 & 1));
	immediate = shape & SIZE_PLAIN;
	length = at + (span & SPAN_SIZE) + immediate;
	if (span & SPAN_SIB_DECIDES && (bytes >> 16 & 7) == 5)
		length += 4;
	if (!((shape >> 8 | span) & SPAN_RIP || shape & SIZE_OF_MOVE))
		return (X86Step){length, 0};
	if (shape & SIZE_OF_MOVE)
		return (X86Step){length + (*code & rex << 3) / 2, X86_STEP_MOVE};
	if (shape & SHAPE_RELATIVE)
		return (X86Step){
			length, x86_step_found(shape >> SHAPE_FIELD & 7, length - immediate, immediate)};
	return (X86Step){length, x86_step_found(shape >> SHAPE_FIELD & 7, length - immediate - 4, 4)};
}
