/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Contents of files, one after the other in one nameless temporary file: what is read from packages goes to
 * disk, not to memory, and never to a path that a package has chosen.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

typedef struct Spool {
	int fd;
	uint64_t size, max;
	uint64_t begun; /* where the content under way begins */
	Hash *hash;     /* of the content under way */
	FileMap map;
} Spool;

#define SPOOL_INIT \
	(Spool) \
	{ \
		.fd = -1 \
	}

/* max: bytes of all contents together. Below $TMPDIR, or /var/tmp. */
int spool_open(Spool *spool, uint64_t max, Error *error);
void spool_close(Spool *spool);

/* One content: begin, write as often as needed, end. */
int spool_begin(Spool *spool, Error *error);
int spool_write(Spool *spool, Bytes bytes, Error *error);
int spool_end(Spool *spool, uint64_t *ret_offset, uint64_t *ret_size, Digest *ret_digest, Error *error);

/* Maps everything for reading; then nothing more can be written. */
int spool_map(Spool *spool, Error *error);
