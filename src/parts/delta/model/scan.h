/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Finds the references in a stretch of an ELF file, in order, from any place on and in bounded memory. The
 * same bytes, place and marks give the same references on both sides of a delta.
 */

#include <stddef.h>

#include "parts/delta/model/elf.h"
#include "parts/delta/model/reference.h"

/* Addresses that move together with the stretch that they are part of: what counts from a place there to
 * another stays as it is. */
typedef struct SteadyRange {
	uint64_t address, size;
	uint64_t shift; /* from there to the new ones */
	uint32_t at;    /* offset in the file of the first */
} SteadyRange;

typedef struct ReferenceScan {
	Elf *elf;            /* its table_starts are marked as code that takes their addresses is met */
	uint32_t from;       /* where the stretch begins */
	uint32_t at;         /* all references before this offset have been reported */
	uint32_t end;        /* where the stretch ends: nothing behind it is reported */
	uint8_t *boundaries; /* NULL, or a bit for each byte of the file: set where an instruction or an entry
				of .eh_frame begins. For those who choose where stretches begin */
	SteadyRange steady;  /* nothing that stays as it is is reported; of size 0 at first: everything is */
	uint64_t pages[32];  /* AArch64: the page that ADRP has put into each register */
	uint32_t with_pages; /* bits of the registers that still have it */
	uint64_t cie;        /* .eh_frame: offset of the CIE that the next two are of, plus 1 */
	uint8_t pointers, lsda_pointers; /* how it says addresses are encoded; 0xff: not at all */
	bool has_augmentation;
	bool lost;      /* .eh_frame: what follows makes no sense */
	uint32_t table; /* offset of the jump table under way, UINT32_MAX for none */
} ReferenceScan;

/*
 * The stretch [from, end), which is within the file. In REGION_X86_64 and REGION_UNWIND, from + skip is where
 * the first whole instruction or entry begins (skip is 0 when from is one); in between there are no
 * references.
 */
void reference_scan_begin(ReferenceScan *scan, Elf *elf, uint32_t from, uint32_t end, uint32_t skip);

/* The next references, at most room (at least 64): sorted by their offset, whole within the stretch, without
 * overlap. Returns how many; scan->at tells how far it came: done when scan->at == scan->end. */
size_t reference_scan_next(ReferenceScan *scan, Reference *ret, size_t room);
