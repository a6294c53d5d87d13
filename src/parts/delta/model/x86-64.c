/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/x86-64.h"

#include <stdbool.h>
#include <string.h>

#include "parts/delta/model/x86-64-tables.h"

/* decode() looks at so many bytes at most: 14 prefixes, REX, EVEX with its payload, opcode, ModRM, SIB. */
enum { READ_AHEAD = 22 };

#define unlikely(condition) __builtin_expect(!!(condition), 0)

static bool is_prefix(uint8_t byte)
{
	return opcodes[X86_MAP_ONE_BYTE][byte] & SHAPE_PREFIX;
}

static bool is_rex(uint8_t byte)
{
	return (byte & 0xf0) == 0x40;
}

/* Behind the first byte of a VEX, EVEX or XOP prefix. Prefixes before it are forbidden and change nothing. */
static unsigned follow_payload(const uint8_t *code, unsigned *at, unsigned *state, X86Instruction *ret)
{
	unsigned map = code[*at + 1] & 0x1f;

	switch (code[*at]) {
	case 0xc5:
		map = X86_MAP_0F;
		*at += 2;
		break;
	case 0x62:
		map &= 7;
		*at += 4;
		break;
	default:
		*at += 3;
		break;
	}
	*state = 0;
	ret->map = map >= X86_MAP_0F && map <= X86_MAP_0F3A ? (uint8_t)map : X86_MAP_OTHER;
	return map == X86_MAP_0F ? opcodes[X86_MAP_0F][code[*at]] : whole_map[map];
}

/* Where code[*at] leads away from the two maps that most opcodes are in. */
static unsigned follow(const uint8_t *code, unsigned *at, unsigned *state, X86Instruction *ret)
{
	uint8_t escape = code[*at];

	if (ret->map == X86_MAP_0F) {
		ret->map = escape == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
		++*at;
		return whole_map[ret->map];
	}
	if (escape == 0x8f && (code[*at + 1] & 0x1f) < 8)
		return opcodes[X86_MAP_ONE_BYTE][escape];
	return follow_payload(code, at, state, ret);
}

static uint8_t cut(uint8_t at, uint8_t size)
{
	unsigned left = at < X86_64_LENGTH_MAX ? X86_64_LENGTH_MAX - at : 0;

	return (uint8_t)(size < left ? size : left);
}

/* A processor refuses what is longer. */
static void cut_to_limit(const uint8_t *code, X86Instruction *ret)
{
	ret->length = X86_64_LENGTH_MAX;
	if (ret->opcode_at >= X86_64_LENGTH_MAX) {
		ret->opcode_at = X86_64_LENGTH_MAX - 1;
		ret->opcode = code[ret->opcode_at];
	}
	if (ret->modrm_at >= X86_64_LENGTH_MAX)
		ret->modrm_at = ret->modrm = 0;
	ret->displacement_size = cut(ret->displacement_at, ret->displacement_size);
	ret->immediate_size = cut(ret->immediate_at, ret->immediate_size);
	ret->field = X86_FIELD_NONE;
	ret->field_at = ret->field_size = 0;
}

static void place_field(unsigned shape, unsigned memory, X86Instruction *ret)
{
	bool relative = shape & SHAPE_RELATIVE, rip = memory & MEMORY_RIP;
	uint8_t size = relative ? ret->immediate_size : 4;
	/* xbegin with 66 has two bytes: too rare to be of use. */
	bool has = (relative || rip) && size != 2;

	ret->field = has ? shape >> SHAPE_FIELD & 7 : X86_FIELD_NONE;
	ret->field_at = has ? (relative ? ret->immediate_at : ret->displacement_at) : 0;
	ret->field_size = has ? size : 0;
}

/* Most sizes do not vary, and it is quicker not to look them up: the next instruction waits for the length.
 */
static unsigned immediate_size(unsigned shape, unsigned state)
{
	return shape & SIZE_VARIES ? varying_sizes[varying_index(shape)][state] : shape & SIZE_PLAIN;
}

/* What ModRM, code[*at], says about memory; *at leads behind it and SIB. */
static unsigned read_memory(const uint8_t *code, unsigned *at, unsigned shape)
{
	unsigned memory = shape & SHAPE_REGISTER ? 0 : memory_forms[code[*at]];

	++*at;
	if (memory & MEMORY_SIB) {
		/* No base, just a displacement. */
		if (memory == MEMORY_SIB && (code[*at] & 7) == 5)
			memory |= 4;
		++*at;
	}
	return memory;
}

