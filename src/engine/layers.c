/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/suspension.h"
#include "parts/image/image.h"
#include "parts/image/verity.h"
#include "parts/manifest/base-check.h"
#include "parts/overlay/overlay.h"

enum { READ_SIZE = 1024 * 1024 };

typedef struct Paths {
	char *paths[OVERLAY_LAYERS_MAX];
	size_t n;
} Paths;

static void paths_clear(Paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->paths[i]);
}

static int blob_path(const Engine *engine, StoreKind kind, const Digest *digest, char **ret, Error *error)
{
	char name[STORE_NAME_SIZE];

	return path_join(store_path(engine->store), store_blob_name(kind, digest, name), ret, error);
}

/* A device name that is the same for the same image, and short enough for device-mapper's 127 bytes. */
static int device_name(const Manifest *manifest, char **ret, Error *error)
{
	char hex[DIGEST_HEX_SIZE];

	return text_format(ret, error, "suture-%s", digest_to_hex(&manifest->image_digest, hex));
}

static int open_verity(
	const Engine *engine, const Manifest *manifest, const char *image, char **ret_path, Error *error)
{
	CLEANUP_FREE char *tree = NULL, *name = NULL;

	if (blob_path(engine, STORE_VERITY, &manifest->image_digest, &tree, error) < 0 ||
		device_name(manifest, &name, error) < 0)
		return -1;
	return verity_open(image, tree, manifest->image_size, manifest->verity_salt, &manifest->verity_root,
		name, ret_path, error);
}

/* Bytes that rotted would be refused for ever: without them, the next install fetches the image again. */
static int discard(const Engine *engine, const Manifest *manifest, const Error *why, Error *error)
{
	if (store_discard_blob(engine->store, STORE_IMAGE, &manifest->image_digest, error) < 0 ||
		store_discard_blob(engine->store, STORE_VERITY, &manifest->image_digest, error) < 0)
		return error_in(error, "%.300s, and it cannot be discarded", why->text);
	return error_set(
		error, "%.300s; it was discarded: run \"suture install\" to fetch it again", why->text);
}

/* The path to mount: a dm-verity device over the image, or the image itself once all of it has been checked.
 */
static int guard(const Engine *engine, const Manifest *manifest, char **ret_path, Error *error)
{
	CLEANUP_FREE char *image = NULL;
	CLEANUP_CLOSE int fd = -1;
	Error why = ERROR_INIT;

	if (blob_path(engine, STORE_IMAGE, &manifest->image_digest, &image, error) < 0)
		return -1;
	if (store_has_blob(engine->store, STORE_VERITY, &manifest->image_digest)) {
		int r = open_verity(engine, manifest, image, ret_path, error);

		if (r != VERITY_UNSUPPORTED)
			return r;
	}
	if (store_open_blob(engine->store, STORE_IMAGE, &manifest->image_digest, &fd, error) != 0)
		return -1;
	if (image_verify(fd, manifest->image_size, &manifest->image_digest, &why) < 0)
		return discard(engine, manifest, &why, error);
	*ret_path = TAKE_PTR(image);
	return 0;
}

/* While downloads took their time, or a package manager was at work, the base may have moved on. */
static int check_bases(const Engine *engine, const Improvements *set, Error *error)
{
	CLEANUP_CLOSE int usr = -1;

	if (overlay_open_base(engine->root, &usr, error) < 0)
		return -1;
	for (size_t i = 0; i < set->n; i++)
		if (base_check(set->items[i].manifest, usr, error) != 0)
			return error_in(error, "the base has changed meanwhile; run the command again");
	return 0;
}

/* Under the lock: a package manager that enters its name now either finds the new generation, or is found
 * here, and what it has changed before is seen by the check. The base may be shown at any time. */
static int swap(Engine *engine, uint64_t generation, const OverlayLayer *layers, const Improvements *set,
	Error *error)
{
	CLEANUP_CLOSE int lock = -1;
	PackageManager ignored;

	if (suspension_lock(engine->root_fd, &lock, error) < 0)
		return -1;
	if (set->n == 0 && overlay_deactivate(engine->root, error) < 0)
		return -1;
	if (set->n > 0 &&
		(suspension_refuse(engine->root_fd, error) < 0 || check_bases(engine, set, error) < 0 ||
			overlay_activate(engine->root, generation, layers, set->n, error) < 0))
		return -1;
	if (suspension_find_manager(engine->root_fd, &ignored, NULL) == SUSPENSION_NOBODY)
		suspension_end(engine->root_fd);
	return 0;
}

