/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "parts/delta/body/body-state.h"
#include "parts/delta/model/aarch64.h"
#include "parts/delta/model/x86-64.h"

/* Without a reference for so many bytes, where instructions begin is found anew from here: it settles soon.
 */
enum { SETTLE = 256 };

static unsigned novel_kind_of_region(unsigned region)
{
	return region == REGION_X86_64    ? NOVEL_X86_64
	       : region == REGION_AARCH64 ? NOVEL_AARCH64
	       : region == REGION_STRINGS ? NOVEL_STRINGS
					  : NOVEL_DATA;
}

/* The bytes of the instruction that is under way at a place of the stretch, which is being copied. */
static void begin_code(Body *body, const Stretch *stretch, uint32_t offset)
{
	uint32_t at = stretch->boundary;
	X86Instruction shape;

	/* Without a reference for long, whatever is found from somewhere on is as good: it settles soon. */
	if (at < offset && offset - at > SETTLE)
		at = offset - SETTLE;

	while (at < offset) {
		x86_64_read(stretch->bytes + at, stretch->length - at, &shape);
		if (shape.length == 0 || at + shape.length > offset)
			break;
		at += shape.length;
	}
	if (at > offset || offset - at >= X86_64_LENGTH_MAX)
		at = offset;
	novel_begin_code(body->novel, body_at(body, body->at - (offset - at)), offset - at);
}

static void teach_word(Body *body, const OldElf *old, uint32_t at)
{
	uint64_t place;

	(void)segments_address(old->elf.segments, old->elf.n_segments, at, &place);
	(void)novel_word(
		body->novel, 0, &body->teacher, a64_absolute(load_u32(old->elf.bytes.data + at), place));
}

/* Teaches the old bytes [from, to) of an old ELF file, their references already made new. */
static void teach(Body *body, const OldElf *old, uint32_t from, uint32_t to)
{
	const uint8_t *bytes = old->elf.bytes.data;
	ReferenceScan scan;
	Reference references[64];
	uint32_t at = from;
	NovelPlace place = {.kind = novel_kind_of_region(elf_region_at(&old->elf, from)->kind)};

	novel_follow(body->novel, bytes + (from > 16 ? from - 16 : 0), from > 16 ? 16 : from);
	novel_begin_code(body->novel, NULL, 0);
	reference_scan_begin(&scan, (Elf *)(uintptr_t)&old->elf, from, to, 0);
	while (at < to) {
		size_t n = reference_scan_next(&scan, references, 64);

		for (size_t i = 0; i <= n; i++) {
			uint32_t until = i < n ? references[i].at : scan.at;
			unsigned skip;

			while (place.kind == NOVEL_AARCH64 && at % 4 == 0 && at + 4 <= until) {
				teach_word(body, old, at);
				at += 4;
			}
			for (; at < until; at++) {
				place.at = at;
				(void)novel_byte(body->novel, &place, &body->teacher, bytes[at]);
			}
			if (i < n && place.kind == NOVEL_AARCH64 && references[i].size == 4 &&
				references[i].at % 4 == 0 && references[i].at + 4 <= to) {
				teach_word(body, old, references[i].at);
				at += 4;
			}
			if (i < n && references[i].from == ORIGIN_PLACE && references[i].size == 4 &&
				place.kind == NOVEL_X86_64 && novel_x86_field(body->novel, &skip)) {
				AddressSource source;
				NovelTarget about = {.kind = references[i].kind, .in_code = true};

				(void)novel_target(body->novel, &about, &body->teacher,
					(uint32_t)addresses_map(
						body->addresses, references[i].target, &source));
				at += 4;
			}
		}
	}
}

/* New bytes: n of them, where the old file has those of the stretch from offset on, if any. */
typedef struct Change {
	const Stretch *stretch;
	uint32_t offset;
	const References *references; /* of the stretch, those around */
} Change;

static const Reference *reference_of(const References *references, uint32_t at)
{
	for (size_t i = 0; references && i < references->n; i++)
		if (references->items[i].at == at)
			return &references->items[i];
	return NULL;
}

static void code_new_target(
	Body *body, const Change *change, unsigned field, unsigned skip, uint32_t old_at, uint8_t *to)
{
	static const uint8_t kinds[] = {
		[X86_FIELD_CALL] = REFERENCE_CALL,
		[X86_FIELD_JUMP] = REFERENCE_JUMP,
		[X86_FIELD_BRANCH] = REFERENCE_BRANCH,
		[X86_FIELD_RIP_LEA] = REFERENCE_ADDRESS,
		[X86_FIELD_RIP_JUMP] = REFERENCE_INDIRECT,
		[X86_FIELD_RIP_DATA] = REFERENCE_MEMORY,
	};
	const Stretch *stretch = change->stretch;
	const NewElf *new = layout_new_elf_at(body->layout, body->at);
	uint32_t place = (new ? (uint32_t)addresses_of_new(new, body->at) : body->at) + skip;
	NovelTarget about = {.kind = kinds[field], .in_code = true};
	const Reference *old = stretch && stretch->old ? reference_of(change->references, old_at) : NULL;
	uint32_t target;
	AddressSource source;

	if (old && old->from == ORIGIN_PLACE && old->size == 4) {
		about.expectation = (uint32_t)addresses_map(body->addresses, old->target, &source);
		about.expected = true;
	}
	target = novel_target(body->novel, &about, body->coder, load_u32(to) + place) - place;
	for (unsigned i = 0; i < 4; i++)
		body_put(body, &to[i], (uint8_t)(target >> (8 * i)));
}

