/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/package/deb.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

enum { BLOCK_SIZE = 64 * 1024 };

static struct archive *archive_close_free(struct archive *archive)
{
	(void)archive_read_free(archive);
	return NULL;
}
DEFINE_CLEANUP(struct archive *, archive_close_free);

/* libarchive's own sentence, for its failures. */
static int archive_failed(struct archive *archive, Error *error)
{
	const char *text = archive_error_string(archive);

	return error_set(error, "%s", text ? text : "cannot be read");
}

/* A member of the ar archive, read as an archive of its own. */
typedef struct Member {
	struct archive *outer;
	uint8_t block[BLOCK_SIZE];
} Member;

static la_ssize_t read_member(struct archive *inner, void *userdata, const void **ret)
{
	Member *member = userdata;
	la_ssize_t n = archive_read_data(member->outer, member->block, sizeof(member->block));

	if (n < 0) {
		archive_set_error(
			inner, archive_errno(member->outer), "%s", archive_error_string(member->outer));
		return -1;
	}
	*ret = member->block;
	return n;
}

/* Only what dpkg-deb writes; libarchive would start other programs for some more. */
static int open_tar(Member *member, struct archive **ret, Error *error)
{
	CLEANUP(archive_close_free) struct archive *tar = archive_read_new();

	if (!tar)
		return error_memory(error);
	if (archive_read_support_filter_gzip(tar) < ARCHIVE_WARN ||
		archive_read_support_filter_bzip2(tar) < ARCHIVE_WARN ||
		archive_read_support_filter_xz(tar) < ARCHIVE_WARN ||
		archive_read_support_filter_lzma(tar) < ARCHIVE_WARN ||
		archive_read_support_filter_zstd(tar) < ARCHIVE_WARN ||
		archive_read_support_format_tar(tar) < ARCHIVE_WARN ||
		archive_read_open(tar, member, NULL, read_member, NULL) != ARCHIVE_OK)
		return archive_failed(tar, error);
	*ret = TAKE_PTR(tar);
	return 0;
}

/* The next header; 1 at the end. Also bounds what a member may unpack to beside its files: an archive of
 * nothing but padding, or of entries that are skipped, is a bomb too. */
static int next_entry(struct archive *tar, struct archive_entry **ret, Error *error)
{
	int r = archive_read_next_header(tar, ret);
	const la_int64_t slack = (la_int64_t)PACKAGE_ENTRIES_MAX * 4096;

	if (r == ARCHIVE_EOF)
		return 1;
	if (r < ARCHIVE_WARN)
		return archive_failed(tar, error);
	if (archive_entry_size(*ret) > (la_int64_t)PACKAGE_UNPACKED_MAX ||
		archive_filter_bytes(tar, 0) > (la_int64_t)PACKAGE_UNPACKED_MAX + slack)
		return error_set(error, "unpacks to more than the %llu bytes allowed",
			(unsigned long long)PACKAGE_UNPACKED_MAX);
	return 0;
}

static int spool_data(PackageSet *set, struct archive *tar, PackageEntry *entry, Error *error)
{
	CLEANUP_FREE uint8_t *block = malloc(BLOCK_SIZE);

	if (!block)
		return error_memory(error);
	if (spool_begin(&set->spool, error) < 0)
		return -1;
	for (;;) {
		la_ssize_t n = archive_read_data(tar, block, BLOCK_SIZE);

		if (n < 0)
			return archive_failed(tar, error);
		if (n == 0)
			break;
		if (spool_write(&set->spool, (Bytes){block, (size_t)n}, error) < 0)
			return -1;
	}
	return spool_end(&set->spool, &entry->offset, &entry->size, &entry->digest, error);
}

static int take_attributes(struct archive_entry *from, PackageEntry *entry, Error *error)
{
	const char *name;
	const void *value;
	size_t size;

	(void)archive_entry_xattr_reset(from);
	while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK)
		if (name && package_add_attribute(entry, name, (Bytes){value, size}, error) < 0)
			return -1;
	return 0;
}

static int take_symlink(struct archive_entry *from, PackageEntry *entry, Error *error)
{
	const char *target = archive_entry_symlink(from);

	if (!target || !*target || strnlen(target, PACKAGE_TARGET_MAX + 1) > PACKAGE_TARGET_MAX)
		return error_set(error, "the symlink %s has no usable target", entry->path);
	entry->type = PACKAGE_SYMLINK;
	return text_copy(target, &entry->target, error);
}

