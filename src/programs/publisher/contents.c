/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/contents.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "parts/image/image.h"

typedef struct Check {
	const Manifest *manifest;
	size_t found;
} Check;

/* Is there a file of the manifest below this directory? They are sorted: the first one at or behind
 * "DIRECTORY/" tells. */
static bool leads_somewhere(const Manifest *manifest, const char *directory)
{
	size_t length = strlen(directory);
	size_t low = 0, high = manifest->n_files;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *path = manifest->files[middle].path;
		int order = strncmp(path, directory, length);

		if (order == 0)
			order = (unsigned char)path[length] - '/';
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < manifest->n_files && strncmp(manifest->files[low].path, directory, length) == 0 &&
	       manifest->files[low].path[length] == '/';
}

static mode_t type_of(ManifestFileType type)
{
	static const mode_t types[] = {
		[MANIFEST_REGULAR] = S_IFREG,
		[MANIFEST_SYMLINK] = S_IFLNK,
		[MANIFEST_DIRECTORY] = S_IFDIR,
		[MANIFEST_REMOVED] = S_IFCHR,
	};

	return types[type];
}

static int check_content(const ManifestFile *file, const ImageEntry *entry, Error *error)
{
	Digest digest;

	if (file->type == MANIFEST_SYMLINK && !bytes_equal(entry->content, bytes_of_text(file->target)))
		return error_set(
			error, "%s has another target in the image than the manifest says", file->path);
	if (file->type != MANIFEST_REGULAR)
		return 0;
	if (hash_bytes(entry->content, &digest, error) < 0)
		return -1;
	if (entry->size != file->size || !digest_equal(&digest, &file->digest))
		return error_set(error, "%s has other bytes in the image than the manifest says", file->path);
	return 0;
}

static int check_file(const ManifestFile *file, const ImageEntry *entry, Error *error)
{
	if ((entry->mode & S_IFMT) != type_of(file->type) ||
		(file->type == MANIFEST_REMOVED && entry->rdev != 0))
		return error_set(
			error, "%s has another type in the image than the manifest says", file->path);
	if (file->type == MANIFEST_REMOVED)
		return 0;
	/* A symlink's mode means nothing and is what the file system makes it. */
	if (file->type != MANIFEST_SYMLINK && (entry->mode & 07777) != file->mode)
		return error_set(error, "%s has mode %04o in the image, and the manifest says %04o",
			file->path, entry->mode & 07777, file->mode);
	if (entry->uid != file->uid || entry->gid != file->gid)
		return error_set(error, "%s belongs to %u:%u in the image, and the manifest says %u:%u",
			file->path, entry->uid, entry->gid, file->uid, file->gid);
	return check_content(file, entry, error);
}

static int check_entry(void *userdata, const ImageEntry *entry, Error *error)
{
	Check *check = userdata;
	CLEANUP_FREE char *path = NULL;
	const ManifestFile *file;

	if (entry->path[0] == '\0' || strcmp(entry->path, ".") == 0)
		return 0;
	if (text_format(&path, error, "usr/%s", entry->path) < 0)
		return -1;
	file = manifest_find_file(check->manifest, path);
	if (!file && S_ISDIR(entry->mode) && leads_somewhere(check->manifest, path))
		return 0;
	if (!file)
		return error_set(error, "the image holds %s, and the manifest does not name it", path);
	check->found++;
	return check_file(file, entry, error);
}

int contents_check(Bytes image, const Manifest *manifest, Error *error)
{
	Check check = {.manifest = manifest};

	if (image_walk(image, check_entry, &check, error) < 0)
		return -1;
	if (check.found != manifest->n_files)
		return error_set(error, "the image holds %zu of the %zu files that the manifest names",
			check.found, manifest->n_files);
	return 0;
}
