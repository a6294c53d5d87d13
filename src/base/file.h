/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files: bounded reading, and writing that survives a power cut at any instant.
 *
 * Directories are descriptors (AT_FDCWD works too); names are relative to them. Sentences name the file, so
 * callers need not add it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

enum { FILE_ABSENT = 1 };

/* The whole regular file, appended to *ret. FILE_ABSENT when there is none. Refuses more than max bytes and
 * everything that is not a regular file. */
int file_read(int directory, const char *name, uint64_t max, Buffer *ret, Error *error);

/* open() as a process whose root directory this is would do it: symlinks, absolute ones too, stay below root.
 * -1 with errno. */
int file_open_in_root(int root, const char *path, int flags);

/* Replaces or creates the file so that after a crash at any instant it holds the old or the new content,
 * whole: a temporary file in the same directory, fsync, rename, fsync of the directory. name may hold
 * slashes; its directory exists. */
int file_replace(int directory, const char *name, Bytes content, mode_t mode, Error *error);

/* file_replace() without its last step, for files of one directory that are written together: after a crash
 * the file is as whole, but whether it is the old or the new one is open until that directory is synced: by
 * file_sync_parent(), or the file_replace() of the next one. */
int file_replace_with_next(int directory, const char *name, Bytes content, mode_t mode, Error *error);

/* Every byte, through short writes and signals. what names the file in the sentence. */
int file_write_all(int fd, Bytes bytes, const char *what, Error *error);

/* fsync() of an open file or directory. */
int file_sync(int fd, const char *what, Error *error);

/* fsync() of the directory that holds name. */
int file_sync_parent(int directory, const char *name, Error *error);

/* Renames below one directory descriptor and makes the new name durable. After a crash a file that came from
 * another directory may be found under its old name as well: whoever owns that sweeps it. */
int file_rename(int directory, const char *from, const char *to, Error *error);

/* Removes the file; its absence is no error. Not durable by itself. */
int file_remove(int directory, const char *name, Error *error);

/* mkdir -p below an open directory, each new level durable; *ret_fd (may be NULL) is the last one, opened. */
int file_make_directories(int directory, const char *path, mode_t mode, int *ret_fd, Error *error);

/* Removes a whole tree (file-tree.c) without following symlinks. Where something is mounted, bind mounts too,
 * it fails and leaves that alone. Absence is no error. */
int file_remove_tree(int directory, const char *name, Error *error);

/* Copies the rest of one file to another, at most max bytes (more is an error). */
int file_copy(int from, int to, uint64_t max, const char *what, Error *error);

/* A file mapped for reading; an empty file maps to NULL with size 0. */
typedef struct FileMap {
	const uint8_t *data;
	size_t size;
} FileMap;

int file_map(int fd, uint64_t max, const char *what, FileMap *ret, Error *error);
void file_unmap(FileMap *map);
static inline void file_unmap_cleanup(FileMap *map)
{
	file_unmap(map);
}
#define CLEANUP_MAP __attribute__((cleanup(file_unmap_cleanup)))

/* A new directory with a random name below $TMPDIR or /var/tmp for this process, mode 0700. The caller
 * removes it with file_remove_tree(AT_FDCWD, …) and frees the path. */
int file_temporary_directory(const char *prefix, char **ret_path, Error *error);
