/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the seeds of delta-apply: deltas between its old files and what has become of them.
 *
 *     delta-seeds DIRECTORY
 */
#include <stdio.h>
#include <stdlib.h>

#include "elf-sample.h"
#include "parts/delta/encode/diff.h"

enum { INSERTED = 24, NOISE = 3000 };

static int write_seed(
	const char *directory, const char *name, const DiffSource *sources, size_t n, Bytes result)
{
	const DiffJob job = {.sources = sources, .n_sources = n, .result = result};
	CLEANUP_BUFFER Buffer delta = BUFFER_INIT;
	CLEANUP_FREE char *path = NULL;
	CLEANUP(fclose) FILE *file = NULL;
	Error error = ERROR_INIT;

	if (delta_diff(&job, &delta, &error) < 0 || asprintf(&path, "%s/%s", directory, name) < 0 ||
		!(file = fopen(path, "wb")) || fwrite(delta.data, 1, delta.size, file) != delta.size) {
		fprintf(stderr, "%s: %s\n", name, error.text);
		return -1;
	}
	return 0;
}

/* Moves the code and all behind it, without telling any reference: each is a wrong prediction. */
static void insert(const uint8_t *from, uint8_t *to)
{
	memcpy(to, from, 700);
	memset(to + 700, 0x90, INSERTED);
	memcpy(to + 700 + INSERTED, from + 700, ELF_SAMPLE_SIZE - 700);
}

int main(int argc, char **argv)
{
	static uint8_t old[2][ELF_SAMPLE_SIZE], new[2 * ELF_SAMPLE_SIZE + NOISE];
	const DiffSource both[] = {{"a64", {old[1], ELF_SAMPLE_SIZE}}, {"x86", {old[0], ELF_SAMPLE_SIZE}}};

	if (argc != 2)
		return 2;
	elf_sample(EM_X86_64, old[0]);
	elf_sample(EM_AARCH64, old[1]);
	for (unsigned i = 0; i < 2; i++) {
		insert(both[i].bytes.data, new);
		if (write_seed(argv[1], i ? "x86-64-moved" : "aarch64-moved", &both[i], 1,
			    (Bytes){new, ELF_SAMPLE_SIZE + INSERTED}) < 0)
			return 1;
		memcpy(new, both[i].bytes.data, ELF_SAMPLE_SIZE);
		new[480] ^= 5;
		new[500]++;
		new[1140] = 'X';
		if (write_seed(argv[1], i ? "x86-64-corrected" : "aarch64-corrected", &both[i], 1,
			    (Bytes){new, ELF_SAMPLE_SIZE}) < 0)
			return 1;
	}
	memcpy(new, old[1], ELF_SAMPLE_SIZE);
	memset(new + ELF_SAMPLE_SIZE, 0, ELF_SAMPLE_SIZE);
	for (unsigned i = 0, random = 1; i < NOISE; i++)
		new[2 * ELF_SAMPLE_SIZE + i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
	if (write_seed(argv[1], "zeros-and-packed", both, 2, (Bytes){new, sizeof(new)}) < 0 ||
		write_seed(argv[1], "new-text", NULL, 0,
			bytes_of_text("a text that comes from nowhere, nowhere at all")) < 0 ||
		write_seed(argv[1], "empty", both, 2, (Bytes){new, 0}) < 0)
		return 1;
	return 0;
}
