/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What follows an opcode: the opcode maps of the Intel SDM (volume 2, appendix A), with AMD's additions. A
 * shape is a size of immediate, flags, and in its upper byte an X86Field.
 *
 * Opcodes that no processor has are single bytes, but for those of 0F 38, 0F 3A and the maps of VEX, EVEX and
 * XOP: a whole map looks alike there.
 */

#include "parts/delta/model/x86-64.h"

/* Size of an immediate: its lower bits without prefixes. */
enum {
	SIZE_PLAIN = 0x07,
	SIZE_VARIES = 0x08,
	SIZE_ADDRESS = 0x08,  /* moffs */
	SIZE_OPERAND = 0x0c,  /* iz: as the operand, but four bytes at most */
	SIZE_BITFIELD = 0x88, /* extrq, insertq: two bytes; else it is vmread and vmwrite */
	SIZE_FULL = 0x8c,     /* iv: as the operand */
	SIZES_VARYING = 4,
};

/* Of the four that vary, which one. */
static inline unsigned varying_index(unsigned size)
{
	return (size >> 2 & 1) | (size >> 6 & 2);
}

/* The prefixes that change a size; REX.W overrides the other one for the operand. */
enum { STATE_OPERAND = 1, STATE_WIDE = 2, STATE_ADDRESS = 4, STATE_REPEAT = 8, STATES = 16 };

/* Opcodes whose shape depends on ModRM.reg. */
typedef enum Group { GROUP_F6, GROUP_F7, GROUP_C7, GROUP_FF, GROUPS } Group;

enum {
	SHAPE_SIZE = 0x8f, /* with SHAPE_GROUP: Group */
	SHAPE_MODRM = 0x10,
	SHAPE_GROUP = 0x20,
	SHAPE_REGISTER = 0x40,   /* ModRM names registers, whatever its upper bits are */
	SHAPE_FIELD = 8,         /* bits below the X86Field; below the STATE_ of a prefix */
	SHAPE_RARE = 0x800,      /* not for x86_64_step(); no prefix is */
	SHAPE_RELATIVE = 0x1000, /* the field is the immediate, else a displacement from RIP */
	SHAPE_PREFIX = 0x2000,
	SHAPE_ESCAPE = 0x4000, /* leads to another map */
	SHAPE_MOFFS = 0x8000,  /* the immediate is a displacement */
};

/* clang-format off */
#define FIELD(name) (X86_FIELD_##name << SHAPE_FIELD)
#define PREFIX(state) (SHAPE_PREFIX | (state) << SHAPE_FIELD)

#define o  0
#define b  1
#define w  2
#define en 3
#define z  SIZE_OPERAND
#define v  SIZE_FULL
#define M  (SHAPE_MODRM | FIELD(RIP_DATA))
#define Mb (M | 1)
#define Mz (M | SIZE_OPERAND)
#define Md (M | 4)
#define Mx (M | SIZE_BITFIELD | SHAPE_RARE)
#define Mr (M | SHAPE_REGISTER | SHAPE_RARE)
#define LE (SHAPE_MODRM | FIELD(RIP_LEA))
#define ID (SHAPE_MODRM | FIELD(RIP_JUMP))
#define XB (SHAPE_MODRM | SIZE_OPERAND | SHAPE_RELATIVE | FIELD(BRANCH))
#define mo (SHAPE_MOFFS | SIZE_ADDRESS)
#define sh (SHAPE_RELATIVE | 1 | FIELD(SHORT))
#define br (SHAPE_RELATIVE | 4 | FIELD(BRANCH))
#define ca (SHAPE_RELATIVE | 4 | FIELD(CALL))
#define ju (SHAPE_RELATIVE | 4 | FIELD(JUMP))
#define p  PREFIX(0)
#define p6 PREFIX(STATE_OPERAND)
#define p7 PREFIX(STATE_ADDRESS)
#define p2 PREFIX(STATE_REPEAT)
#define ES SHAPE_ESCAPE
#define EM (SHAPE_ESCAPE | M)
#define F6 (SHAPE_GROUP | SHAPE_MODRM | GROUP_F6)
#define F7 (SHAPE_GROUP | SHAPE_MODRM | GROUP_F7)
#define C7 (SHAPE_GROUP | SHAPE_MODRM | GROUP_C7)
#define FF (SHAPE_GROUP | SHAPE_MODRM | GROUP_FF)

/* REX (40..4F) and 0F lead to other entries; they are opcodes, of nothing, where no such prefix may be. VEX
 * and EVEX share the second map: what they have there has the shape of its namesake. */