static int take_hard_link(const char *other, PackageEntry *entry, Error *error)
{
	int r = package_canonical(other, &entry->link, error);

	entry->type = PACKAGE_FILE;
	if (r == PACKAGE_SKIP)
		return error_set(error, "%s is a hard link to a directory", entry->path);
	return r;
}

static int take_content(
	PackageSet *set, struct archive *tar, struct archive_entry *from, PackageEntry *entry, Error *error)
{
	const char *hard_link = archive_entry_hardlink(from);
	mode_t type = archive_entry_filetype(from);

	if (hard_link)
		return take_hard_link(hard_link, entry, error);
	if (type != AE_IFREG && archive_entry_size(from) != 0)
		return error_set(error, "%s is no regular file but has content", entry->path);
	switch (type) {
	case AE_IFREG:
		entry->type = PACKAGE_FILE;
		return spool_data(set, tar, entry, error);
	case AE_IFLNK:
		return take_symlink(from, entry, error);
	case AE_IFDIR:
		entry->type = PACKAGE_DIRECTORY;
		return 0;
	default:
		return error_set(
			error, "%s is a device, FIFO or socket, which no improvement may bring", entry->path);
	}
}

/* usrmerge's own links (bin -> usr/bin), which have become directories by their canonical names. */
static bool is_merge_link(const char *raw, struct archive_entry *from)
{
	const char *path = raw + (text_has_prefix(raw, "./") ? 2 : 0);
	const char *target = archive_entry_symlink(from);

	if (!target || strchr(path, '/'))
		return false;
	target += text_has_prefix(target, "/") ? 1 : 0;
	return text_has_prefix(target, "usr/") && strcmp(target + strlen("usr/"), path) == 0;
}

static int take_owner(struct archive_entry *from, PackageEntry *entry, Error *error)
{
	la_int64_t uid = archive_entry_uid(from);
	la_int64_t gid = archive_entry_gid(from);

	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return error_set(error, "%s has an impossible owner", entry->path);
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	entry->mode = archive_entry_perm(from) & 07777;
	entry->mtime = archive_entry_mtime(from);
	return 0;
}

static int take_entry(
	PackageSet *set, struct archive *tar, struct archive_entry *from, PackageEntry *entry, Error *error)
{
	const char *raw = archive_entry_pathname(from);
	int r;

	if (!raw)
		return error_set(error, "holds a path that is not valid UTF-8");
	if (is_merge_link(raw, from))
		return 0;
	r = package_canonical(raw, &entry->path, error);
	if (r != 0)
		return r == PACKAGE_SKIP ? 0 : -1;
	if (take_owner(from, entry, error) < 0 || take_content(set, tar, from, entry, error) < 0 ||
		take_attributes(from, entry, error) < 0)
		return -1;
	return package_add(set, entry, error);
}

static int read_data(PackageSet *set, struct archive *tar, Error *error)
{
	struct archive_entry *from = NULL;
	int r;

	while ((r = next_entry(tar, &from, error)) == 0) {
		PackageEntry entry = {.path = NULL};

		r = take_entry(set, tar, from, &entry, error);
		package_entry_clear(&entry);
		if (r < 0)
			return -1;
	}
	return r < 0 ? -1 : 0;
}

static int read_small(struct archive *tar, const char *name, Buffer *ret, Error *error)
{
	ret->size = 0;
	for (;;) {
		la_ssize_t n;

		if (buffer_reserve(ret, BLOCK_SIZE, error) < 0)
			return -1;
		n = archive_read_data(tar, ret->data + ret->size, BLOCK_SIZE);
		if (n < 0)
			return archive_failed(tar, error);
		if (n == 0)
			return 0;
		ret->size += (size_t)n;
		if (ret->size > CONTROL_SIZE_MAX)
			return error_set(error, "its control file %s has more than the %d bytes allowed",
				name, CONTROL_SIZE_MAX);
	}
}

