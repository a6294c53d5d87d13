/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a fuzz target on every file of a corpus: fuzzing's finds as ordinary tests, with any compiler.
 *
 *     TARGET DIRECTORY
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

enum { INPUT_SIZE_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(int directory, const char *name)
{
	CLEANUP_BUFFER Buffer input = BUFFER_INIT;
	CLEANUP_FREE uint8_t *exact = NULL;
	Error error = ERROR_INIT;

	if (file_read(directory, name, INPUT_SIZE_MAX, &input, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	/* A copy of just the right size, so that the sanitizer sees the first byte read beyond it. */
	exact = malloc(input.size ? input.size : 1);
	if (!exact)
		return -1;
	if (input.size > 0)
		memcpy(exact, input.data, input.size);
	(void)LLVMFuzzerTestOneInput(exact, input.size);
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(closedir) DIR *corpus = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	int n = 0;

	if (!corpus) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(corpus))) {
		if (entry->d_name[0] == '.')
			continue;
		if (run_file(dirfd(corpus), entry->d_name) < 0)
			return 1;
		n++;
	}
	printf("%d inputs\n", n);
	return n > 0 ? 0 : 1;
}
