/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A small ELF library, always the same, with one section of each kind that the delta's model knows: what
 * hostile files are made from, and what deltas are applied to.
 */

#include <elf.h>
#include <stdint.h>
#include <string.h>

enum {
	ELF_SAMPLE_SIZE = 2560,
	ELF_SAMPLE_SECTIONS = 11,
};

typedef struct ElfSampleSection {
	const char *name;
	uint32_t type, offset, size, link, flags;
} ElfSampleSection;

static const ElfSampleSection elf_sample_sections[ELF_SAMPLE_SECTIONS] = {
	{"", SHT_NULL, 0, 0, 0, 0},
	{".dynsym", SHT_DYNSYM, 128, 120, 2, SHF_ALLOC},
	{".dynstr", SHT_STRTAB, 248, 40, 0, SHF_ALLOC},
	{".gnu.hash", SHT_GNU_HASH, 288, 48, 1, SHF_ALLOC},
	{".rela.dyn", SHT_RELA, 336, 120, 1, SHF_ALLOC},
	{".text", SHT_PROGBITS, 464, 640, 0, SHF_ALLOC | SHF_EXECINSTR},
	{".rodata", SHT_PROGBITS, 1104, 128, 0, SHF_ALLOC},
	{".eh_frame_hdr", SHT_PROGBITS, 1232, 28, 0, SHF_ALLOC},
	{".eh_frame", SHT_PROGBITS, 1264, 120, 0, SHF_ALLOC},
	{".data", SHT_PROGBITS, 1384, 128, 0, SHF_ALLOC | SHF_WRITE},
	{".shstrtab", SHT_STRTAB, 1512, 96, 0, 0},
};

static inline void elf_sample_put(uint8_t *to, uint32_t at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		to[at + i] = (uint8_t)(value >> (8 * i));
}

static inline void elf_sample_x86_64(uint8_t *to)
{
	static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xbe, 0x2a, 0x01,
		0, 0, 0xe8, 0, 0, 0, 0, 0x48, 0x8b, 0x05, 0, 0, 0, 0, 0x85, 0xc0, 0x74, 0x03, 0xff, 0x25, 0,
		0, 0, 0, 0x5d, 0xc3};

	for (uint32_t i = 0; i < 16; i++) {
		uint32_t at = 464 + 40 * i;

		memcpy(to + at, code, sizeof(code));
		elf_sample_put(to, at + 7, 1104 + 8 * i - (at + 11), 4);
		elf_sample_put(to, at + 12, 100 + 7 * i, 2);
		elf_sample_put(to, at + 17, 464 + 40 * (15 - i) - (at + 21), 4);
		elf_sample_put(to, at + 24, 1384 + 8 * (i % 16) - (at + 28), 4);
		elf_sample_put(to, at + 34, 1384 + 8 - (at + 38), 4);
	}
}

static inline void elf_sample_aarch64(uint8_t *to)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t at = 464 + 40 * i;

		elf_sample_put(to, at, 0xa9bf7bfd, 4);
		elf_sample_put(to, at + 4, 0x90000000, 4);                        /* adrp x0 */
		elf_sample_put(to, at + 8, 0x91000000 | (1104 + 8 * i) << 10, 4); /* add x0, x0 */
		elf_sample_put(to, at + 12, 0x52800001 | (100 + 7 * i) << 5, 4);  /* mov w1 */
		elf_sample_put(to, at + 16, 0x94000000 | ((40 * (15 - 2 * i) - 16) / 4 & 0x3ffffff), 4);
		elf_sample_put(to, at + 20, 0x90000002, 4);                            /* adrp x2 */
		elf_sample_put(to, at + 24, 0xf9400043 | (1384 + 8 * i) / 8 << 10, 4); /* ldr x3, [x2] */
		elf_sample_put(to, at + 28, 0x34000040, 4);                            /* cbz w0 */
		elf_sample_put(to, at + 32, 0xa8c17bfd, 4);
		elf_sample_put(to, at + 36, 0xd65f03c0, 4);
	}
}

