/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/body-state.h"

#include <stdlib.h>

enum { TEACH_MAX = 65536 };

/* Writing: corrections of AArch64 code are of whole instructions. */
static uint32_t word_begin(const Stretch *stretch, uint32_t from, uint32_t at, uint32_t end)
{
	uint32_t back = stretch->old ? (stretch->from - stretch->old->at + at) & 3 : 0;

	return stretch->region == REGION_AARCH64 && at < end && at - from >= back ? at - back : at;
}

static uint32_t word_end(const Stretch *stretch, uint32_t at, uint32_t end)
{
	uint32_t more = stretch->old ? -(stretch->from - stretch->old->at + at) & 3 : 0;

	return stretch->region == REGION_AARCH64 && end - at >= more ? at + more : at;
}

static void skip_references(References *references, uint32_t at)
{
	while (references->next < references->n && references->items[references->next].at < at)
		references->next++;
}

/* What old references there are in and before n bytes that are corrected: those that stay as they are as
 * well.
 */
static const References *find_around(Body *body, const Stretch *stretch, uint32_t offset, uint32_t n)
{
	enum { AROUND = 64 };
	References *around = &body->around;
	uint32_t from = offset > AROUND ? offset - AROUND : 0, base;
	ReferenceScan scan;

	if (!stretch->old || stretch->region != REGION_X86_64)
		return &body->references;
	if (stretch->boundary > from && stretch->boundary <= offset)
		from = stretch->boundary;
	base = stretch->from - stretch->old->at;
	reference_scan_begin(&scan, (Elf *)(uintptr_t)&stretch->old->elf, base + from, base + offset + n, 0);
	around->n = reference_scan_next(&scan, around->items, BODY_CHUNK);
	return around;
}

/* [offset, end) of the stretch, with corrections. */
static int copy_part(
	Body *body, Stretch *stretch, References *references, uint32_t offset, uint32_t end, Error *error)
{
	Coder *coder = body->coder;

	while (offset < end) {
		uint32_t differs = end, n = 0;
		unsigned dirty;

		if (body->writing)
			differs = word_begin(stretch, offset,
				body_first_difference(body, stretch, references, offset, end), end);
		coder->purpose = CODER_RUNS;
		dirty = adaptive_code(&body->dirty[body->was_dirty & 3], coder, differs < end);
		body->was_dirty = (uint8_t)(body->was_dirty << 1 | dirty);
		if (!dirty)
			return body_copy_clean(body, stretch, references, offset, end, error);
		differs = offset + (uint32_t)adaptive_number_code(&body->run, coder, differs - offset);
		if (differs >= end || differs < offset)
			return error_set(error, "a correction lies outside of its block");
		if (body_copy_clean(body, stretch, references, offset, differs, error) < 0)
			return -1;
		offset = differs;
		if (body->writing)
			n = word_end(stretch,
				    offset + body_correction_length(body, stretch, references, offset, end),
				    end) -
			    offset;
		coder->purpose = CODER_RUNS;
		n = (uint32_t)adaptive_number_code(&body->length, coder, n - 1) + 1;
		if (n == 0 || n > end - offset)
			return error_set(error, "a correction is longer than its block");
		if (body_correct(body, stretch, find_around(body, stretch, offset, n), offset, n, error) < 0)
			return -1;
		offset += n;
		skip_references(references, stretch->old ? stretch->from - stretch->old->at + offset : 0);
	}
	return 0;
}

static uint32_t bytes_to_boundary(const Body *body, const Stretch *stretch, uint32_t at)
{
	const uint8_t *marks = body->writing->boundaries[stretch->old - body->layout->old_elves];
	uint32_t skip = 0;

	while (skip < stretch->length && !(marks[(at + skip) / 8] >> (at + skip) % 8 & 1))
		skip++;
	return skip;
}

static int code_skip(Body *body, Stretch *stretch, uint32_t at, uint32_t *ret, Error *error)
{
	const ElfRegion *region = elf_region_at(&stretch->old->elf, at);
	uint64_t skip = 0;

	*ret = 0;
	stretch->region = region->kind;
	if ((region->kind != REGION_X86_64 && region->kind != REGION_UNWIND) || at == region->offset)
		return 0;
	if (body->writing)
		skip = bytes_to_boundary(body, stretch, at);
	body->coder->purpose = CODER_RUNS;
	skip = adaptive_number_code(&body->skip, body->coder, skip);
	if (skip > stretch->length)
		return error_set(error, "an instruction begins outside of its block");
	*ret = stretch->boundary = (uint32_t)skip;
	return 0;
}

