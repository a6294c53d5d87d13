/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/tree-pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "programs/delta-tool/archive-library.h"
#include "programs/delta-tool/output.h"
#include "programs/delta-tool/tree.h"

enum { BLOCK_SIZE = 128 * 1024, TARGET_MAX = 4096 };

/* An archive on its way to a file. */
typedef struct Packer {
	const Tree *tree;
	const OldFiles *old;
	PackedTree packed;
	const ArchiveLibrary *library;
	struct archive *archive;
	int fd;
	uint64_t size; /* bytes written so far: where the next byte will lie */
	Error write_error;
} Packer;

void packed_tree_clear(PackedTree *packed)
{
	file_unmap(&packed->map);
	free(packed->extents);
	*packed = (PackedTree){.extents = NULL};
}

static la_ssize_t write_block(struct archive *archive, void *userdata, const void *data, size_t size)
{
	Packer *packer = userdata;

	(void)archive;
	if (file_write_all(packer->fd, (Bytes){data, size}, "the tree's archive", &packer->write_error) < 0)
		return -1;
	packer->size += size;
	return (la_ssize_t)size;
}

static int archive_failed(const Packer *packer, Error *error)
{
	const char *text = packer->library->archive_error_string(packer->archive);

	if (packer->write_error.text[0] && error)
		*error = packer->write_error;
	else
		(void)error_set(error, "cannot archive the tree: %s", text ? text : "unknown error");
	return -1;
}

/* By name; SIZE_MAX when OLD has no such file. */
static size_t find_old(const OldFiles *old, const char *name)
{
	size_t low = 0, high = old->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(old->files[middle].name, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SIZE_MAX;
}

static void add_extent(Packer *packer, const TreeEntry *entry)
{
	if (entry->size > 0)
		packer->packed.extents[packer->packed.n_extents++] =
			(DiffExtent){packer->size, entry->size, find_old(packer->old, entry->name)};
}

static int pack_content(Packer *packer, const TreeEntry *entry, Error *error)
{
	CLEANUP_CLOSE int fd =
		openat(packer->tree->fd, entry->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP_FREE uint8_t *block = malloc(BLOCK_SIZE);
	uint64_t done = 0;

	if (!block)
		return error_memory(error);
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", entry->name);
	add_extent(packer, entry);
	for (;;) {
		ssize_t n = read(fd, block, BLOCK_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot read %s", entry->name);
		if ((uint64_t)n > entry->size - done || (n == 0 && done != entry->size))
			return error_set(error, "%s changes while it is read", entry->name);
		if (n == 0)
			return 0;
		if (packer->library->archive_write_data(packer->archive, block, (size_t)n) != n)
			return archive_failed(packer, error);
		done += (uint64_t)n;
	}
}

static int set_target(const Packer *packer, const TreeEntry *entry, struct archive_entry *to, Error *error)
{
	char target[TARGET_MAX + 1];
	ssize_t n = readlinkat(packer->tree->fd, entry->name, target, TARGET_MAX);

	if (n < 0)
		return error_os(error, errno, "cannot read the symlink %s", entry->name);
	if (n == TARGET_MAX)
		return error_set(error, "the symlink %s has a target that is too long", entry->name);
	target[n] = '\0';
	packer->library->archive_entry_set_symlink(to, target);
	return 0;
}

static int pack_entry(Packer *packer, const TreeEntry *entry, struct archive_entry *to, Error *error)
{
	bool link = S_ISLNK(entry->mode);

	if (path_check(entry->name, error) < 0)
		return -1;
	if (!link && !S_ISREG(entry->mode) && !S_ISDIR(entry->mode))
		return error_set(
			error, "%s is not a file, directory or symlink; a patch cannot hold it", entry->name);
	packer->library->archive_entry_set_pathname(to, entry->name);
	packer->library->archive_entry_set_filetype(to, entry->mode & S_IFMT);
	packer->library->archive_entry_set_perm(to, link ? 0777 : entry->mode & 0777);
	packer->library->archive_entry_set_mtime(to, 0, 0);
	packer->library->archive_entry_set_size(to, S_ISREG(entry->mode) ? (int64_t)entry->size : 0);
	if (link && set_target(packer, entry, to, error) < 0)
		return -1;
	/* A warning says that a name is not ASCII and is kept as the bytes it is. */
	if (packer->library->archive_write_header(packer->archive, to) < ARCHIVE_WARN)
		return archive_failed(packer, error);
	return S_ISREG(entry->mode) ? pack_content(packer, entry, error) : 0;
}

static int pack_entries(Packer *packer, Error *error)
{
	struct archive_entry *to = packer->library->archive_entry_new();
	int result = to ? 0 : error_memory(error);

	for (size_t i = 0; i < packer->tree->count && result == 0; i++) {
		(void)packer->library->archive_entry_clear(to);
		result = pack_entry(packer, &packer->tree->entries[i], to, error);
	}
	packer->library->archive_entry_free(to);
	return result;
}

static int pack_archive(Packer *packer, Error *error)
{
	if (packer->library->archive_write_set_format_pax_restricted(packer->archive) != ARCHIVE_OK ||
		packer->library->archive_write_add_filter_none(packer->archive) != ARCHIVE_OK ||
		/* Unbuffered: packer->size is exact at every entry. */
		packer->library->archive_write_set_bytes_per_block(packer->archive, 0) != ARCHIVE_OK ||
		packer->library->archive_write_open(packer->archive, packer, NULL, write_block, NULL) !=
			ARCHIVE_OK)
		return archive_failed(packer, error);
	if (pack_entries(packer, error) < 0)
		return -1;
	return packer->library->archive_write_close(packer->archive) == ARCHIVE_OK
		       ? 0
		       : archive_failed(packer, error);
}

int tree_pack(const char *path, const OldFiles *old, const char *beside, PackedTree *ret, Error *error)
{
	CLEANUP(tree_clear) Tree tree = TREE_INIT;
	CLEANUP_CLOSE int fd = -1;
	Packer packer = {.tree = &tree, .old = old};
	int result;

	if (archive_library_load(&packer.library, error) < 0 || tree_read(path, &tree, error) < 0 ||
		output_scratch(beside, &fd, error) < 0)
		return -1;
	packer.fd = fd;
	packer.packed.extents = calloc(tree.count ? tree.count : 1, sizeof(*packer.packed.extents));
	packer.archive = packer.library->archive_write_new();
	if (packer.packed.extents && packer.archive)
		result = pack_archive(&packer, error);
	else
		result = error_memory(error);
	if (packer.archive)
		(void)packer.library->archive_write_free(packer.archive);
	if (result == 0)
		result = file_map(fd, DELTA_RESULT_MAX, path, &packer.packed.map, error);
	if (result < 0) {
		packed_tree_clear(&packer.packed);
		return error_in(error, "%s", path);
	}
	*ret = packer.packed;
	return 0;
}
