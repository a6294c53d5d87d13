/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a delta wants to know of an ELF file: where its code, tables and pointers lie, and how addresses and
 * offsets correspond (System V gABI; psABIs of x86-64 and AArch64; DWARF 5 and LSB for .eh_frame).
 *
 * The file may be anybody's: whatever does not make sense is REGION_BYTES, and every answer stays within the
 * file. Memory is bounded by the ELF_…_MAX below, whatever the file says. Both sides of a delta parse the
 * same bytes and must come to the same regions.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

enum {
	ELF_REGIONS_MAX = 512,
	ELF_SEGMENTS_MAX = 16,
	ELF_POINTERS_MAX = 512 * 1024, /* of all the ELF files of a delta together: 2 MiB */
	ELF_TABLES_MAX = 1024 * 1024,  /* bytes for marks where jump tables begin, of all together */
};

typedef enum ElfRegionKind {
	REGION_BYTES,   /* nothing is known */
	REGION_X86_64,  /* code */
	REGION_AARCH64, /* code */
	REGION_TABLES,  /* read-only data, which may hold jump tables: .rodata of x86-64 */
	REGION_DATA, /* data with relocated pointers: whatever else is loaded; .got, .data.rel.ro, .init_array
			… */
	REGION_STRINGS,      /* .dynstr, .strtab, .comment: SHT_STRTAB, SHF_STRINGS */
	REGION_UNWIND,       /* .eh_frame */
	REGION_UNWIND_INDEX, /* .eh_frame_hdr */
	REGION_RELA,
	REGION_RELR,
	REGION_SYMBOLS,  /* .dynsym, .symtab */
	REGION_HASH,     /* .gnu.hash */
	REGION_VERSIONS, /* .gnu.version */
	REGION_DYNAMIC,
	REGION_HEADER,   /* the ELF header with the program headers behind it */
	REGION_SECTIONS, /* the section headers */
	REGION_KINDS,
} ElfRegionKind;

typedef struct ElfRegion {
	uint64_t address;      /* of its first byte; ELF_NOT_LOADED + offset when it is not loaded */
	uint32_t offset, size; /* in the file; regions do not overlap, are sorted, and cover the file */
	uint32_t link; /* index of the region that sh_link names, or UINT32_MAX: symbols of a RELA, names of
			  SYMBOLS */
	uint8_t kind;  /* ElfRegionKind */
	bool loaded, executable;
	bool is_plt; /* stubs that push the index of a relocation */
} ElfRegion;

/* A PT_LOAD. */
typedef struct ElfSegment {
	uint64_t address;
	uint64_t memory_size;
	uint32_t offset, file_size;
} ElfSegment;

typedef enum ElfMachine {
	ELF_MACHINE_OTHER, /* only what is the same everywhere is modelled */
	ELF_MACHINE_X86_64,
	ELF_MACHINE_AARCH64,
} ElfMachine;

typedef struct Elf {
	Bytes bytes; /* borrowed: the whole file, no more */
	ElfRegion *regions;
	uint32_t n_regions;
	ElfSegment segments[ELF_SEGMENTS_MAX]; /* as they are in the file */
	uint32_t n_segments;
	ElfMachine machine;
	bool fixed_address; /* ET_EXEC: code may hold absolute addresses */
	uint32_t *pointers; /* sorted offsets of relocated words of 8 bytes in REGION_DATA */
	uint32_t n_pointers;
	uint8_t *table_starts; /* one bit for each 4 bytes of the file between tables_from and tables_to; or
				  NULL */
	uint32_t tables_from, tables_to;
	uint64_t plt_relocations; /* address of the RELA region that a PLT's entries count in; 0: none */
} Elf;

/* What is still to be had for further ELF files of the same delta. */
typedef struct ElfBudget {
	size_t pointers; /* entries */
	size_t tables;   /* bytes */
} ElfBudget;

#define ELF_BUDGET_INIT \
	(ElfBudget) \
	{ \
		ELF_POINTERS_MAX, ELF_TABLES_MAX \
	}

/* What a file holds but does not load (symbols for debuggers, section headers) has no address. So that it can
 * be spoken of as the rest, it is given one: this, and its offset. */
static const uint64_t ELF_NOT_LOADED = 1ull << 62;

enum { ELF_NOT = 1 };

/* Size of the ELF file that begins at bytes.data[0]: where its last section, segment or table of headers
 * ends. ELF_NOT when it is no little-endian ELF64 executable or library whose headers fit into bytes: then it
 * is just bytes. Cheap. */
int elf_measure(Bytes bytes, uint32_t *ret_size);

/* bytes is exactly such a file, or it fails. What the budget does not cover is left out. */
int elf_parse(Bytes bytes, ElfBudget *budget, Elf *ret, Error *error);

void elf_clear(Elf *elf);
static inline void elf_clear_cleanup(Elf *elf)
{
	elf_clear(elf);
}

/* The region that holds an offset below the file's size. */
const ElfRegion *elf_region_at(const Elf *elf, uint32_t offset);

/* The loaded region that holds an address; NULL when there is none with bytes in the file. */
const ElfRegion *elf_region_of_address(const Elf *elf, uint64_t address);

/* Forgets where jump tables begin, for a scan that is to find the same as a first one. */
void elf_forget_tables(Elf *elf);

/* Is this the address of something the file loads, its .bss included? */
bool elf_is_address(const Elf *elf, uint64_t address);

/* Between the file's offsets and addresses, by segments alone. Every offset has an address. False, and *ret
 * untouched, for addresses without bytes in the file (.bss). Of several candidates the first segment counts.
 */
bool segments_address(const ElfSegment *segments, uint32_t n, uint32_t offset, uint64_t *ret);
bool segments_offset(const ElfSegment *segments, uint32_t n, uint64_t address, uint32_t *ret);

/* How many addresses, or offsets, around one keep their distance from what it corresponds to: so many before
 * it, and so many from it on. At least itself. */
typedef struct SegmentReach {
	uint64_t before, behind;
} SegmentReach;

SegmentReach segments_reach_of_address(const ElfSegment *segments, uint32_t n, uint64_t address);
SegmentReach segments_reach_of_offset(const ElfSegment *segments, uint32_t n, uint32_t offset);
