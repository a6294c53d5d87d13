/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * OLD, mapped: the one file, named ".", or the regular files of a directory tree.
 */

#include "base/file.h"
#include "parts/delta/format/format.h"

typedef struct OldFile {
	char *name;
	FileMap map;
} OldFile;

typedef struct OldFiles {
	OldFile *files;
	size_t count;
	mode_t mode; /* of OLD itself */
} OldFiles;

/* All that can be a source, sorted by name. */
int old_files_read(const char *path, OldFiles *ret, Error *error);

/* Just those that the header names, in its order. */
int old_files_read_named(const char *path, const DeltaHeader *header, OldFiles *ret, Error *error);

/* Holds those against their digests, and says which is another file. Applying a delta does so, too, but does
 * not know what the files are called here: this is asked when it has failed. */
int old_files_check(const OldFiles *old, const char *path, const DeltaHeader *header, Error *error);

void old_files_clear(OldFiles *old);
static inline void old_files_clear_cleanup(OldFiles *old)
{
	old_files_clear(old);
}

static inline Bytes old_file_bytes(const OldFile *file)
{
	return (Bytes){file->map.data, file->map.size};
}
