/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where everything is: the old files one behind the other as one space of old bytes, the ELF files in them,
 * the ELF files in the result, and the blocks, which say what of the old space is copied to where.
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "parts/delta/body/coder.h"
#include "parts/delta/model/elf.h"

enum {
	LAYOUT_BLOCKS_MAX = 192 * 1024,
	LAYOUT_ELVES_MAX = 1024,        /* in the old files, and in the result */
	LAYOUT_REGIONS_MAX = 32 * 1024, /* of all old ELF files together */
};

static const uint64_t LAYOUT_OLD_MAX = 0xffff0000u; /* bytes of all old files */

/* length bytes of the result from at on are those of the old space from old on; but for references and what
 * the content corrects, unless they are the very same. What lies between the blocks is new. */
typedef struct Block {
	uint32_t at, length, old;
	bool same;
} Block;

typedef struct OldElf {
	uint32_t at; /* in the old space */
	Elf elf;
} OldElf;

typedef struct NewElf {
	uint32_t at, size;    /* in the result */
	uint32_t counterpart; /* index of the old ELF file that it comes from */
	ElfSegment segments[ELF_SEGMENTS_MAX];
	uint32_t n_segments;
	uint32_t first_block, n_blocks; /* those within it */
} NewElf;

typedef struct Layout {
	const Bytes *sources;
	uint32_t n_sources;
	uint32_t *starts; /* of each source in the old space; one more for its end */
	uint32_t result_size;
	OldElf *old_elves; /* sorted by place, as all of these */
	uint32_t n_old_elves;
	NewElf *new_elves;
	uint32_t n_new_elves;
	Block *blocks;
	uint32_t n_blocks;
	uint32_t *by_old;   /* indexes of blocks; those of one NewElf stay together, sorted by where they are
			       from */
	uint32_t *reaching; /* for each of these, which one so far reaches furthest in the old space */
} Layout;

/* Takes the sources (borrowed) in. */
int layout_begin(
	Layout *layout, const Bytes *sources, uint32_t n_sources, uint64_t result_size, Error *error);

/* Parses the ELF file that is at this place of the old space; in order. Fails when there is none. */
int layout_add_old_elf(Layout *layout, uint32_t at, ElfBudget *budget, Error *error);

/* Codes everything behind the sources; whoever writes has filled it in (but for by_old and the ELF files'
 * blocks). Whoever reads gets it checked: nothing lies outside, nothing overlaps in the result. */
int layout_code(Layout *layout, Coder *coder, bool writing, Error *error);

/* Fills in by_old and the ELF files' blocks. */
int layout_sort(Layout *layout, Error *error);

void layout_clear(Layout *layout);
static inline void layout_clear_cleanup(Layout *layout)
{
	layout_clear(layout);
}

/* The bytes of the old space from a place on, up to the end of the source that they are in. */
Bytes layout_old_bytes(const Layout *layout, uint32_t old);

/* The ELF files that hold a place, NULL when none does. */
OldElf *layout_old_elf_at(const Layout *layout, uint32_t old);
NewElf *layout_new_elf_at(const Layout *layout, uint32_t at);

/* The block among those of an ELF file that copies the byte at a place of the old space. Of several the one
 * that reaches furthest counts. Without one NULL, and in ret_before and ret_behind the nearest ones, if any.
 */
const Block *layout_block_of(const Layout *layout, const NewElf *elf, uint32_t old, const Block **ret_before,
	const Block **ret_behind);
