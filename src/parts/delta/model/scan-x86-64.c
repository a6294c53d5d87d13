/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/scanners.h"
#include "parts/delta/model/x86-64-step.h"

enum {
	RELA_SIZE = 24,
	PUSH = 0x68,
	MOVE = 0xb8, /* and the register */
	REX_B = 0x41,
	JUMP = 0xe9,
	BND = 0xf2,
	HIGHEST_NUMBER = 0xffff, /* above it, what may be an address is one */
};

static const uint8_t kinds[] = {
	[X86_FIELD_CALL] = REFERENCE_CALL,
	[X86_FIELD_JUMP] = REFERENCE_JUMP,
	[X86_FIELD_BRANCH] = REFERENCE_BRANCH,
	[X86_FIELD_SHORT] = REFERENCE_SHORT,
	[X86_FIELD_RIP_LEA] = REFERENCE_ADDRESS,
	[X86_FIELD_RIP_JUMP] = REFERENCE_INDIRECT,
	[X86_FIELD_RIP_DATA] = REFERENCE_MEMORY,
};

static uint64_t signed_value(const uint8_t *field, unsigned size)
{
	return size == 1 ? (uint64_t)(int64_t)(int8_t)field[0] : (uint64_t)(int64_t)(int32_t)load_u32(field);
}

/* Code that takes the address of something in .rodata may mean a jump table. */
static void mark_table(Elf *elf, uint64_t address)
{
	uint32_t offset;

	if (!elf->table_starts || !segments_offset(elf->segments, elf->n_segments, address, &offset) ||
		offset < elf->tables_from || offset >= elf->tables_to || offset % 4 != 0)
		return;
	offset = (offset - elf->tables_from) / 4;
	elf->table_starts[offset / 8] |= (uint8_t)(1u << offset % 8);
}

static inline void add_relative(
	ReferenceScan *scan, uint64_t address, uint32_t from, X86Step shape, Found *found)
{
	uint32_t at = from + x86_step_field_at(shape);
	Reference reference = {
		.target =
			address + shape.length + signed_value(bytes_at(scan, at), x86_step_field_size(shape)),
		.at = at,
		.size = (uint8_t)x86_step_field_size(shape),
		.kind = kinds[x86_step_field(shape)],
		.from = ORIGIN_PLACE,
		.unit = 1,
		.skip = (uint8_t)(shape.length - x86_step_field_at(shape)),
	};

	if (x86_step_field(shape) == X86_FIELD_RIP_LEA)
		mark_table(scan->elf, reference.target);
	found_add(found, reference);
}

static void add_absolute(const ReferenceScan *scan, uint32_t at, ReferenceKind kind, Found *found)
{
	uint64_t value = load_u32(bytes_at(scan, at));

	if (value > HIGHEST_NUMBER && elf_is_address(scan->elf, value))
		found_add(found, reference_to(at, 4, kind, value));
}

/* Where code does not move, addresses are operands of 32 bits. */
static void add_absolutes(const ReferenceScan *scan, uint32_t at, Found *found)
{
	X86Instruction shape;

	x86_64_read(bytes_at(scan, at), found->end - at, &shape);
	if (shape.displacement_size == 4 && shape.field == X86_FIELD_NONE)
		add_absolute(scan, at + shape.displacement_at, REFERENCE_MEMORY, found);
	if (shape.immediate_size == 4 && shape.field_at != shape.immediate_at)
		add_absolute(scan, at + shape.immediate_at, REFERENCE_ADDRESS, found);
}

/* mov $number, register */
static void add_number(const ReferenceScan *scan, uint32_t at, X86Step shape, Found *found)
{
	const uint8_t *code = bytes_at(scan, at);
	unsigned rex = shape.length == 6 && code[0] == REX_B;
	uint32_t number;

	if (shape.length != 5 + rex || (code[rex] & 0xf8) != MOVE)
		return;
	number = load_u32(code + rex + 1);
	if (number >= SCAN_NUMBER_MIN && number <= HIGHEST_NUMBER)
		found_add(found, (Reference){
					 .at = at + rex + 1,
					 .size = 4,
					 .kind = REFERENCE_NUMBER,
					 .from = ORIGIN_NUMBER,
					 .unit = (uint8_t)((code[rex] & 7) | rex << 3),
				 });
}

/* An entry of a PLT pushes which relocation it is for, and jumps to the PLT's begin. */
static bool is_plt_push(const ReferenceScan *scan, const ElfRegion *region, uint32_t at)
{
	const uint8_t *code = bytes_at(scan, at);
	uint32_t left = region_end(region) - at;

	return code[0] == PUSH && left >= 7 && (code[5] == JUMP || (code[5] == BND && code[6] == JUMP));
}

static void add_push(const ReferenceScan *scan, uint32_t at, Found *found)
{
	uint32_t index = load_u32(bytes_at(scan, at + 1));

	/* More relocations than an ELF file of 4 GiB has room for are none. */
	if (index < UINT32_MAX / RELA_SIZE)
		found_add(found, reference_from(at + 1, 4, REFERENCE_RELOCATION_SYMBOL,
					 scan->elf->plt_relocations, index, RELA_SIZE));
}

/* What some code has besides. */
static void add_more(
	const ReferenceScan *scan, const ElfRegion *region, uint32_t at, X86Step shape, Found *found)
{
	if (scan->boundaries)
		scan->boundaries[at / 8] |= (uint8_t)(1u << at % 8);
	if (shape.length == 0 || shape.length > found->end - at)
		return;
	if (region->is_plt && scan->elf->plt_relocations > 0 && is_plt_push(scan, region, at))
		add_push(scan, at, found);
	else if (scan->elf->fixed_address && shape.length >= 5)
		add_absolutes(scan, at, found);
}

/* Without what is not asked for, the compiler makes a loop of its own. */
static inline void walk(ReferenceScan *scan, const ElfRegion *region, bool more, Found *found)
{
	uint32_t at = scan->at, end = found->end;
	const uint8_t *bytes = scan->elf->bytes.data;
	uint64_t address = region->address - region->offset;

	while (at < end && found_has_room(found)) {
		X86Step shape = x86_64_step(bytes + at, end - at);

		if (shape.length == 0 || shape.length > end - at) {
			if (more)
				add_more(scan, region, at, shape, found);
			at = end;
			break;
		}
		if (x86_step_field(shape) != X86_FIELD_NONE)
			add_relative(scan, address + at, at, shape, found);
		if (more)
			add_more(scan, region, at, shape, found);
		if (shape.found & X86_STEP_MOVE)
			add_number(scan, at, shape, found);
		at += shape.length;
	}
	scan->at = at;
}

void scan_x86_64(ReferenceScan *scan, const ElfRegion *region, Found *found)
{
	if (scan->boundaries || region->is_plt || scan->elf->fixed_address)
		walk(scan, region, true, found);
	else
		walk(scan, region, false, found);
}