/* A whole instruction of AArch64, at a place that is a multiple of its size. */
static void code_new_word(Body *body, const Change *change, uint32_t offset, uint64_t place, uint8_t *to)
{
	const Stretch *stretch = change->stretch;
	uint32_t old = 0, word;

	if (stretch && stretch->old && offset + 4 <= stretch->length) {
		uint64_t old_place;

		(void)segments_address(stretch->old->elf.segments, stretch->old->elf.n_segments,
			stretch->from - stretch->old->at + offset, &old_place);
		old = a64_absolute(load_u32(stretch->bytes + offset), old_place);
	}
	word = novel_word(
		body->novel, old, body->coder, body->writing ? a64_absolute(load_u32(to), place) : 0);
	word = a64_relative(word, place);
	for (unsigned i = 0; i < 4; i++)
		body_put(body, &to[i], (uint8_t)(word >> (8 * i)));
}

static int code_change(Body *body, const Change *change, NovelKind kind, uint32_t n, Error *error)
{
	static const CoderPurpose purposes[NOVEL_KINDS] = {
		[NOVEL_DATA] = CODER_DATA,
		[NOVEL_STRINGS] = CODER_STRINGS,
		[NOVEL_X86_64] = CODER_CODE,
		[NOVEL_AARCH64] = CODER_CODE,
	};
	const Stretch *stretch = change->stretch;
	NovelPlace place = {.kind = kind};
	const NewElf *new = layout_new_elf_at(body->layout, body->at);
	uint32_t offset = change->offset, end = body->at + n;

	body->coder->purpose = purposes[kind];
	while (body->at < end) {
		uint8_t *to;
		unsigned field, skip;
		uint32_t step = 1;

		if (body_room(body, 8, error) < 0)
			return -1;
		to = body_at(body, body->at);
		place.at = body->at;
		place.old = NULL;
		if (stretch && stretch->bytes && offset <= stretch->length) {
			place.old = stretch->bytes + offset;
			place.old_left = stretch->length - offset;
		}
		if (kind == NOVEL_X86_64 && end - body->at >= 4 &&
			(field = novel_x86_field(body->novel, &skip)) != 0) {
			code_new_target(body, change, field, skip,
				stretch && stretch->old ? stretch->from - stretch->old->at + offset : 0, to);
			step = 4;
		} else if (kind == NOVEL_AARCH64 && new &&end - body->at >= 4 &&
			   addresses_of_new(new, body->at) % 4 == 0) {
			code_new_word(body, change, offset, addresses_of_new(new, body->at), to);
			step = 4;
		} else {
			body_put(body, to,
				novel_byte(body->novel, &place, body->coder, body->writing ? *to : 0));
		}
		body->at += step;
		offset += step;
	}
	return 0;
}

/* What a part of the bytes between two blocks is: NovelKind, or one of these. */
enum { PART_ZEROS = NOVEL_KINDS, PART_PACKED };

static unsigned code_kind(Body *body, unsigned region, unsigned kind)
{
	unsigned node = 1;

	body->coder->purpose = CODER_KINDS;
	for (unsigned i = 3; i-- > 0;)
		node = node << 1 | adaptive_code(&body->kind[region][node], body->coder, kind >> i & 1);
	return node & 7;
}

static void follow(Body *body)
{
	uint32_t known = body->at - body->window_at;

	known = known < 16 ? known : 16;
	novel_follow(body->novel, body_at(body, body->at - known), known);
}

int body_correct(
	Body *body, Stretch *stretch, const References *references, uint32_t offset, uint32_t n, Error *error)
{
	Change change = {stretch, offset, references};
	NovelKind kind = novel_kind_of_region(stretch->region);

	follow(body);
	if (kind == NOVEL_X86_64)
		begin_code(body, stretch, offset);
	return code_change(body, &change, kind, n, error);
}

