/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/tree-unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "programs/delta-tool/archive-library.h"
#include "programs/delta-tool/output.h"
#include "programs/delta-tool/tree.h"

enum { BLOCK_SIZE = 128 * 1024 };

/* A tree being made. */
typedef struct Unpacker {
	const ArchiveLibrary *library;
	struct archive *archive;
	uint64_t archive_size;
	int root;         /* the new directory */
	Tree directories; /* get their permissions at the end, lest one without write access stops us */
} Unpacker;

/* The directory that name lies in, opened without following a symlink anywhere below the root. */
static int open_parent(int root, const char *name, int *ret, Error *error)
{
	CLEANUP_CLOSE int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *rest = name;
	const char *slash;

	while (at >= 0 && (slash = strchr(rest, '/'))) {
		CLEANUP_FREE char *component = strndup(rest, (size_t)(slash - rest));
		int next;

		if (!component)
			return error_memory(error);
		next = openat(at, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close_keeping_errno(at);
		at = next;
		rest = slash + 1;
	}
	if (at < 0)
		return error_os(error, errno, "cannot open the directory of %s", name);
	*ret = TAKE_FD(at);
	return 0;
}

static int unpack_content(Unpacker *unpacker, int fd, const char *name, Error *error)
{
	CLEANUP_FREE uint8_t *block = malloc(BLOCK_SIZE);

	if (!block)
		return error_memory(error);
	for (;;) {
		la_ssize_t n = unpacker->library->archive_read_data(unpacker->archive, block, BLOCK_SIZE);

		if (n < 0)
			return error_set(error, "the patch's archive is damaged at %s", name);
		if (n == 0)
			return 0;
		if (file_write_all(fd, (Bytes){block, (size_t)n}, name, error) < 0)
			return -1;
	}
}

static int unpack_file(
	Unpacker *unpacker, int parent, const char *name, struct archive_entry *entry, Error *error)
{
	CLEANUP_CLOSE int fd = -1;

	/* A file with holes could be told to be larger than any disk. */
	if (unpacker->library->archive_entry_size(entry) < 0 ||
		(uint64_t)unpacker->library->archive_entry_size(entry) > unpacker->archive_size ||
		unpacker->library->archive_entry_sparse_count(entry) > 0)
		return error_set(error, "the patch's archive claims a size for %s that it cannot have", name);
	fd = openat(parent, path_basename(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_os(error, errno, "cannot create %s", name);
	if (unpack_content(unpacker, fd, name, error) < 0)
		return -1;
	if (fchmod(fd, unpacker->library->archive_entry_perm(entry) & 0777) < 0)
		return error_os(error, errno, "cannot set the mode of %s", name);
	return 0;
}

static int unpack_directory(
	Unpacker *unpacker, int parent, const char *name, struct archive_entry *entry, Error *error)
{
	const struct stat status = {.st_mode = unpacker->library->archive_entry_perm(entry) & 0777};

	if (mkdirat(parent, path_basename(name), 0700) < 0)
		return error_os(error, errno, "cannot create %s", name);
	return tree_add(&unpacker->directories, name, &status, error);
}

static int unpack_entry(Unpacker *unpacker, struct archive_entry *entry, Error *error)
{
	const char *name = unpacker->library->archive_entry_pathname(entry);
	const char *target = unpacker->library->archive_entry_symlink(entry);
	CLEANUP_CLOSE int parent = -1;

	if (!name || unpacker->library->archive_entry_hardlink(entry))
		return error_set(error, "the patch's archive has an entry that no tree has");
	if (path_check(name, error) < 0 || open_parent(unpacker->root, name, &parent, error) < 0)
		return -1;
	switch (unpacker->library->archive_entry_filetype(entry)) {
	case AE_IFREG:
		return unpack_file(unpacker, parent, name, entry, error);
	case AE_IFDIR:
		return unpack_directory(unpacker, parent, name, entry, error);
	case AE_IFLNK:
		if (!target || symlinkat(target, parent, path_basename(name)) < 0)
			return error_os(error, target ? errno : EINVAL, "cannot create %s", name);
		return 0;
	default:
		return error_set(error, "%s in the patch is not a file, directory or symlink", name);
	}
}

/* Names come from libarchive with a slash behind a directory's. */
static void trim_slash(const ArchiveLibrary *library, struct archive_entry *entry)
{
	const char *name = library->archive_entry_pathname(entry);
	size_t length = name ? strlen(name) : 0;

	if (length > 1 && name[length - 1] == '/' && library->archive_entry_filetype(entry) == AE_IFDIR) {
		CLEANUP_FREE char *trimmed = strndup(name, length - 1);

		if (trimmed)
			library->archive_entry_copy_pathname(entry, trimmed);
	}
}

static int unpack_entries(Unpacker *unpacker, Error *error)
{
	for (;;) {
		struct archive_entry *entry;
		int result = unpacker->library->archive_read_next_header(unpacker->archive, &entry);

		if (result == ARCHIVE_EOF)
			return 0;
		if (result < ARCHIVE_WARN)
			return error_set(error, "the patch's archive is damaged");
		trim_slash(unpacker->library, entry);
		if (unpack_entry(unpacker, entry, error) < 0)
			return -1;
	}
}

/* Those deepest first, as a parent may then lock its children away. */
static int set_modes(const Unpacker *unpacker, Error *error)
{
	for (size_t i = unpacker->directories.count; i > 0; i--) {
		const TreeEntry *entry = &unpacker->directories.entries[i - 1];
		CLEANUP_CLOSE int parent = -1;

		if (open_parent(unpacker->root, entry->name, &parent, error) < 0)
			return -1;
		if (fchmodat(parent, path_basename(entry->name), entry->mode, 0) < 0)
			return error_os(error, errno, "cannot set the mode of %s", entry->name);
	}
	return 0;
}

static int unpack_all(Unpacker *unpacker, Bytes archive, Error *error)
{
	if (unpacker->library->archive_read_support_format_tar(unpacker->archive) != ARCHIVE_OK ||
		unpacker->library->archive_read_open_memory(unpacker->archive, archive.data, archive.size) !=
			ARCHIVE_OK)
		return error_set(error, "the patch's archive is damaged");
	if (unpack_entries(unpacker, error) < 0 || set_modes(unpacker, error) < 0)
		return -1;
	if (syncfs(unpacker->root) < 0)
		return error_os(error, errno, "cannot make the new tree durable");
	return 0;
}

static int unpack_into(Bytes archive, const char *directory, Error *error)
{
	Unpacker unpacker = {.archive_size = archive.size, .directories = TREE_INIT};
	CLEANUP_CLOSE int root = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result;

	if (root < 0)
		return error_os(error, errno, "cannot open %s", directory);
	if (archive_library_load(&unpacker.library, error) < 0)
		return -1;
	unpacker.root = root;
	unpacker.archive = unpacker.library->archive_read_new();
	result = unpacker.archive ? unpack_all(&unpacker, archive, error) : error_memory(error);
	if (unpacker.archive)
		(void)unpacker.library->archive_read_free(unpacker.archive);
	tree_clear(&unpacker.directories);
	return result;
}

int tree_unpack(Bytes archive, const char *path, Error *error)
{
	CLEANUP_FREE char *temporary = NULL;

	if (output_temporary_name(path, &temporary, error) < 0)
		return -1;
	if (mkdir(temporary, 0700) < 0)
		return error_os(error, errno, "cannot create %s", path);
	if (unpack_into(archive, temporary, error) < 0)
		goto fail;
	if (chmod(temporary, output_mode(0777)) < 0 ||
		renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) < 0) {
		(void)error_os(error, errno, "cannot create %s", path);
		goto fail;
	}
	return file_sync_parent(AT_FDCWD, path, error);

fail:
	(void)file_remove_tree(AT_FDCWD, temporary, NULL);
	return -1;
}