/* Puts what follows the opcode into its places. */
static inline void lay_out(
	const uint8_t *code, unsigned at, unsigned shape, unsigned state, X86Instruction *ret)
{
	unsigned memory = 0, modrm = 0, modrm_at = 0, size;

	ret->opcode_at = (uint8_t)at;
	ret->opcode = code[at++];
	if (shape & SHAPE_MODRM) {
		modrm_at = at;
		modrm = code[at];
		if (shape & SHAPE_GROUP)
			shape = groups[shape & SHAPE_SIZE][modrm >> 3 & 7];
		memory = read_memory(code, &at, shape);
	}
	size = immediate_size(shape, state);
	ret->modrm_at = (uint8_t)modrm_at;
	ret->modrm = (uint8_t)modrm;
	ret->displacement_at = (uint8_t)at;
	ret->displacement_size = memory & MEMORY_SIZE;
	at += memory & MEMORY_SIZE;
	ret->immediate_at = (uint8_t)at;
	ret->immediate_size = (uint8_t)size;
	ret->length = (uint8_t)(at + size);
	place_field(shape, memory, ret);
	if (shape & SHAPE_MOFFS) {
		ret->displacement_size = (uint8_t)size;
		ret->immediate_at = ret->length;
		ret->immediate_size = 0;
	}
}

static inline void decode(const uint8_t *code, X86Instruction *ret)
{
	unsigned at = 0, state = 0, shape;

	for (; unlikely(is_prefix(code[at])) && at < X86_64_LENGTH_MAX - 1; at++)
		state |= opcodes[X86_MAP_ONE_BYTE][code[at]] >> SHAPE_FIELD & (STATES - 1);
	if (is_rex(code[at]))
		state |= code[at++] & 8 ? STATE_WIDE : 0;
	ret->map = X86_MAP_ONE_BYTE;
	if (code[at] == 0x0f) {
		ret->map = X86_MAP_0F;
		at++;
	}
	shape = opcodes[ret->map][code[at]];
	if (unlikely(shape & SHAPE_ESCAPE))
		shape = follow(code, &at, &state, ret);
	lay_out(code, at, shape, state, ret);
}

/* Whatever decode() looks at is part of the instruction: it is complete when it ends before the zeros. */
static void decode_padded(const uint8_t *code, size_t size, X86Instruction *ret)
{
	uint8_t padded[READ_AHEAD] = {0};

	for (size_t i = 0; i < size && i < X86_64_LENGTH_MAX; i++)
		padded[i] = code[i];
	decode(padded, ret);
	if (ret->length > X86_64_LENGTH_MAX)
		cut_to_limit(padded, ret);
}

void x86_64_read(const uint8_t *code, size_t size, X86Instruction *ret)
{
	if (size >= READ_AHEAD) {
		decode(code, ret);
		if (!unlikely(ret->length > X86_64_LENGTH_MAX))
			return;
	}
	decode_padded(code, size, ret);
	if (ret->length > size)
		*ret = (X86Instruction){0};
}

static bool all_prefixes(const uint8_t *code, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_prefix(code[i]))
			return false;
	}
	return true;
}

/* Byte n of the instruction, which lies behind its opcode. */
static X86Role role_in(const X86Instruction *instruction, unsigned n, unsigned *ret_index)
{
	if (instruction->immediate_size > 0 && n >= instruction->immediate_at) {
		*ret_index = n - instruction->immediate_at;
		return X86_ROLE_IMMEDIATE;
	}
	if (instruction->displacement_size > 0 && n >= instruction->displacement_at) {
		*ret_index = n - instruction->displacement_at;
		return X86_ROLE_DISPLACEMENT;
	}
	*ret_index = 0;
	return n == instruction->modrm_at ? X86_ROLE_MODRM : X86_ROLE_SIB;
}

X86Role x86_64_next(const X86Instruction *shape, const uint8_t *code, size_t n, unsigned *ret_index)
{
	if (shape->length <= n) {
		*ret_index = 0;
		return X86_ROLE_PREFIX;
	}
	if (n > shape->opcode_at)
		return role_in(shape, (unsigned)n, ret_index);
	if (n < shape->opcode_at || all_prefixes(code, n)) {
		*ret_index = (unsigned)n;
		return X86_ROLE_PREFIX;
	}
	*ret_index = shape->map;
	return X86_ROLE_OPCODE;
}
