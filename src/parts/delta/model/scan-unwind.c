/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * .eh_frame (LSB, "Exception Frames"): a list of entries, each with its length before it. A CIE says how the
 * FDEs that point back to it encode addresses; an FDE is about one function.
 */
#include "parts/delta/model/scanners.h"

/* How an address is written (LSB, "DWARF Exception Header Encoding"). */
enum {
	ENCODING_NONE = 0xff,
	ENCODING_ABSOLUTE = 0x00, /* eight bytes */
	ENCODING_PLACE_S4 = 0x1b, /* relative to the field, four bytes with a sign */
	ENCODING_PLACE_S8 = 0x1c,
	ENCODING_INDIRECT = 0x80,
};

enum {
	CIE_MAX = 256, /* bytes of a CIE that are read: each of many FDEs may have one of its own */
	INDEX_HEADER = 12,
	INDEX_ENTRY = 8,
};

typedef struct Entry {
	uint32_t at, end; /* of the file; the length included */
	uint32_t id_at;   /* the field that tells a CIE from an FDE */
} Entry;

static bool read_entry(const Elf *elf, const ElfRegion *region, uint32_t at, Entry *ret)
{
	uint32_t left = region_end(region) - at, length;

	if (left < 8)
		return false;
	length = load_u32(elf->bytes.data + at);
	if (length < 4 || length > left - 4)
		return false;
	*ret = (Entry){at, at + 4 + length, at + 4};
	return true;
}

/* Skips a LEB128 number; false when it does not end. */
static bool skip_number(const uint8_t *bytes, uint32_t *at, uint32_t end)
{
	while (*at < end)
		if (bytes[(*at)++] < 0x80)
			return true;
	return false;
}

/* Bytes of an address in this encoding; 0 when it is a number of unknown length. */
static uint32_t encoded_size(uint8_t encoding)
{
	static const uint8_t sizes[16] = {
		[0x0] = 8, [0x2] = 2, [0x3] = 4, [0x4] = 8, [0xa] = 2, [0xb] = 4, [0xc] = 8};

	return sizes[encoding & 15];
}

typedef struct Cie {
	uint8_t pointers, lsda;  /* encodings */
	uint8_t personality;     /* the same, without ENCODING_INDIRECT */
	bool has_augmentation;   /* its FDEs have the length of something before the LSDA */
	uint32_t personality_at; /* 0: there is none */
} Cie;

/* What the letters of the augmentation say is in the bytes from at on, in the same order. */
static void read_augmentation(const uint8_t *bytes, uint32_t letters, uint32_t at, uint32_t end, Cie *ret)
{
	for (; bytes[letters] && at < end; letters++) {
		switch (bytes[letters]) {
		case 'R':
			ret->pointers = bytes[at++];
			break;
		case 'L':
			ret->lsda = bytes[at++];
			break;
		case 'P':
			ret->personality = bytes[at++] & (uint8_t)~ENCODING_INDIRECT;
			ret->personality_at = at;
			if (encoded_size(ret->personality) == 0)
				return;
			at += encoded_size(ret->personality);
			break;
		case 'S': /* a signal's frame */
		case 'B': /* AArch64: return addresses are signed with another key */
		case 'G': /* AArch64: the stack is tagged */
			break;
		default:
			return;
		}
	}
}

static bool read_cie(const Elf *elf, const Entry *entry, Cie *ret)
{
	const uint8_t *bytes = elf->bytes.data;
	uint32_t end = entry->end - entry->at < CIE_MAX ? entry->end : entry->at + CIE_MAX;
	uint32_t at = entry->id_at + 5, letters = at; /* behind the id and the version */

	*ret = (Cie){.lsda = ENCODING_NONE};
	while (at < end && bytes[at])
		at++;
	if (at >= end)
		return false;
	at++;
	/* The alignments of code and data, the register of the return address. */
	for (unsigned i = 0; i < 3; i++)
		if (!skip_number(bytes, &at, end))
			return false;
	if (bytes[letters] == 'z' && skip_number(bytes, &at, end)) {
		ret->has_augmentation = true;
		read_augmentation(bytes, letters + 1, at, end, ret);
	}
	return true;
}

/* Adds the address at a place before end. Zero means that there is none, which is not told by the sum.
 * Returns its target, and in *ret_size how many bytes it has, 0 when it is encoded in another way. */
static uint64_t add_encoded(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, uint32_t end,
	uint8_t encoding, uint32_t *ret_size, Found *found)
{
	uint32_t size = encoding == ENCODING_PLACE_S4                                    ? 4
			: encoding == ENCODING_PLACE_S8 || encoding == ENCODING_ABSOLUTE ? 8
											 : 0;
	Reference reference;

	*ret_size = 0;
	if (size == 0 || at > end || end - at < size)
		return 0;
	reference = reference_to(at, (uint8_t)size, REFERENCE_UNWIND, 0);
	reference.from = encoding == ENCODING_ABSOLUTE ? ORIGIN_NOTHING : ORIGIN_PLACE;
	reference.target = reference_load(&reference, bytes_at(scan, at));
	if (reference.target == 0)
		return 0;
	if (reference.from == ORIGIN_PLACE)
		reference.target += address_in(region, at);
	*ret_size = size;
	found_add(found, reference);
	return reference.target;
}