static int copy_block(Body *body, const Block *block, Stretch *stretch, Error *error)
{
	References *references = &body->references;
	OldElf *old = layout_old_elf_at(body->layout, block->old);
	NewElf *new = layout_new_elf_at(body->layout, block->at);
	uint32_t offset = 0, base, skip;

	*stretch = (Stretch){
		.bytes = layout_old_bytes(body->layout, block->old).data,
		.from = block->old,
		.length = block->length,
	};
	references->n = references->next = 0;
	if (old && new && block->old - old->at + (uint64_t)block->length <= old->elf.bytes.size) {
		stretch->old = old;
		stretch->new = new;
		addresses_between(body->addresses, old, new, block);
	}
	if (block->same)
		return body_copy(body, stretch->bytes, block->length, error);
	if (!stretch->old)
		return copy_part(body, stretch, references, 0, block->length, error);
	base = block->old - old->at;
	if (code_skip(body, stretch, base, &skip, error) < 0)
		return -1;
	reference_scan_begin(&body->scan, &old->elf, base, base + block->length, skip);
	body->scan.steady = addresses_steady(body->addresses);
	while (offset < block->length) {
		uint32_t end;

		stretch->region = elf_region_at(&old->elf, base + offset)->kind;
		references->n = reference_scan_next(&body->scan, references->items, BODY_CHUNK);
		references->next = 0;
		end = body->scan.at - base;
		if (copy_part(body, stretch, references, offset, end, error) < 0)
			return -1;
		offset = end;
	}
	return 0;
}

static unsigned give_back(Coder *coder, unsigned one, unsigned bit)
{
	(void)coder;
	(void)one;
	return bit;
}

static int code_all(Body *body, Error *error)
{
	Layout *layout = body->layout;
	Stretch stretch = {.old = NULL};

	for (uint32_t i = 0; i <= layout->n_blocks; i++) {
		const Block *block = i < layout->n_blocks ? &layout->blocks[i] : NULL;
		uint32_t until = block ? block->at : layout->result_size;

		if (body->at < until && body_code_between(body, &stretch, block, until - body->at, error) < 0)
			return -1;
		if (block && copy_block(body, block, &stretch, error) < 0)
			return -1;
	}
	return body_flush(body, 0, error);
}

static int code_settings(Body *body, Error *error)
{
	uint64_t bits, gap;

	body->coder->purpose = CODER_LAYOUT;
	bits = adaptive_number_code(&body->setting, body->coder, body->settings.line_bits);
	gap = adaptive_number_code(&body->setting, body->coder, body->settings.teach_gap);
	if (gap > TEACH_MAX)
		return error_set(error, "it teaches more than %d old bytes at once", TEACH_MAX);
	if (bits < NOVEL_LINE_BITS_MIN || bits > NOVEL_LINE_BITS_MAX)
		return error_set(error, "it wants 2^%llu lines of contexts", (unsigned long long)bits);
	body->settings = (BodySettings){(uint32_t)bits, (uint32_t)gap};
	return 0;
}

static void init_models(Body *body)
{
	adaptive_init(body->dirty, 4);
	adaptive_init(body->right, 4);
	adaptive_init(&body->hit[0][0][0][0], sizeof(body->hit) / sizeof(Adaptive));
	adaptive_init(&body->kind[0][0], sizeof(body->kind) / sizeof(Adaptive));
	adaptive_number_init(&body->run);
	adaptive_number_init(&body->length);
	adaptive_number_init(&body->skip);
	adaptive_number_init(&body->setting);
	adaptive_number_init(&body->part);
	adaptive_number_init(&body->packed);
	adaptive_init(body->whole, 2);
	adaptive_number_init(&body->drifts);
	for (unsigned i = 0; i < REFERENCE_KINDS; i++)
		adaptive_number_init(&body->moved[i]);
	adaptive_init(&body->number[0][0][0][0][0], sizeof(body->number) / sizeof(Adaptive));
}

static int run(Body *body, Error *error)
{
	int r;

	body->teacher = (Coder){.code = give_back};
	init_models(body);
	r = code_settings(body, error);
	if (r == 0)
		r = novel_new(body->settings.line_bits, &body->novel, error);
	if (r == 0)
		r = addresses_new(body->layout, &body->addresses, error);
	if (r == 0)
		r = code_all(body, error);
	body->addresses = addresses_free(body->addresses);
	body->novel = novel_free(body->novel);
	return r;
}

int body_read(Layout *layout, Coder *coder, const BodyReading *reading, Error *error)
{
	CLEANUP_FREE Body *body = calloc(1, sizeof(*body));
	CLEANUP_FREE uint8_t *window = malloc(BODY_WINDOW);

	if (!body || !window)
		return error_memory(error);
	body->layout = layout;
	body->coder = coder;
	body->reading = reading;
	body->window = window;
	return run(body, error);
}

int body_write(
	Layout *layout, Coder *coder, const BodySettings *settings, const BodyWriting *writing, Error *error)
{
	CLEANUP_FREE Body *body = calloc(1, sizeof(*body));

	if (!body)
		return error_memory(error);
	body->layout = layout;
	body->coder = coder;
	body->settings = *settings;
	body->writing = writing;
	body->window = (uint8_t *)(uintptr_t)writing->result;
	return run(body, error);
}
