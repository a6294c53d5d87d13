/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * libarchive, loaded when the first tree is packed or unpacked. Linked, it and the dozen libraries that it
 * needs would cost every patch of a plain file more time and memory than many a patch itself.
 */

#include <archive.h>
#include <archive_entry.h>

#include "base/error.h"

/* The functions that are used. Calls look as always, behind library->. */
#define ARCHIVE_LIBRARY_FUNCTIONS(F) \
	F(archive_entry_clear) \
	F(archive_entry_copy_pathname) \
	F(archive_entry_filetype) \
	F(archive_entry_free) \
	F(archive_entry_hardlink) \
	F(archive_entry_new) \
	F(archive_entry_pathname) \
	F(archive_entry_perm) \
	F(archive_entry_set_filetype) \
	F(archive_entry_set_mtime) \
	F(archive_entry_set_pathname) \
	F(archive_entry_set_perm) \
	F(archive_entry_set_size) \
	F(archive_entry_set_symlink) \
	F(archive_entry_size) \
	F(archive_entry_sparse_count) \
	F(archive_entry_symlink) \
	F(archive_error_string) \
	F(archive_read_data) \
	F(archive_read_free) \
	F(archive_read_new) \
	F(archive_read_next_header) \
	F(archive_read_open_memory) \
	F(archive_read_support_format_tar) \
	F(archive_write_add_filter_none) \
	F(archive_write_close) \
	F(archive_write_data) \
	F(archive_write_free) \
	F(archive_write_header) \
	F(archive_write_new) \
	F(archive_write_open) \
	F(archive_write_set_bytes_per_block) \
	F(archive_write_set_format_pax_restricted)

#define ARCHIVE_LIBRARY_MEMBER(function) __typeof__(function) *function;

typedef struct ArchiveLibrary {
	ARCHIVE_LIBRARY_FUNCTIONS(ARCHIVE_LIBRARY_MEMBER)
} ArchiveLibrary;

/* It stays loaded until the program ends. */
int archive_library_load(const ArchiveLibrary **ret, Error *error);