/* Most FDEs have the CIE of the one before. */
static bool find_cie(ReferenceScan *scan, const ElfRegion *region, const Entry *fde)
{
	uint32_t back = load_u32(bytes_at(scan, fde->id_at));
	uint32_t at = fde->id_at - back;
	Entry entry;
	Cie cie;

	if (back > fde->id_at - region->offset)
		return false;
	if (scan->cie == (uint64_t)at + 1)
		return true;
	if (!read_entry(scan->elf, region, at, &entry) || load_u32(bytes_at(scan, entry.id_at)) != 0 ||
		!read_cie(scan->elf, &entry, &cie))
		return false;
	scan->cie = (uint64_t)at + 1;
	scan->pointers = cie.pointers;
	scan->lsda_pointers = cie.lsda;
	scan->has_augmentation = cie.has_augmentation;
	return true;
}

static void add_lsda(
	const ReferenceScan *scan, const ElfRegion *region, const Entry *fde, uint32_t at, Found *found)
{
	if (scan->has_augmentation && scan->lsda_pointers != ENCODING_NONE &&
		skip_number(scan->elf->bytes.data, &at, fde->end))
		(void)add_encoded(scan, region, at, fde->end, scan->lsda_pointers, &(uint32_t){0}, found);
}

static void add_fde(ReferenceScan *scan, const ElfRegion *region, const Entry *fde, Found *found)
{
	Reference back = reference_to(fde->id_at, 4, REFERENCE_UNWIND, 0);
	uint32_t at = fde->id_at + 4, size;
	uint64_t begin, length;

	if (!find_cie(scan, region, fde))
		return;
	back.from = ORIGIN_BEHIND;
	back.target = address_in(region, (uint32_t)scan->cie - 1);
	found_add(found, back);
	begin = add_encoded(scan, region, at, fde->end, scan->pointers, &size, found);
	if (size == 0 || fde->end - at < 2 * size)
		return;
	at += size;
	length = size == 4 ? load_u32(bytes_at(scan, at)) : load_u64(bytes_at(scan, at));
	if (length > 0)
		found_add(found, reference_span(at, (uint8_t)size, REFERENCE_UNWIND_SIZE, begin, length));
	add_lsda(scan, region, fde, at + size, found);
}

static void add_cie(ReferenceScan *scan, const ElfRegion *region, const Entry *entry, Found *found)
{
	Cie cie;

	if (read_cie(scan->elf, entry, &cie) && cie.personality_at > 0)
		(void)add_encoded(
			scan, region, cie.personality_at, entry->end, cie.personality, &(uint32_t){0}, found);
}

void scan_unwind(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	while (!scan->lost && scan->at < found->end && found_has_room(found)) {
		Entry entry;

		if (!read_entry(scan->elf, region, scan->at, &entry)) {
			scan->lost = true;
			break;
		}
		if (scan->boundaries)
			scan->boundaries[scan->at / 8] |= (uint8_t)(1u << scan->at % 8);
		if (load_u32(bytes_at(scan, entry.id_at)) == 0)
			add_cie(scan, region, &entry, found);
		else
			add_fde(scan, region, &entry, found);
		scan->at = entry.end < found->end ? entry.end : found->end;
	}
	if (scan->lost)
		scan->at = found->end;
}

/* The usual encodings: where .eh_frame is, relative to the field; how many entries there are; the entries,
 * relative to the begin of the section. */
static bool is_usual_index(const ReferenceScan *scan, const ElfRegion *region)
{
	static const uint8_t usual[4] = {1, ENCODING_PLACE_S4, 0x03, 0x3b};

	return region->size >= INDEX_HEADER &&
	       memcmp(bytes_at(scan, region->offset), usual, sizeof(usual)) == 0;
}

/* Where a function is, and where its FDE is. */
static void add_index_entry(const ReferenceScan *scan, const ElfRegion *region, uint32_t at, Found *found)
{
	for (unsigned i = 0; i < 2; i++, at += 4)
		found_add(found, reference_from(at, 4, REFERENCE_UNWIND_INDEX, region->address,
					 (uint64_t)(int64_t)(int32_t)load_u32(bytes_at(scan, at)), 1));
}

void scan_unwind_index(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	uint32_t first = region->offset + INDEX_HEADER;

	if (!is_usual_index(scan, region)) {
		scan->at = found->end;
		return;
	}
	if (scan->at < first) {
		(void)add_encoded(
			scan, region, region->offset + 4, first, ENCODING_PLACE_S4, &(uint32_t){0}, found);
		scan->at = first < found->end ? first : found->end;
	}
	scan_entries(scan, region, first, region_end(region), INDEX_ENTRY, add_index_entry, found);
}