static int take_control(struct archive *tar, const char *name, Control *control, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (strcmp(name, "control") == 0) {
		if (control->name)
			return error_set(error, "has two control files");
		if (read_small(tar, name, &text, error) < 0)
			return -1;
		return control_parse(buffer_bytes(&text), control, error);
	}
	for (size_t i = 0; i < CONTROL_SCRIPTS; i++) {
		if (strcmp(name, CONTROL_SCRIPT_NAMES[i]) != 0)
			continue;
		if (read_small(tar, name, &text, error) < 0)
			return -1;
		control->has_script[i] = true;
		return hash_bytes(buffer_bytes(&text), &control->scripts[i], error);
	}
	return 0;
}

static int read_control(Control *control, struct archive *tar, Error *error)
{
	struct archive_entry *from = NULL;
	size_t n = 0;
	int r;

	while ((r = next_entry(tar, &from, error)) == 0) {
		const char *name = archive_entry_pathname(from);

		if (++n > PACKAGE_ENTRIES_MAX)
			return error_set(error, "has too many control files");
		if (name && archive_entry_filetype(from) == AE_IFREG &&
			take_control(tar, name + (text_has_prefix(name, "./") ? 2 : 0), control, error) < 0)
			return -1;
	}
	if (r < 0)
		return -1;
	return control->name ? 0 : error_set(error, "has no control file");
}

/* debian-binary comes first and says "2.0" or a later minor version. */
static int read_format(struct archive *outer, Error *error)
{
	struct archive_entry *from = NULL;
	const char *name;
	char text[8] = "";

	if (archive_read_next_header(outer, &from) != ARCHIVE_OK)
		return error_set(error, "is not a Debian package");
	name = archive_entry_pathname(from);
	if (!name || strcmp(name, "debian-binary") != 0 ||
		archive_read_data(outer, text, sizeof(text) - 1) < 4 || !text_has_prefix(text, "2."))
		return error_set(error, "is not a Debian package of format 2");
	return 0;
}

typedef struct Seen {
	bool control, data;
} Seen;

static int read_part(
	PackageSet *set, Control *control, struct archive *outer, const char *name, Seen *seen, Error *error)
{
	CLEANUP_FREE Member *member = malloc(sizeof(*member));
	CLEANUP(archive_close_free) struct archive *tar = NULL;
	bool is_control = text_has_prefix(name, "control.tar");
	bool *place = is_control ? &seen->control : &seen->data;

	if (!is_control && !text_has_prefix(name, "data.tar"))
		return 0;
	if (*place)
		return error_set(error, "has two members %.20s", name);
	*place = true;
	if (!member)
		return error_memory(error);
	member->outer = outer;
	if (open_tar(member, &tar, error) < 0)
		return -1;
	return is_control ? read_control(control, tar, error) : read_data(set, tar, error);
}

static int read_members(PackageSet *set, Control *control, struct archive *outer, Error *error)
{
	struct archive_entry *from = NULL;
	Seen seen = {false, false};
	int r;

	if (read_format(outer, error) < 0)
		return -1;
	while ((r = archive_read_next_header(outer, &from)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(from);

		if (name && read_part(set, control, outer, name, &seen, error) < 0)
			return -1;
	}
	if (r != ARCHIVE_EOF)
		return archive_failed(outer, error);
	if (!seen.control || !seen.data)
		return error_set(error, "is not a whole Debian package: it has no %s",
			seen.control ? "data.tar" : "control.tar");
	return 0;
}

static int add_control(PackageSet *set, Control *control, Error *error)
{
	Control *packages = reallocarray(set->packages, set->n_packages + 1, sizeof(*packages));

	if (!packages)
		return error_memory(error);
	set->packages = packages;
	packages[set->n_packages++] = *control;
	*control = (Control){.name = NULL};
	return 0;
}

int deb_read(PackageSet *set, const char *path, Error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(archive_close_free) struct archive *outer = archive_read_new();
	Control control = {.name = NULL};
	struct stat status;
	int r;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (!outer)
		return error_memory(error);
	if (archive_read_support_format_ar(outer) < ARCHIVE_WARN ||
		archive_read_open_fd(outer, fd, BLOCK_SIZE) != ARCHIVE_OK)
		return error_set(error, "%s: is not a Debian package", path);
	r = read_members(set, &control, outer, error);
	control.file_size = (uint64_t)status.st_size;
	if (r == 0)
		r = add_control(set, &control, error);
	control_clear(&control);
	return r < 0 ? error_in(error, "%s", path) : 0;
}
