/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a parent says about a file (METAFILES and TARGETS of TUF 1.0.x sections 4.4 to 4.6): version, length
 * and hashes, and whether given bytes are that file.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

typedef struct MetaFile {
	int64_t version;      /* 1 or more */
	int64_t length;       /* -1: not said */
	const json_t *hashes; /* algorithm → hexadecimal digest; NULL: not said */
} MetaFile;

int meta_file_parse(const json_t *object, MetaFile *ret, Error *error);

/* Length and every hash of a known algorithm, of which there must be one when there are hashes. role names
 * the file in the sentence. */
int meta_file_check(const MetaFile *file, Bytes content, const char *role, Error *error);
