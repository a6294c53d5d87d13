/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/decode/explain.h"

#include <math.h>

#include "parts/delta/body/body.h"
#include "parts/delta/body/layout.h"
#include "parts/delta/decode/apply.h"
#include "parts/delta/decode/unpack.h"
#include "parts/delta/model/reference.h"

_Static_assert((int)CODER_PURPOSES <= (int)DELTA_COSTS_MAX, "every purpose has its place");

static const char *const names[CODER_PURPOSES] = {
	[CODER_LAYOUT] = "layout",
	[CODER_BLOCKS] = "blocks",
	[CODER_RUNS] = "corrections",
	[CODER_REFERENCE(REFERENCE_CALL)] = "call",
	[CODER_REFERENCE(REFERENCE_JUMP)] = "jump",
	[CODER_REFERENCE(REFERENCE_BRANCH)] = "branch",
	[CODER_REFERENCE(REFERENCE_SHORT)] = "short branch",
	[CODER_REFERENCE(REFERENCE_ADDRESS)] = "address",
	[CODER_REFERENCE(REFERENCE_INDIRECT)] = "indirect",
	[CODER_REFERENCE(REFERENCE_MEMORY)] = "memory",
	[CODER_REFERENCE(REFERENCE_POINTER)] = "pointer",
	[CODER_REFERENCE(REFERENCE_TABLE)] = "jump table",
	[CODER_REFERENCE(REFERENCE_UNWIND)] = "unwind",
	[CODER_REFERENCE(REFERENCE_UNWIND_SIZE)] = "unwind size",
	[CODER_REFERENCE(REFERENCE_UNWIND_INDEX)] = "unwind index",
	[CODER_REFERENCE(REFERENCE_RELOCATION)] = "relocation",
	[CODER_REFERENCE(REFERENCE_ADDEND)] = "addend",
	[CODER_REFERENCE(REFERENCE_RELOCATION_SYMBOL)] = "relocation symbol",
	[CODER_REFERENCE(REFERENCE_SYMBOL)] = "symbol",
	[CODER_REFERENCE(REFERENCE_SYMBOL_SIZE)] = "symbol size",
	[CODER_REFERENCE(REFERENCE_SYMBOL_NAME)] = "symbol name",
	[CODER_REFERENCE(REFERENCE_HASH)] = "hash",
	[CODER_REFERENCE(REFERENCE_SECTION)] = "headers",
	[CODER_REFERENCE(REFERENCE_NUMBER)] = "number",
	[CODER_KINDS] = "kinds",
	[CODER_CODE] = "new code",
	[CODER_TARGETS] = "new targets",
	[CODER_STRINGS] = "new strings",
	[CODER_DATA] = "new data",
	[CODER_PACKED] = "packed data",
};

/* Reads through another coder and adds up. */
typedef struct Counter {
	Coder coder;
	Coder reader;
	double bits[CODER_PURPOSES];
	double likely[CODER_PURPOSES]; /* 1, times what has not been put into bits yet */
	uint64_t asked[CODER_PURPOSES];
} Counter;

/* log2(x), for x from 1 to 2. libm would be loaded and relocated at each start of a program, for this alone.
 */
static double log2_of(double x)
{
	double log = 0;

	for (double digit = 0.5; digit > 1e-6; digit /= 2) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			log += digit;
		}
	}
	return log;
}

static void add_up(Counter *counter, unsigned purpose)
{
	int exponent;
	double mantissa = frexp(counter->likely[purpose], &exponent);

	counter->bits[purpose] -= exponent - 1 + log2_of(2 * mantissa);
	counter->likely[purpose] = 1;
}

static unsigned count(Coder *coder, unsigned one, unsigned bit)
{
	Counter *counter = (Counter *)coder;

	bit = coder_bit(&counter->reader, one, bit);
	counter->likely[coder->purpose] *= (bit ? one : 65536 - one) / 65536.0;
	if (counter->likely[coder->purpose] < 1e-200)
		add_up(counter, coder->purpose);
	counter->asked[coder->purpose]++;
	return bit;
}

static int drop(void *userdata, Bytes next, Error *error)
{
	(void)userdata;
	(void)next;
	(void)error;
	return 0;
}

static int unpack(void *unpacker, uint64_t packed_size, size_t size, Bytes *ret, Error *error)
{
	return unpack_next(unpacker, packed_size, size, ret, error);
}

static void take_account(const Layout *layout, const Counter *counter, DeltaAccount *ret)
{
	*ret = (DeltaAccount){.blocks = layout->n_blocks, .elf_files = layout->n_new_elves};
	for (uint32_t i = 0; i < layout->n_blocks; i++)
		ret->copied += layout->blocks[i].length;
	ret->new = layout->result_size - ret->copied;
	for (unsigned i = 0; i < CODER_PURPOSES; i++)
		if (counter->asked[i] > 0)
			ret->costs[ret->n_costs++] = (DeltaCost){
				names[i] ? names[i] : "other", counter->bits[i] / 8, counter->asked[i]};
}

int delta_explain(
	Bytes delta, const DeltaHeader *header, const Bytes *sources, DeltaAccount *ret, Error *error)
{
	CLEANUP(layout_clear) Layout layout = {.sources = NULL};
	CLEANUP(unpack_free) Unpack *unpacker = NULL;
	Counter counter = {.coder = {.code = count}};
	BodyReading reading = {.sink = drop, .unpack = unpack};
	Bytes coded, packed;

	for (uint32_t i = 0; i < header->n_sources; i++)
		if (delta_check_source(&header->sources[i], sources[i], error) != 0)
			return -1;
	if (delta_body_parse((Bytes){delta.data + header->size, (size_t)header->body_size}, &coded, &packed,
		    error) < 0 ||
		unpack_new(packed, &unpacker, error) < 0)
		return -1;
	reading.unpacker = unpacker;
	for (unsigned i = 0; i < CODER_PURPOSES; i++)
		counter.likely[i] = 1;
	coder_read_from(&counter.reader, coded);
	if (layout_begin(&layout, sources, header->n_sources, header->result_size, error) < 0 ||
		layout_code(&layout, &counter.coder, false, error) < 0 ||
		body_read(&layout, &counter.coder, &reading, error) < 0)
		return error_in(error, "the delta is damaged");
	for (unsigned i = 0; i < CODER_PURPOSES; i++)
		add_up(&counter, i);
	counter.bits[CODER_PACKED] += 8.0 * (double)packed.size;
	take_account(&layout, &counter, ret);
	return 0;
}
