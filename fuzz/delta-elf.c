/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hostile ELF files as old and as new: the model stays within them, whatever stretch it looks at, and what it
 * finds is what is there; the delta between them applies, and gives the new one bit for bit.
 *
 * Both begin as a sound file. Input: one byte that says which, one that says how many edits are of the old
 * file; then edits of four bytes: two for the place, one for what is done there, one for the value. The new
 * file begins as the old one with its edits.
 */
#include <stddef.h>
#include <stdlib.h>

#include "elf-sample.h"
#include "parts/delta/decode/apply.h"
#include "parts/delta/encode/diff.h"
#include "parts/delta/model/scan.h"

enum { ROOM = 2 * ELF_SAMPLE_SIZE, REFERENCES = 64 };

typedef struct Made {
	uint8_t bytes[ROOM];
	size_t size;
} Made;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sets a byte, or words that lie at multiples of their size; inserts or removes a few bytes. */
static void edit(Made *made, const uint8_t *how)
{
	size_t at = load_u16(how) % made->size, n = how[3] % 32 + 1u;

	switch (how[2] % 6) {
	case 0:
		made->bytes[at] = how[3];
		break;
	case 1:
		made->bytes[at] ^= (uint8_t)(1u << how[3] % 8);
		break;
	case 2:
		at &= ~(size_t)7;
		if (at + 8 <= made->size)
			memset(made->bytes + at, how[3] < 128 ? 0 : 0xff, 8);
		break;
	case 3:
		at &= ~(size_t)3;
		if (at + 4 <= made->size)
			elf_sample_put(made->bytes, (uint32_t)at,
				load_u32(made->bytes + at) + (uint64_t)(int8_t)how[3], 4);
		break;
	case 4:
		if (made->size + n <= ROOM) {
			memmove(made->bytes + at + n, made->bytes + at, made->size - at);
			made->size += n;
		}
		break;
	default:
		if (at + n < made->size) {
			memmove(made->bytes + at, made->bytes + at + n, made->size - at - n);
			made->size -= n;
		}
	}
}

static int gather(void *userdata, Bytes next, Error *error)
{
	return buffer_append(userdata, next.data, next.size, error);
}

static void round_trip(Bytes old, Bytes new, DiffLevel level)
{
	const DiffSource source = {".", old};
	const DiffJob job = {.workers = 1, .sources = &source, .n_sources = 1, .result = new, .level = level};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_BUFFER Buffer out = BUFFER_INIT;
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};

	if (delta_diff(&job, &delta, NULL) < 0 ||
		delta_header_parse(buffer_bytes(&delta), &header, NULL) < 0 ||
		delta_apply(buffer_bytes(&delta), &header, &old, gather, &out, NULL) != 0 ||
		!bytes_equal(buffer_bytes(&out), new))
		abort();
}

/* With nothing moved a reference is written as it is, or not at all: a name's index of 2^31 does not fit.
 * Where sections and segments contradict each other nothing is said of what a field means. */
static void check_written_back(const Elf *elf, const Reference *reference)
{
	const ElfRegion *region = elf_region_at(elf, reference->at);
	const uint8_t *field = elf->bytes.data + reference->at;
	uint64_t place = 0, target = 0;
	uint8_t to[8] = {0};

	(void)segments_address(elf->segments, elf->n_segments, reference->at, &place);
	if (reference->from == ORIGIN_OFFSET || place != region->address + (reference->at - region->offset))
		return;
	if (reference->from == ORIGIN_NUMBER)
		reference_put_value(reference, field, reference_value(reference, field), to);
	else if (!reference_write(reference, field, place, reference->origin, reference->target, to))
		return;
	if (memcmp(to, field, reference->size) != 0)
		abort();
	/* An instruction may have just half of an address. */
	if (reference->from != ORIGIN_NUMBER && reference->form == REFERENCE_PLAIN &&
		reference_target(reference, field, place, reference->origin, &target) &&
		target != reference->target)
		abort();
}

/* References come in order, within the stretch, and without overlap. */
static void scan_stretch(Elf *elf, uint32_t from, uint32_t end, uint32_t skip)
{
	Reference references[REFERENCES];
	ReferenceScan scan;
	uint32_t behind = from;

	reference_scan_begin(&scan, elf, from, end, skip);
	while (scan.at < scan.end) {
		uint32_t before = scan.at;
		size_t n = reference_scan_next(&scan, references, REFERENCES);

		if (n == 0 && scan.at == before)
			abort();
		for (size_t i = 0; i < n; i++) {
			if (references[i].at < behind || references[i].at + references[i].size > end)
				abort();
			check_written_back(elf, &references[i]);
			behind = references[i].at + references[i].size;
		}
	}
}

static void scan_all(Bytes bytes, uint32_t from, uint32_t length)
{
	CLEANUP(elf_clear) Elf elf = {.regions = NULL};
	ElfBudget budget = ELF_BUDGET_INIT;
	uint32_t size;

	if (elf_measure(bytes, &size) != 0 || elf_parse((Bytes){bytes.data, size}, &budget, &elf, NULL) < 0)
		return;
	scan_stretch(&elf, 0, size, 0);
	from %= size;
	scan_stretch(&elf, from, from + length % (size - from + 1), length % 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Made old, new;
	CLEANUP_FREE uint8_t *exact = NULL;
	size_t n_old;

	if (size < 2 || size > 4096)
		return 0;
	old.size = ELF_SAMPLE_SIZE;
	elf_sample(data[0] & 1 ? EM_AARCH64 : EM_X86_64, old.bytes);
	n_old = data[1];
	for (size_t at = 2; at + 4 <= size; at += 4) {
		if ((at - 2) / 4 == n_old)
			new = old;
		edit((at - 2) / 4 < n_old ? &old : &new, data + at);
	}
	if (2 + 4 * n_old + 4 > size)
		new = old;
	/* Of just the right size, so that the sanitizer sees the first byte read beyond it. */
	exact = malloc(old.size);
	if (!exact)
		return 0;
	memcpy(exact, old.bytes, old.size);
	scan_all((Bytes){exact, old.size}, load_u16(data), data[size - 1] * 17u);
	round_trip(
		(Bytes){exact, old.size}, (Bytes){new.bytes, new.size}, data[0] & 2 ? DIFF_FAST : DIFF_SMALL);
	return 0;
}