int layers_activate(Engine *engine, uint64_t generation, const Improvements *set, Error *error)
{
	__attribute__((cleanup(paths_clear))) Paths paths = {.n = 0};
	OverlayLayer layers[OVERLAY_LAYERS_MAX];

	if (set->n > OVERLAY_LAYERS_MAX)
		return error_set(error, "more than %d improvements at once", OVERLAY_LAYERS_MAX);
	for (size_t i = 0; i < set->n; i++) {
		if (guard(engine, set->items[i].manifest, &paths.paths[i], error) < 0)
			return error_in(error, "%s", set->items[i].manifest->component);
		paths.n = i + 1;
		layers[i].path = paths.paths[i];
	}
	return swap(engine, generation, layers, set, error);
}

static int read_to_the_end(const char *path, uint64_t size, Error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE uint8_t *block = malloc(READ_SIZE);
	uint64_t offset = 0;

	if (!block)
		return error_memory(error);
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	while (offset < size) {
		ssize_t n = pread(fd, block, READ_SIZE, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot read %s", path);
		if (n == 0)
			return error_set(error, "%s ends early", path);
		offset += (uint64_t)n;
	}
	return 0;
}

int layers_check(Engine *engine, const Manifest *manifest, Error *error)
{
	CLEANUP_FREE char *path = NULL, *name = NULL;
	Error why = ERROR_INIT;

	if (!store_has_blob(engine->store, STORE_IMAGE, &manifest->image_digest))
		return error_set(error, "its image is not here: run \"suture install\" to fetch it again");
	if (guard(engine, manifest, &path, error) < 0)
		return -1;
	if (read_to_the_end(path, manifest->image_size, &why) == 0)
		return 0;
	if (device_name(manifest, &name, error) < 0)
		return -1;
	(void)verity_close(name, NULL);
	return discard(engine, manifest, &why, error);
}

bool layers_is_corrupt(const Manifest *manifest)
{
	CLEANUP_FREE char *name = NULL;

	return device_name(manifest, &name, NULL) == 0 && verity_is_corrupt(name);
}

/* A loop device over this file, found through sysfs. */
static dev_t find_loop(const char *image)
{
	CLEANUP(closedir) DIR *listing = opendir("/sys/block");
	struct dirent *entry;

	while (listing && (entry = readdir(listing))) {
		CLEANUP_BUFFER Buffer backing = BUFFER_INIT, number = BUFFER_INIT;
		char name[sizeof(entry->d_name) + 32];
		unsigned major_number, minor_number;

		if (!text_has_prefix(entry->d_name, "loop"))
			continue;
		(void)snprintf(name, sizeof(name), "%s/loop/backing_file", entry->d_name);
		if (file_read(dirfd(listing), name, PATH_LENGTH_MAX * 4, &backing, NULL) != 0 ||
			backing.size == 0)
			continue;
		backing.data[strcspn((char *)backing.data, "\n")] = '\0';
		if (strcmp((char *)backing.data, image) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s/dev", entry->d_name);
		if (file_read(dirfd(listing), name, 64, &number, NULL) == 0 && number.size > 0 &&
			sscanf((char *)number.data, "%u:%u", &major_number, &minor_number) == 2)
			return makedev(major_number, minor_number);
	}
	return 0;
}

int layers_device(const Engine *engine, const Manifest *manifest, dev_t *ret, Error *error)
{
	CLEANUP_FREE char *name = NULL, *node = NULL, *image = NULL;
	struct stat status;

	if (device_name(manifest, &name, error) < 0 || path_join("/dev/mapper", name, &node, error) < 0 ||
		blob_path(engine, STORE_IMAGE, &manifest->image_digest, &image, error) < 0)
		return -1;
	*ret = stat(node, &status) == 0 && S_ISBLK(status.st_mode) ? status.st_rdev : find_loop(image);
	return 0;
}

const char *layers_integrity(void)
{
	return verity_is_supported() ? "dm-verity" : "verified whole at activation";
}
