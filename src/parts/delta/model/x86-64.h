/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The shape of x86-64 instructions (Intel SDM volume 2, chapter 2 and appendix A): how long one is, what each
 * of its bytes is for, and which of its fields is relative to the place of the instruction. Not a
 * disassembler: what an instruction does is of no interest here.
 *
 * Any bytes are taken. What no processor would run still has one definite shape, so that both sides of a
 * delta see the same.
 */

#include <stddef.h>
#include <stdint.h>

enum { X86_64_LENGTH_MAX = 15 };

typedef enum X86Map {
	X86_MAP_ONE_BYTE, /* the primary opcodes */
	X86_MAP_0F,
	X86_MAP_0F38,
	X86_MAP_0F3A,
	X86_MAP_OTHER, /* EVEX maps 5 and 6, XOP */
} X86Map;

typedef enum X86Field {
	X86_FIELD_NONE,
	X86_FIELD_CALL,     /* call rel32 (E8) */
	X86_FIELD_JUMP,     /* jmp rel32 (E9) */
	X86_FIELD_BRANCH,   /* jcc rel32 (0F 80..8F), xbegin rel32 */
	X86_FIELD_SHORT,    /* jmp rel8, jcc rel8, loop*, jrcxz: one byte */
	X86_FIELD_RIP_LEA,  /* lea disp32(%rip) */
	X86_FIELD_RIP_JUMP, /* call or jmp *disp32(%rip): through a table of addresses, as in a PLT */
	X86_FIELD_RIP_DATA, /* any other disp32(%rip) */
} X86Field;

/* What a byte of an instruction is for. */
typedef enum X86Role {
	X86_ROLE_PREFIX, /* legacy, REX, VEX, EVEX, XOP and their payload; escapes */
	X86_ROLE_OPCODE,
	X86_ROLE_MODRM,
	X86_ROLE_SIB,
	X86_ROLE_DISPLACEMENT,
	X86_ROLE_IMMEDIATE, /* the offset of a direct branch, too */
} X86Role;

typedef struct X86Instruction {
	uint8_t length;    /* bytes in all; 0 when the bytes at hand do not decide it, or end before it */
	uint8_t opcode_at; /* offset of the opcode byte */
	uint8_t opcode;
	uint8_t modrm_at; /* 0: it has none */
	uint8_t modrm;
	uint8_t displacement_at, displacement_size; /* size 0: none. 1, 4 or 8 (moffs) bytes */
	uint8_t immediate_at, immediate_size;       /* size 0: none. enter has 3 bytes */
	uint8_t map;                                /* X86Map */
	uint8_t field;                              /* X86Field, whose bytes are at field_at */
	uint8_t field_at, field_size;               /* relative to the end of the instruction */
} X86Instruction;

/* The instruction at code[0]. size is how much of it there is; all of *ret is 0 when that is not enough.
 *
 * What no processor has: an unknown opcode is an instruction without anything behind it, but a whole map of
 * VEX, EVEX or XOP looks alike; a legacy prefix or REX behind a REX counts as such an opcode; what does not
 * fit into X86_64_LENGTH_MAX bytes is cut there, and has no field. APX is not known. */
void x86_64_read(const uint8_t *code, size_t size, X86Instruction *ret);

/* Of an instruction that so far has n bytes (less than X86_64_LENGTH_MAX), with the shape that x86_64_read()
 * finds when zeros follow, which change nothing of what is before them: the role of the byte that comes next,
 * and in *ret_index which byte of that part it is, counted from 0. When the shape ends within the n bytes, a
 * new one begins: X86_ROLE_PREFIX with index 0.
 *
 * X86_ROLE_PREFIX, with index n: only legacy prefixes came so far, or nothing, and the next byte may be
 * anything up to the opcode; or it is payload of VEX, EVEX or XOP.
 *
 * X86_ROLE_OPCODE, with the X86Map it is looked up in as index: behind REX, an escape or a whole payload. In
 * the first two maps it may still be an escape; behind REX also what VEX, EVEX and XOP begin with.
 *
 * Behind 8F, which is POP or XOP, the next byte has X86_ROLE_MODRM for both. */
X86Role x86_64_next(const X86Instruction *shape, const uint8_t *code, size_t n, unsigned *ret_index);