static const uint16_t opcodes[2][256] = {
	[X86_MAP_ONE_BYTE] = {
		/*        0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
		/* 00 */  M,  M,  M,  M,  b,  z,  o,  o,  M,  M,  M,  M,  b,  z,  o,  o,
		/* 10 */  M,  M,  M,  M,  b,  z,  o,  o,  M,  M,  M,  M,  b,  z,  o,  o,
		/* 20 */  M,  M,  M,  M,  b,  z,  p,  o,  M,  M,  M,  M,  b,  z,  p,  o,
		/* 30 */  M,  M,  M,  M,  b,  z,  p,  o,  M,  M,  M,  M,  b,  z,  p,  o,
		/* 40 */  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,
		/* 50 */  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,
		/* 60 */  o,  o,  ES, M,  p,  p,  p6, p7, z,  Mz, b,  Mb, o,  o,  o,  o,
		/* 70 */  sh, sh, sh, sh, sh, sh, sh, sh, sh, sh, sh, sh, sh, sh, sh, sh,
		/* 80 */  Mb, Mz, o,  Mb, M,  M,  M,  M,  M,  M,  M,  M,  M,  LE, M,  EM,
		/* 90 */  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,  o,
		/* a0 */  mo, mo, mo, mo, o,  o,  o,  o,  b,  z,  o,  o,  o,  o,  o,  o,
		/* b0 */  b,  b,  b,  b,  b,  b,  b,  b,  v,  v,  v,  v,  v,  v,  v,  v,
		/* c0 */  Mb, Mb, w,  o,  ES, ES, Mb, C7, en, o,  w,  o,  o,  b,  o,  o,
		/* d0 */  M,  M,  M,  M,  o,  o,  o,  o,  M,  M,  M,  M,  M,  M,  M,  M,
		/* e0 */  sh, sh, sh, sh, b,  b,  b,  b,  ca, ju, o,  sh, o,  o,  o,  o,
		/* f0 */  p,  o,  p2, p,  o,  o,  F6, F7, o,  o,  o,  o,  o,  o,  M,  FF,
	},
	[X86_MAP_0F] = {
		/*        0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
		/* 00 */  M,  M,  M,  M,  o,  o,  o,  o,  o,  o,  o,  o,  o,  M,  o,  Mb,
		/* 10 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
		/* 20 */  Mr, Mr, Mr, Mr, o,  o,  o,  o,  M,  M,  M,  M,  M,  M,  M,  M,
		/* 30 */  o,  o,  o,  o,  o,  o,  o,  o,  ES, o,  ES, o,  o,  o,  o,  o,
		/* 40 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
		/* 50 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
		/* 60 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
		/* 70 */  Mb, Mb, Mb, Mb, M,  M,  M,  o,  Mx, M,  M,  M,  M,  M,  M,  M,
		/* 80 */  br, br, br, br, br, br, br, br, br, br, br, br, br, br, br, br,
		/* 90 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
		/* a0 */  o,  o,  o,  M,  Mb, M,  M,  M,  o,  o,  o,  M,  Mb, M,  M,  M,
		/* b0 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  Mb, M,  M,  M,  M,  M,
		/* c0 */  M,  M,  Mb, M,  Mb, Mb, Mb, M,  o,  o,  o,  o,  o,  o,  o,  o,
		/* d0 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
		/* e0 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
		/* f0 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	},
};

/* The other maps by their number in VEX, EVEX and XOP. */
static const uint16_t whole_map[32] = {
	/* 00 */  M,  M,  M,  Mb, M,  M,  M,  M,  Mb, M,  Md, M,  M,  M,  M,  M,
	/* 10 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
};

static const uint16_t groups[GROUPS][8] = {
	[GROUP_F6] = {Mb, Mb, M, M, M, M, M, M},
	[GROUP_F7] = {Mz, Mz, M, M, M, M, M, M},
	[GROUP_C7] = {Mz, Mz, Mz, Mz, Mz, Mz, Mz, XB},
	[GROUP_FF] = {M, M, ID, M, ID, M, M, M},
};

/* In columns: no prefix, 66, REX.W, both; then with 67, with F2, with 67 and F2. */
static const uint8_t varying_sizes[SIZES_VARYING][STATES] = {
	/* SIZE_ADDRESS  */ {8, 8, 8, 8,  4, 4, 4, 4,  8, 8, 8, 8,  4, 4, 4, 4},
	/* SIZE_OPERAND  */ {4, 2, 4, 4,  4, 2, 4, 4,  4, 2, 4, 4,  4, 2, 4, 4},
	/* SIZE_BITFIELD */ {0, 2, 0, 2,  0, 2, 0, 2,  2, 2, 2, 2,  2, 2, 2, 2},
	/* SIZE_FULL     */ {4, 2, 8, 8,  4, 2, 8, 8,  4, 2, 8, 8,  4, 2, 8, 8},
};

/* What ModRM brings: a displacement of so many bytes, and flags. ModRM.reg says nothing about it. */
enum { MEMORY_SIZE = 0x07, MEMORY_SIB = 0x08, MEMORY_RIP = 0x10 };

#define S  MEMORY_SIB
#define ROWS(...) \
	__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__

static const uint8_t memory_forms[256] = {
	ROWS(0, 0, 0, 0, S | 0, MEMORY_RIP | 4, 0, 0),
	ROWS(1, 1, 1, 1, S | 1, 1, 1, 1),
	ROWS(4, 4, 4, 4, S | 4, 4, 4, 4),
	ROWS(0, 0, 0, 0, 0, 0, 0, 0),
};

/* The same together: ModRM, SIB and displacement, in bytes, but for a displacement that SIB says is there. */
enum { SPAN_SIZE = 0x07, SPAN_RIP = 0x10, SPAN_SIB_DECIDES = 0x20 };

static const uint8_t memory_spans[256] = {
	ROWS(1, 1, 1, 1, SPAN_SIB_DECIDES | 2, SPAN_RIP | 5, 1, 1),
	ROWS(2, 2, 2, 2, 3, 2, 2, 2),
	ROWS(5, 5, 5, 5, 6, 5, 5, 5),
	ROWS(1, 1, 1, 1, 1, 1, 1, 1),
};
/* clang-format on */

#undef FIELD
#undef PREFIX
#undef o
#undef b
#undef w
#undef en
#undef z
#undef v
#undef M
#undef Mb
#undef Mz
#undef Md
#undef Mx
#undef Mr
#undef LE
#undef ID
#undef XB
#undef mo
#undef sh
#undef br
#undef ca
#undef ju
#undef p
#undef p6
#undef p7
#undef p2
#undef ES
#undef EM
#undef F6
#undef F7
#undef C7
#undef FF
#undef S
#undef ROWS
