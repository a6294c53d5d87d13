/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A file that appears whole or not at all: written under another name beside its place, moved there at the
 * end, and removed when that end is not reached.
 */

#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

typedef struct Output {
	const char *path; /* the caller's */
	char *temporary;  /* NULL once it has been moved */
	int fd;
} Output;

#define OUTPUT_INIT \
	(Output) \
	{ \
		.fd = -1 \
	}

/* Refuses to take the place of a directory. */
int output_open(const char *path, Output *ret, Error *error);
int output_write(Output *output, Bytes bytes, Error *error);

/* Replaces what is at path, durably. */
int output_commit(Output *output, mode_t mode, Error *error);

void output_clear(Output *output);
static inline void output_clear_cleanup(Output *output)
{
	output_clear(output);
}

/* What the umask leaves of mode. */
mode_t output_mode(mode_t mode);

/* A free name beside path, for a file or a directory; the caller frees it. */
int output_temporary_name(const char *path, char **ret, Error *error);

/* A file without a name, for reading and writing, on the file system of path. */
int output_scratch(const char *path, int *ret_fd, Error *error);
