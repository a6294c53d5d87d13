/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/model/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/delta/model/sample.h"

enum { ROOM = 256 };

/* A file that is mapped: this program, and each library that it runs with. */
typedef void Visit(Bytes bytes, const char *path);

static void visit_file(const char *path, Visit visit)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat about;
	void *data;

	if (fd < 0 || fstat(fd, &about) < 0 || !S_ISREG(about.st_mode) || about.st_size == 0)
		return;
	data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(data, MAP_FAILED);
	visit((Bytes){data, (size_t)about.st_size}, path);
	assert_int_equal(munmap(data, (size_t)about.st_size), 0);
}

static void visit_own_files(Visit visit)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[5000], last[5000] = "";

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		char *path = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		if (!path || strcmp(path, last) == 0)
			continue;
		strcpy(last, path);
		visit_file(path, visit);
	}
	assert_int_equal(fclose(maps), 0);
}

static int parse(Bytes bytes, Elf *ret)
{
	Error error = ERROR_INIT;
	ElfBudget budget = ELF_BUDGET_INIT;
	uint32_t size;

	if (elf_measure(bytes, &size) != 0)
		return ELF_NOT;
	assert_done(elf_parse((Bytes){bytes.data, size}, &budget, ret, &error), &error);
	return 0;
}

/* With nothing moved, each reference has to be what it is. */
static void assert_written_back(const Elf *elf, const Reference *reference, const char *path)
{
	const uint8_t *field = elf->bytes.data + reference->at;
	uint64_t place = 0, target = reference->target;
	uint8_t to[8] = {0};
	uint32_t offset;
	bool done = true;

	(void)segments_address(elf->segments, elf->n_segments, reference->at, &place);
	if (reference->from == ORIGIN_OFFSET) {
		done = segments_offset(elf->segments, elf->n_segments, target, &offset);
		target = offset;
	}
	if (reference->from == ORIGIN_NUMBER)
		reference_put_value(reference, field, reference_value(reference, field), to);
	else
		done = done && reference_write(reference, field, place, reference->origin, target, to);
	if (!done || memcmp(to, field, reference->size) != 0 ||
		!reference_same_but_field(reference, field, to))
		fail_msg("%s: the reference of kind %d at 0x%x is written otherwise", path, reference->kind,
			reference->at);
}

static size_t visited, kinds_seen[REFERENCE_KINDS];

static void write_back(Bytes bytes, const char *path)
{
	CLEANUP(elf_clear) Elf elf = {.regions = NULL};
	Reference found[ROOM];
	ReferenceScan scan;
	uint64_t last = 0;

	if (parse(bytes, &elf) != 0)
		return;
	visited++;
	reference_scan_begin(&scan, &elf, 0, (uint32_t)elf.bytes.size, 0);
	while (scan.at < scan.end) {
		size_t n = reference_scan_next(&scan, found, ROOM);

		for (size_t i = 0; i < n; i++) {
			if (found[i].at < last || found[i].at + (uint64_t)found[i].size > scan.at)
				fail_msg("%s: the reference at 0x%x is not in order", path, found[i].at);
			last = found[i].at + (uint64_t)found[i].size;
			kinds_seen[found[i].kind]++;
			assert_written_back(&elf, &found[i], path);
		}
	}
}

static void writes_the_references_of_this_program_back(void **state)
{
	(void)state;
	visited = 0;
	visit_own_files(write_back);
	assert_true(visited >= 2);
	/* The checks above have checked something. */
	assert_true(kinds_seen[REFERENCE_CALL] > 100);
	assert_true(kinds_seen[REFERENCE_UNWIND] > 100);
	assert_true(kinds_seen[REFERENCE_UNWIND_INDEX] > 100);
	assert_true(kinds_seen[REFERENCE_SYMBOL] > 100);
	assert_true(kinds_seen[REFERENCE_SECTION] > 20);
}

/* A hash of all references of a stretch, taken so many at a time. */
static uint64_t hash_of(Elf *elf, uint32_t from, uint32_t end, size_t room)
{
	Reference found[ROOM];
	ReferenceScan scan;
	uint64_t hash = 14695981039346656037u;

	elf_forget_tables(elf);
	reference_scan_begin(&scan, elf, from, end, 0);
	while (scan.at < scan.end) {
		uint32_t before = scan.at;
		size_t n = reference_scan_next(&scan, found, room);

		assert_true(scan.at > before);
		for (size_t i = 0; i < n; i++)
			hash = (hash ^ found[i].target ^ (uint64_t)found[i].at << 32 ^ found[i].kind) *
			       1099511628211u;
	}
	return hash;
}

static void compare_rooms(Bytes bytes, const char *path)
{
	CLEANUP(elf_clear) Elf elf = {.regions = NULL};
	uint32_t size;

	(void)path;
	if (parse(bytes, &elf) != 0)
		return;
	size = (uint32_t)elf.bytes.size;
	assert_int_equal(hash_of(&elf, 0, size, 64), hash_of(&elf, 0, size, ROOM));
	assert_int_equal(hash_of(&elf, size / 3, size / 2, 65), hash_of(&elf, size / 3, size / 2, 100));
}

static void finds_the_same_however_many_at_a_time(void **state)
{
	(void)state;
	visit_own_files(compare_rooms);
}

