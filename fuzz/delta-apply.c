/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a delta on honest old files: no crash, and no success with other bytes than promised.
 *
 * A delta whose old files have other digests would stop at once, so a second try gives the parsed header the
 * digests that the old files have, and only then gets to the body whatever the names and digests say. The old
 * files are always the same, and most of them are ELF files: delta-seeds.c makes deltas for them.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "elf-sample.h"
#include "parts/delta/decode/apply.h"

enum {
	SOURCES_MAX = 4,
	RESULT_MAX = 320 * 1024, /* more than the window; beyond, it only costs time */
};

typedef struct Received {
	Hash *hash;
	uint64_t size;
} Received;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int receive(void *userdata, Bytes next, Error *error)
{
	Received *received = userdata;

	received->size += next.size;
	return hash_update(received->hash, next, error);
}

static void apply_to(Bytes delta, const DeltaHeader *header, const Bytes *sources)
{
	CLEANUP(hash_free) Hash *hash = NULL;
	Received received = {NULL, 0};
	Digest digest;
	int result;

	if (hash_new(&hash, NULL) < 0)
		return;
	received.hash = hash;
	result = delta_apply(delta, header, sources, receive, &received, NULL);
	if (result > 0 || received.size > header->result_size)
		abort();
	if (result < 0 || hash_finish(hash, &digest, NULL) < 0)
		return;
	if (received.size != header->result_size || !digest_equal(&digest, &header->result_digest))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t old[2][ELF_SAMPLE_SIZE];
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	Bytes sources[SOURCES_MAX];
	bool as_it_is = true;

	elf_sample(EM_X86_64, old[0]);
	elf_sample(EM_AARCH64, old[1]);
	if (delta_header_parse((Bytes){data, size}, &header, NULL) < 0)
		return 0;
	if (header.n_sources > SOURCES_MAX || header.result_size > RESULT_MAX)
		return 0;
	for (uint32_t i = 0; i < header.n_sources; i++)
		sources[i] = (Bytes){old[header.sources[i].name[0] & 1], ELF_SAMPLE_SIZE};
	apply_to((Bytes){data, size}, &header, sources);
	for (uint32_t i = 0; i < header.n_sources; i++) {
		DeltaSource *source = &header.sources[i];
		Digest digest;

		if (hash_bytes(sources[i], &digest, NULL) < 0)
			return 0;
		as_it_is =
			as_it_is && source->size == ELF_SAMPLE_SIZE && digest_equal(&digest, &source->digest);
		source->size = ELF_SAMPLE_SIZE;
		source->digest = digest;
	}
	if (!as_it_is)
		apply_to((Bytes){data, size}, &header, sources);
	return 0;
}
