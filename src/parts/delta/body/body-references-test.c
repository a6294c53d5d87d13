/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/body/body.h"
#include "parts/delta/body/novel.h"
#include "parts/delta/body/recorder.h"
#include "parts/delta/model/sample.h"

/* Code that takes addresses in the data behind it, which the new file has further on. */
enum { LEAS = 8, LEA = 7, SHIFT = 16, TEXT = SAMPLE_STEP, DATA = 2 * SAMPLE_STEP };

static uint8_t code[LEAS * LEA], data[SAMPLE_STEP];

typedef struct World {
	Sample old;
	Buffer new, read;
	Layout layout;
	uint8_t *boundaries;
	Recorder recorder;
} World;

static unsigned field_of(unsigned i)
{
	return TEXT + LEA * i + 3;
}

static void put_field(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static Sample make_sample(void)
{
	const SampleSection sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, sizeof(code), 0, 0},
		{".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, data, sizeof(data), 0, 0},
	};

	for (unsigned i = 0; i < LEAS; i++) {
		memcpy(code + LEA * i, (uint8_t[]){0x48, 0x8d, 0x05}, 3);
		put_field(code + LEA * i + 3, SAMPLE_STEP - LEA * (i + 1) + 8 * i);
	}
	return sample_new(ET_DYN, EM_X86_64, sections, 2);
}

static void set_blocks(Layout *layout, uint32_t size)
{
	const Block blocks[] = {
		{.at = 0, .length = DATA, .old = 0},
		{.at = DATA + SHIFT, .length = size - DATA, .old = DATA},
	};

	layout->new_elves = calloc(1, sizeof(*layout->new_elves));
	layout->blocks = calloc(2, sizeof(*blocks));
	assert_true(layout->new_elves && layout->blocks);
	layout->new_elves[0] = (NewElf){
		.size = size + SHIFT,
		.segments = {{SAMPLE_ADDRESS, size + SHIFT, 0, size + SHIFT}},
		.n_segments = 1,
	};
	memcpy(layout->blocks, blocks, sizeof(blocks));
	layout->n_blocks = 2;
	layout->n_new_elves = 1;
}

static int set_up(void **state)
{
	World *world = calloc(1, sizeof(*world));
	const uint8_t *old;
	size_t size;

	assert_non_null(world);
	world->old = make_sample();
	old = world->old.bytes.data;
	size = world->old.bytes.size;
	assert_int_equal(buffer_append(&world->new, old, DATA, NULL), 0);
	assert_int_equal(buffer_append(&world->new, data, SHIFT, NULL), 0);
	assert_int_equal(buffer_append(&world->new, old + DATA, size - DATA, NULL), 0);
	for (unsigned i = 0; i < LEAS; i++)
		put_field(world->new.data + field_of(i), load_u32(old + field_of(i)) + SHIFT);
	world->boundaries = calloc(size / 8 + 1, 1);
	assert_non_null(world->boundaries);
	world->recorder = RECORDER_WRITING;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	World *world = *state;

	sample_clear(&world->old);
	layout_clear(&world->layout);
	buffer_clear(&world->new);
	buffer_clear(&world->read);
	buffer_clear(&world->recorder.bits);
	free(world->boundaries);
	free(world);
	return 0;
}

static bool never_pack(void *packer, Bytes bytes)
{
	(void)packer;
	(void)bytes;
	return false;
}

static int gather(void *userdata, Bytes next, Error *error)
{
	return buffer_append(userdata, next.data, next.size, error);
}

/* How many bits the body takes. */
static size_t write_and_read(World *world)
{
	const uint8_t *const boundaries[] = {world->boundaries};
	const BodyWriting writing = {
		.result = world->new.data, .boundaries = boundaries, .is_to_be_packed = never_pack};
	const BodySettings settings = {.line_bits = NOVEL_LINE_BITS_MIN};
	const BodyReading reading = {.sink = gather, .userdata = &world->read};
	Layout *layout = &world->layout;
	ElfBudget budget = ELF_BUDGET_INIT;
	Error error = ERROR_INIT;

	assert_done(layout_begin(layout, &world->old.bytes, 1, world->new.size, &error), &error);
	assert_done(layout_add_old_elf(layout, 0, &budget, &error), &error);
	set_blocks(layout, (uint32_t)world->old.bytes.size);
	assert_done(layout_sort(layout, &error), &error);
	assert_done(body_write(layout, &world->recorder.coder, &settings, &writing, &error), &error);
	recorder_rewind(&world->recorder);
	elf_forget_tables(&layout->old_elves[0].elf);
	assert_done(body_read(layout, &world->recorder.coder, &reading, &error), &error);
	assert_int_equal(world->recorder.at, world->recorder.bits.size);
	assert_true(bytes_equal(buffer_bytes(&world->read), buffer_bytes(&world->new)));
	return world->recorder.bits.size;
}

static size_t bits_with_wrong(unsigned n)
{
	void *world = NULL;
	size_t bits;

	assert_int_equal(set_up(&world), 0);
	for (unsigned i = 0; i < n; i++)
		put_field(((World *)world)->new.data + field_of(LEAS - 1 - i), 0x1234 * (i + 1));
	bits = write_and_read(world);
	assert_int_equal(tear_down(&world), 0);
	return bits;
}

static void says_nothing_of_single_references_when_all_are_right(void **state)
{
	size_t all_right = write_and_read(*state);

	/* At least a bit for each of the others, and what the one is instead. */
	assert_true(bits_with_wrong(1) >= all_right + LEAS - 1 + 8);
}

static void rebuilds_references_however_many_are_wrong(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= LEAS; n++)
		(void)bits_with_wrong(n);
}

static void corrects_bytes_between_references(void **state)
{
	World *world = *state;

	world->new.data[field_of(3) - 1] ^= 0x18;
	world->new.data[field_of(5) + 4] ^= 0x04;
	(void)write_and_read(world);
}

static void keeps_what_does_not_fit_into_its_field(void **state)
{
	World *world = *state;
	uint8_t *old = (uint8_t *)(uintptr_t)world->old.bytes.data;

	put_field(old + field_of(2), INT32_MAX);
	put_field(world->new.data + field_of(2), INT32_MAX);
	(void)write_and_read(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			says_nothing_of_single_references_when_all_are_right, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			rebuilds_references_however_many_are_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(corrects_bytes_between_references, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_what_does_not_fit_into_its_field, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("body-references", tests, NULL, NULL);
}