/* In regions that need no boundary, a stretch has what the whole has there. */
static void compare_stretches(Bytes bytes, const char *path)
{
	CLEANUP(elf_clear) Elf elf = {.regions = NULL};

	(void)path;
	if (parse(bytes, &elf) != 0)
		return;
	for (uint32_t i = 0; i < elf.n_regions; i++) {
		const ElfRegion *region = &elf.regions[i];
		Reference whole[ROOM], part[ROOM];
		ReferenceScan scan;
		size_t n, next = 0;

		if (region->kind == REGION_X86_64 || region->kind == REGION_AARCH64 ||
			region->kind == REGION_UNWIND || region->kind == REGION_TABLES)
			continue;
		reference_scan_begin(&scan, &elf, region->offset, region->offset + region->size, 0);
		n = reference_scan_next(&scan, whole, ROOM);
		for (uint32_t at = region->offset; at < scan.at && next < n; at += 1 + at % 37) {
			uint32_t end = at + 1 + at % 37 < scan.at ? at + 1 + at % 37 : scan.at;
			ReferenceScan small;
			size_t m;

			reference_scan_begin(&small, &elf, at, end, 0);
			m = reference_scan_next(&small, part, ROOM);
			assert_int_equal(small.at, end);
			while (next < n && whole[next].at < at)
				next++;
			for (size_t j = 0; j < m; j++, next++) {
				assert_int_equal(part[j].at, whole[next].at);
				assert_int_equal(part[j].target, whole[next].target);
			}
			if (next < n)
				assert_true(whole[next].at + (uint32_t)whole[next].size > end);
		}
	}
}

static void finds_in_a_stretch_what_the_whole_has_there(void **state)
{
	(void)state;
	visit_own_files(compare_stretches);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Sections of every kind, with anything in them. */
static Sample wild_sample(uint32_t *seed)
{
	static const SampleSection sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 0xfff, 0, 0},
		{".plt", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 0x100, 0, 16},
		{".rodata", SHT_PROGBITS, SHF_ALLOC, NULL, 0xffd, 0, 0},
		{".eh_frame", SHT_PROGBITS, SHF_ALLOC, NULL, 0xffb, 0, 0},
		{".eh_frame_hdr", SHT_PROGBITS, SHF_ALLOC, NULL, 0x103, 0, 0},
		{".rela.plt", SHT_RELA, SHF_ALLOC | SHF_INFO_LINK, NULL, 0xff7, 8, 24},
		{".relr.dyn", 19, SHF_ALLOC, NULL, 0x101, 0, 8},
		{".dynsym", SHT_DYNSYM, SHF_ALLOC, NULL, 0x123, 9, 24},
		{".dynstr", SHT_STRTAB, SHF_ALLOC, NULL, 0x123, 0, 0},
		{".gnu.hash", SHT_GNU_HASH, SHF_ALLOC, NULL, 0x125, 8, 0},
		{".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, NULL, 0x207, 9, 16},
		{".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 0xfff, 0, 0},
	};
	static const uint16_t machines[] = {EM_X86_64, EM_AARCH64, EM_RISCV};
	enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };
	Sample sample = sample_new(next_random(seed) % 2 ? ET_DYN : ET_EXEC, machines[next_random(seed) % 3],
		sections, SECTIONS);

	for (unsigned i = 0; i < SECTIONS; i++)
		for (size_t j = 0; j < sections[i].size; j += 4) {
			uint32_t kind = next_random(seed) % 4;
			uint32_t word = kind == 0   ? next_random(seed) << 8 ^ next_random(seed)
					: kind == 1 ? SAMPLE_ADDRESS + next_random(seed) % 0xd000
					: kind == 2 ? next_random(seed) % 64
						    : 0;
			size_t left = sections[i].size - j;

			sample_put(
				&sample, (uint32_t)(SAMPLE_STEP * (i + 1) + j), &word, left < 4 ? left : 4);
		}
	return sample;
}

/* Whatever the headers are made to say, no place outside of the file is looked at; the sanitizers watch. */
static void stays_within_any_file(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		CLEANUP_SAMPLE Sample sample = wild_sample(&seed);
		uint32_t headers = sample_header_at(&sample, 0), size = (uint32_t)sample.bytes.size;
		uint32_t from, end;

		for (unsigned i = round % 8; i > 0; i--) {
			uint32_t at = next_random(&seed) % 2 ? headers + next_random(&seed) % (size - headers)
							     : next_random(&seed) % 120;

			*sample_at(&sample, at) = (uint8_t)next_random(&seed);
		}
		if (parse(sample.bytes, &sample.elf) != 0)
			continue;
		size = (uint32_t)sample.elf.bytes.size;
		assert_int_equal(hash_of(&sample.elf, 0, size, 64), hash_of(&sample.elf, 0, size, 100));
		from = next_random(&seed) % size;
		end = from + next_random(&seed) % (size - from);
		(void)hash_of(&sample.elf, from, end, 64);
	}
}

static void stays_within_a_file_that_is_shorter_than_the_stretch(void **state)
{
	uint32_t seed = 2;
	CLEANUP_SAMPLE Sample sample = wild_sample(&seed);
	ReferenceScan scan;

	(void)state;
	sample_parse(&sample);
	reference_scan_begin(&scan, &sample.elf, UINT32_MAX - 1, UINT32_MAX, 1);
	assert_int_equal(scan.at, scan.end);
	(void)hash_of(&sample.elf, (uint32_t)sample.bytes.size - 10, UINT32_MAX, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_references_of_this_program_back),
		cmocka_unit_test(finds_the_same_however_many_at_a_time),
		cmocka_unit_test(finds_in_a_stretch_what_the_whole_has_there),
		cmocka_unit_test(stays_within_any_file),
		cmocka_unit_test(stays_within_a_file_that_is_shorter_than_the_stretch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
