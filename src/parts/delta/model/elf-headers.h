/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The headers of an ELF file, checked to be whole: what the modules behind elf.h share.
 */

#include <elf.h>

#include "parts/delta/model/elf.h"

typedef struct ElfHeaders {
	Elf64_Ehdr file;
	const uint8_t *programs, *sections;
} ElfHeaders;

static inline Elf64_Shdr elf_section_at(const ElfHeaders *headers, unsigned i)
{
	Elf64_Shdr section;

	memcpy(&section, headers->sections + i * sizeof(section), sizeof(section));
	return section;
}

static inline Elf64_Phdr elf_program_at(const ElfHeaders *headers, unsigned i)
{
	Elf64_Phdr program;

	memcpy(&program, headers->programs + i * sizeof(program), sizeof(program));
	return program;
}

/* elf-regions.c: fills in the regions; elf has its machine and segments, and what elf_measure() refuses is
 * not in the headers. */
int elf_find_regions(Elf *elf, const ElfHeaders *headers, Error *error);

/* elf-pointers.c: fills in which words of the file's data are pointers, those that its relocations name,
 * within the budget; elf has its regions and segments. */
int elf_find_pointers(Elf *elf, ElfBudget *budget, Error *error);
