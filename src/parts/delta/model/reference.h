/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A reference: a field of an ELF file whose value follows from where something is. It is found in the old
 * file; when what it points at has moved in the new one, its new value can be computed instead of sent.
 *
 * Every kind of field is one formula: value = (target - origin) / unit, the origin being the field's own
 * place, nothing, or another address that may have moved, too.
 */

#include <stdbool.h>
#include <stdint.h>

/* What kind of field it is: whoever codes references counts and predicts them by kind. */
typedef enum ReferenceKind {
	REFERENCE_CALL,              /* direct call, BL */
	REFERENCE_JUMP,              /* direct jump, B */
	REFERENCE_BRANCH,            /* conditional branch */
	REFERENCE_SHORT,             /* branch of one byte; TBZ */
	REFERENCE_ADDRESS,           /* LEA, ADR, ADRP: an address is taken */
	REFERENCE_INDIRECT,          /* a branch through a slot, as in a PLT */
	REFERENCE_MEMORY,            /* any other operand in memory; low 12 bits; literal */
	REFERENCE_POINTER,           /* a relocated pointer in data */
	REFERENCE_TABLE,             /* an entry of a jump table */
	REFERENCE_UNWIND,            /* .eh_frame: begin of a function, LSDA, personality, CIE */
	REFERENCE_UNWIND_SIZE,       /* .eh_frame: size of a function */
	REFERENCE_UNWIND_INDEX,      /* .eh_frame_hdr */
	REFERENCE_RELOCATION,        /* r_offset; RELR */
	REFERENCE_ADDEND,            /* r_addend */
	REFERENCE_RELOCATION_SYMBOL, /* the symbol's index in r_info; the relocation's index in a PLT */
	REFERENCE_SYMBOL,            /* st_value */
	REFERENCE_SYMBOL_SIZE,       /* st_size */
	REFERENCE_SYMBOL_NAME,       /* st_name */
	REFERENCE_HASH,              /* a bucket of .gnu.hash */
	REFERENCE_SECTION,           /* ELF header, program and section headers, .dynamic */
	REFERENCE_NUMBER,            /* a small constant in code, as numbers of source lines are */
	REFERENCE_KINDS,
} ReferenceKind;

/* How the field is written. */
typedef enum ReferenceForm {
	REFERENCE_PLAIN, /* size bytes, little-endian; with a sign where it counts from a place or an address
			  */
	REFERENCE_A64,   /* 4 bytes, an AArch64 instruction: aarch64.h */
} ReferenceForm;

typedef enum ReferenceOrigin {
	ORIGIN_NOTHING, /* value = target */
	ORIGIN_PLACE,   /* value = target - (place + skip) */
	ORIGIN_BEHIND,  /* value = place - target */
	ORIGIN_ADDRESS, /* value = (target - origin) / unit, where origin is an address of the old file */
	ORIGIN_SPAN,    /* the same, and target is the end of something: its last byte is what is looked up */
	ORIGIN_OFFSET,  /* value = the offset in the file of what the target is the address of */
	ORIGIN_NUMBER,  /* no address at all: the value is what it is, and like its neighbours may drift */
} ReferenceOrigin;

typedef struct Reference {
	uint64_t target; /* address (as the file numbers them, not an offset) in the old file */
	uint64_t origin; /* address: ORIGIN_ADDRESS, ORIGIN_SPAN */
	uint32_t at;     /* offset of the field in the ELF file */
	uint8_t size;    /* bytes: 1, 2, 4 or 8 */
	uint8_t kind;    /* ReferenceKind */
	uint8_t form;    /* ReferenceForm */
	uint8_t from;    /* ReferenceOrigin */
	uint8_t unit;    /* bytes that one step of the value stands for: 1, or the size of a table's entry;
			    ORIGIN_NUMBER: the register, below 32 */
	uint8_t skip;    /* ORIGIN_PLACE: bytes from the field to where its offset counts from */
} Reference;

/* The field's size bytes as a number; with its sign where it counts from a place or an address. Of an AArch64
 * instruction the whole word. */
uint64_t reference_load(const Reference *reference, const uint8_t *field);

/* What the field is when it is at `place` and means `target`, with `origin` instead of reference->origin, all
 * in the new file's addresses (ORIGIN_OFFSET: target is the offset). field is the old one: an instruction
 * keeps what is not the address. False when there is no such value. */
bool reference_write(const Reference *reference, const uint8_t *field, uint64_t place, uint64_t origin,
	uint64_t target, uint8_t *to);

/* The other way round: what a new field means. False for half of an address (A64_LOW12). */
bool reference_target(
	const Reference *reference, const uint8_t *field, uint64_t place, uint64_t origin, uint64_t *ret);

/* The field as a number of so many bits, without a sign, whatever it means; and the field with another one.
 */
uint64_t reference_value(const Reference *reference, const uint8_t *field);
unsigned reference_width(const Reference *reference, const uint8_t *field);
void reference_put_value(const Reference *reference, const uint8_t *field, uint64_t value, uint8_t *to);

/* Do the two fields differ in nothing but the address? */
bool reference_same_but_field(const Reference *reference, const uint8_t *a, const uint8_t *b);
