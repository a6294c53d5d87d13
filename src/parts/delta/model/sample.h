/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: ELF files made of sections. Section i (from 1 on) is at offset 0x1000 * i; loaded ones
 * are that far behind SAMPLE_ADDRESS. They come first, in one segment.
 */

#include <elf.h>
#include <stdlib.h>

#include "base/test.h"
#include "parts/delta/model/scan.h"

enum { SAMPLE_ADDRESS = 0x400000, SAMPLE_STEP = 0x1000, SAMPLE_REFERENCES = 256 };

typedef struct SampleSection {
	const char *name;
	uint32_t type;
	uint64_t flags;
	const void *bytes; /* NULL: zeros */
	size_t size;
	uint32_t link;
	uint64_t entry_size;
} SampleSection;

typedef struct Sample {
	Bytes bytes;
	Elf elf; /* once it is parsed */
	Reference found[SAMPLE_REFERENCES];
	size_t n;
} Sample;

static inline uint64_t sample_address(uint32_t offset)
{
	return SAMPLE_ADDRESS + (uint64_t)offset;
}

static inline uint8_t *sample_at(const Sample *sample, uint32_t offset)
{
	return (uint8_t *)(uintptr_t)sample->bytes.data + offset;
}

static inline void sample_put(const Sample *sample, uint32_t offset, const void *bytes, size_t size)
{
	memcpy(sample_at(sample, offset), bytes, size);
}

static inline void sample_put_u32(const Sample *sample, uint32_t offset, uint64_t value)
{
	sample_put(sample, offset, &(uint32_t){(uint32_t)value}, 4);
}

static inline void sample_put_u64(const Sample *sample, uint32_t offset, uint64_t value)
{
	sample_put(sample, offset, &value, 8);
}

/* Where the header of a section is; number n + 1 is that of the names. */
static inline uint32_t sample_header_at(const Sample *sample, unsigned i)
{
	return (uint32_t)load_u64(sample->bytes.data + offsetof(Elf64_Ehdr, e_shoff)) +
	       i * (uint32_t)sizeof(Elf64_Shdr);
}

static inline Sample sample_new(uint16_t type, uint16_t machine, const SampleSection *sections, unsigned n)
{
	uint32_t names_at = SAMPLE_STEP * (n + 1), name = 1, loaded = SAMPLE_STEP;
	uint32_t headers_at = names_at + SAMPLE_STEP,
		 size = headers_at + (n + 2) * (uint32_t)sizeof(Elf64_Shdr);
	Sample sample = {.bytes = {calloc(size, 1), size}};

	assert_non_null(sample.bytes.data);
	for (unsigned i = 1; i <= n; i++) {
		const SampleSection *from = &sections[i - 1];
		Elf64_Shdr header = {
			.sh_name = name,
			.sh_type = from->type,
			.sh_flags = from->flags,
			.sh_addr = from->flags & SHF_ALLOC ? sample_address(SAMPLE_STEP * i) : 0,
			.sh_offset = SAMPLE_STEP * i,
			.sh_size = from->size,
			.sh_link = from->link,
			.sh_entsize = from->entry_size,
		};

		sample_put(&sample, headers_at + i * (uint32_t)sizeof(header), &header, sizeof(header));
		sample_put(&sample, names_at + name, from->name, strlen(from->name));
		name += (uint32_t)strlen(from->name) + 1;
		if (from->bytes)
			sample_put(&sample, SAMPLE_STEP * i, from->bytes, from->size);
		if (from->flags & SHF_ALLOC)
			loaded = SAMPLE_STEP * (i + 1);
	}
	sample_put(&sample, headers_at + (n + 1) * (uint32_t)sizeof(Elf64_Shdr),
		&(Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = names_at, .sh_size = name},
		sizeof(Elf64_Shdr));
	sample_put(&sample, sizeof(Elf64_Ehdr),
		&(Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = SAMPLE_ADDRESS,
			.p_paddr = SAMPLE_ADDRESS,
			.p_filesz = loaded,
			.p_memsz = loaded,
		},
		sizeof(Elf64_Phdr));
	sample_put(&sample, 0,
		&(Elf64_Ehdr){
			.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			.e_type = type,
			.e_machine = machine,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_shoff = headers_at,
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = (uint16_t)(n + 2),
			.e_shstrndx = (uint16_t)(n + 1),
		},
		sizeof(Elf64_Ehdr));
	return sample;
}

static inline void sample_parse(Sample *sample)
{
	Error error = ERROR_INIT;
	ElfBudget budget = ELF_BUDGET_INIT;

	elf_clear(&sample->elf);
	assert_done(elf_parse(sample->bytes, &budget, &sample->elf, &error), &error);
}

/* Parses it when it is not, and puts the references of a stretch into sample->found: those that change, when
 * what is steady moves together. */
static inline void sample_scan_moving(
	Sample *sample, uint32_t from, uint32_t end, uint32_t skip, SteadyRange steady)
{
	ReferenceScan scan;

	if (!sample->elf.regions)
		sample_parse(sample);
	sample->n = 0;
	reference_scan_begin(&scan, &sample->elf, from, end, skip);
	scan.steady = steady;
	while (scan.at < scan.end) {
		assert_true(SAMPLE_REFERENCES - sample->n >= 64);
		sample->n += reference_scan_next(&scan, sample->found + sample->n, 64);
	}
}

static inline void sample_scan(Sample *sample, uint32_t from, uint32_t end, uint32_t skip)
{
	sample_scan_moving(sample, from, end, skip, (SteadyRange){.size = 0});
}

static inline void sample_clear(Sample *sample)
{
	elf_clear(&sample->elf);
	free((void *)(uintptr_t)sample->bytes.data);
	*sample = (Sample){.n = 0};
}

#define CLEANUP_SAMPLE __attribute__((cleanup(sample_clear)))

/* Asserts what the next of the found references is. */
#define assert_next(sample, i, at_, size_, kind_, from_, target_) \
	do { \
		const Reference *next_ = &(sample)->found[(*(i))++]; \
		assert_true(*(i) <= (sample)->n); \
		assert_int_equal(next_->at, (at_)); \
		assert_int_equal(next_->size, (size_)); \
		assert_int_equal(next_->kind, (kind_)); \
		assert_int_equal(next_->from, (from_)); \
		assert_int_equal(next_->target, (target_)); \
	} while (0)

#define assert_no_more(sample, i) assert_int_equal((i), (sample)->n)