/* Writing: how many of n bytes are the next part, and of which kind. */
static uint32_t next_part(
	const Body *body, const uint8_t *bytes, uint32_t n, unsigned usual, unsigned *ret_kind)
{
	enum { ZEROS_MIN = 256, PACKED_MIN = 1024 };
	uint32_t zeros = 0, length = 0;

	while (zeros < n && bytes[zeros] == 0)
		zeros++;
	if (zeros >= ZEROS_MIN) {
		*ret_kind = PART_ZEROS;
		return zeros;
	}
	/* Up to the next run of zeros. */
	for (zeros = 0; length < n && zeros < ZEROS_MIN; length++)
		zeros = bytes[length] == 0 ? zeros + 1 : 0;
	if (zeros >= ZEROS_MIN)
		length -= ZEROS_MIN;
	*ret_kind = length >= PACKED_MIN && body->writing->is_to_be_packed(
						    body->writing->packer, (Bytes){bytes, length})
			    ? PART_PACKED
			    : usual;
	return length;
}

static int code_zeros(Body *body, uint32_t n, Error *error)
{
	static const uint8_t zeros[4096];

	for (uint32_t done = 0; done < n;) {
		uint32_t part = n - done < sizeof(zeros) ? n - done : (uint32_t)sizeof(zeros);

		if (body_copy(body, zeros, part, error) < 0)
			return -1;
		done += part;
	}
	return 0;
}

static int code_packed(Body *body, uint32_t n, Error *error)
{
	for (uint32_t done = 0; done < n;) {
		uint32_t part = n - done < BODY_PACKED_MAX ? n - done : BODY_PACKED_MAX;
		Bytes bytes = {NULL, 0};
		uint64_t size = 0;

		if (body->writing) {
			bytes = (Bytes){body_at(body, body->at), part};
			if (body->writing->pack(body->writing->packer, bytes, &size, error) < 0)
				return -1;
		}
		body->coder->purpose = CODER_PACKED;
		size = adaptive_number_code(&body->packed, body->coder, size);
		if (body->reading &&
			body->reading->unpack(body->reading->unpacker, size, part, &bytes, error) < 0)
			return -1;
		if (body_copy(body, bytes.data, part, error) < 0)
			return -1;
		done += part;
	}
	return 0;
}

static int code_part(
	Body *body, const Stretch *last, const Change *change, unsigned kind, uint32_t n, Error *error)
{
	if (kind == PART_ZEROS)
		return code_zeros(body, n, error);
	if (kind == PART_PACKED)
		return code_packed(body, n, error);
	if (kind > PART_PACKED)
		return error_set(error, "it has new bytes of the unknown kind %u", kind);
	follow(body);
	if (kind == NOVEL_X86_64 && last->old)
		begin_code(body, last, last->length);
	else
		novel_begin_code(body->novel, NULL, 0);
	return code_change(body, change, (NovelKind)kind, n, error);
}

static int code_parts(
	Body *body, const Stretch *last, Change *change, unsigned region, uint32_t n, Error *error)
{
	const unsigned usual = novel_kind_of_region(region);
	bool first = true;

	while (n > 0) {
		unsigned kind = usual;
		uint32_t part = n;

		if (body->writing)
			part = next_part(body, body_at(body, body->at), n, usual, &kind);
		kind = code_kind(body, region, kind);
		if (!adaptive_code(&body->whole[first], body->coder, part == n))
			part = (uint32_t)adaptive_number_code(&body->part, body->coder, part);
		else
			part = n;
		if (part == 0 || part > n)
			return error_set(error, "a part of the new bytes is longer than all of them");
		if (code_part(body, first ? last : &(Stretch){.old = NULL}, change, kind, part, error) < 0)
			return -1;
		/* What follows corresponds to nothing old. */
		change->stretch = NULL;
		first = false;
		n -= part;
	}
	return 0;
}

int body_code_between(Body *body, const Stretch *last, const Block *next, uint32_t n, Error *error)
{
	Stretch stretch = {.old = NULL};
	References *references = &body->references;
	Change change = {NULL, 0, references};
	unsigned region = REGION_KINDS;
	uint32_t old_at = last->from + last->length;

	references->n = references->next = 0;
	if (last->old && last->new &&old_at - last->old->at < last->old->elf.bytes.size) {
		uint32_t base = old_at - last->old->at, left = (uint32_t)last->old->elf.bytes.size - base;
		uint32_t gap = next && next->old > old_at ? next->old - old_at : 0;

		region = elf_region_at(&last->old->elf, base > 0 ? base - 1 : 0)->kind;
		stretch = *last;
		stretch.from = old_at;
		stretch.bytes = last->bytes + last->length;
		stretch.length = left < n + 64 ? left : n + 64;
		if (gap > left || gap > body->settings.teach_gap)
			gap = 0;
		if (gap > 0)
			teach(body, last->old, base, base + gap);
		reference_scan_begin(
			&body->scan, (Elf *)(uintptr_t)&last->old->elf, base, base + stretch.length, 0);
		references->n = reference_scan_next(&body->scan, references->items, BODY_CHUNK);
		change.stretch = &stretch;
	}
	return code_parts(body, last, &change, region, n, error);
}