static inline void elf_sample_tables(uint8_t *to)
{
	static const uint8_t cie[] = {
		20, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0};

	for (uint32_t i = 1; i < 5; i++) {
		elf_sample_put(to, 128 + 24 * i, 1 + 8 * (i - 1), 4);
		elf_sample_put(to, 128 + 24 * i + 4, 0x12 | 5 << 16, 4);
		elf_sample_put(to, 128 + 24 * i + 8, 464 + 40 * i, 8);
		elf_sample_put(to, 128 + 24 * i + 16, 40, 8);
		memcpy(to + 248 + 1 + 8 * (i - 1), "symbol_a", 7);
		to[248 + 8 * i - 1] = (uint8_t)('a' + i);
	}
	elf_sample_put(to, 288, 2, 4); /* buckets */
	elf_sample_put(to, 292, 1, 4);
	elf_sample_put(to, 296, 1, 4); /* words of the filter */
	elf_sample_put(to, 312, 1, 4);
	elf_sample_put(to, 316, 3, 4);
	for (uint32_t i = 0; i < 5; i++) {
		elf_sample_put(to, 336 + 24 * i, 1384 + 8 * i, 8);
		elf_sample_put(to, 336 + 24 * i + 8, 8, 8);
		elf_sample_put(to, 336 + 24 * i + 16, 464 + 40 * i, 8);
		elf_sample_put(to, 1384 + 8 * i, 464 + 40 * i, 8);
	}
	for (uint32_t i = 0; i < 8; i++) /* a jump table, then text */
		elf_sample_put(to, 1104 + 4 * i, 464 + 40 * i - 1104, 4);
	memcpy(to + 1136, "a text in the read-only data\0and another one", 44);
	elf_sample_put(to, 1232, 0x3b031b01, 4);
	elf_sample_put(to, 1236, 1264 - 1236, 4);
	elf_sample_put(to, 1240, 2, 4);
	memcpy(to + 1264, cie, sizeof(cie));
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = 1288 + 24 * i;

		elf_sample_put(to, at, 20, 4);
		elf_sample_put(to, at + 4, at + 4 - 1264, 4);
		elf_sample_put(to, at + 8, 464 + 320 * i - (at + 8), 4);
		elf_sample_put(to, at + 12, 320, 4);
		elf_sample_put(to, 1244 + 8 * i, 464 + 320 * i - 1232, 4);
		elf_sample_put(to, 1248 + 8 * i, at - 1232, 4);
	}
}

/* machine is EM_X86_64 or EM_AARCH64; to has ELF_SAMPLE_SIZE bytes. */
static inline void elf_sample(uint16_t machine, uint8_t *to)
{
	const Elf64_Phdr program = {
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 1512, .p_memsz = 2048};
	const Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_entry = 464,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = 1664,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = ELF_SAMPLE_SECTIONS,
		.e_shstrndx = ELF_SAMPLE_SECTIONS - 1,
	};
	uint32_t name = 1512;

	memset(to, 0, ELF_SAMPLE_SIZE);
	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), &program, sizeof(program));
	for (uint32_t i = 0; i < ELF_SAMPLE_SECTIONS; i++) {
		const ElfSampleSection *from = &elf_sample_sections[i];
		const Elf64_Shdr section = {
			.sh_name = name - 1512,
			.sh_type = from->type,
			.sh_flags = from->flags,
			.sh_addr = from->flags & SHF_ALLOC ? from->offset : 0,
			.sh_offset = from->offset,
			.sh_size = from->size,
			.sh_link = from->link,
		};

		memcpy(to + 1664 + i * sizeof(section), &section, sizeof(section));
		memcpy(to + name, from->name, strlen(from->name));
		name += (uint32_t)strlen(from->name) + 1;
	}
	if (machine == EM_X86_64)
		elf_sample_x86_64(to);
	else
		elf_sample_aarch64(to);
	elf_sample_tables(to);
}
