/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "engine/guard.h"
#include "engine/suspension.h"
#include "parts/manifest/base-check.h"
#include "parts/overlay/overlay.h"

/* The kernel says of each of its files in /sys that it has a page; the largest page that any machine has. */
enum { ATTRIBUTE_MAX = 64 * 1024 };

typedef struct Layers {
	OverlayLayer layers[OVERLAY_LAYERS_MAX];
	char *paths[OVERLAY_LAYERS_MAX];
	size_t n;
} Layers;

static void layers_clear(Layers *layers)
{
	for (size_t i = 0; i < layers->n; i++)
		free(layers->paths[i]);
}
#define CLEANUP_LAYERS __attribute__((cleanup(layers_clear)))

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

static int guard_all(Engine *engine, const Improvements *set, Layers *to, Error *error)
{
	if (set->n > OVERLAY_LAYERS_MAX)
		return error_set(error, "more than %d improvements at once", OVERLAY_LAYERS_MAX);
	for (size_t i = 0; i < set->n; i++) {
		if (guard_open(engine, set->items[i].manifest, &to->paths[i], error) < 0)
			return error_in(error, "%s", set->items[i].manifest->component);
		to->n = i + 1;
		to->layers[i].path = to->paths[i];
	}
	return 0;
}

/* Under the lock: a package manager that enters its name now either finds the new generation, or is found
 * here. The base may be shown at any time. */
static int swap(
	Engine *engine, uint64_t generation, const Layers *layers, const Improvements *set, Error *error)
{
	PackageManager ignored;

	if (set->n == 0 && overlay_deactivate(engine->root, error) < 0)
		return -1;
	if (set->n > 0 &&
		(suspension_refuse(engine->root_fd, error) < 0 ||
			overlay_activate(engine->root, generation, layers->layers, set->n, error) < 0))
		return -1;
	if (suspension_find_manager(engine->root_fd, &ignored, NULL) == SUSPENSION_NOBODY)
		suspension_end(engine->root_fd);
	guard_forget_spoilt(engine);
	return 0;
}

int layers_activate(Engine *engine, uint64_t generation, const Improvements *set, Error *error)
{
	CLEANUP_LAYERS Layers layers = {.n = 0};
	CLEANUP_CLOSE int lock = -1;

	if (guard_all(engine, set, &layers, error) < 0 || suspension_lock(engine->root_fd, &lock, error) < 0)
		return -1;
	/* What a package manager has changed before is seen here. */
	if (set->n > 0 && check_bases(engine, set, error) < 0)
		return -1;
	return swap(engine, generation, &layers, set, error);
}

int layers_activate_checked(Engine *engine, uint64_t generation, const Improvements *set, Error *error)
{
	CLEANUP_LAYERS Layers layers = {.n = 0};

	return guard_all(engine, set, &layers, error) < 0 ? -1
							  : swap(engine, generation, &layers, set, error);
}

/* The image's name for device-mapper, as a part of the name, since a device over an image that turned out to
 * be corrupt has an older one; or the file under a loop device, which may be deleted by now. */
static bool holds(int listing, const char *entry, const char *device, const char *image)
{
	static const char *const files[] = {"dm/name", "loop/backing_file"};
	const char *const wanted[] = {device, image};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(files) && !found; i++) {
		CLEANUP_BUFFER Buffer text = BUFFER_INIT;
		char name[PATH_LENGTH_MAX];

		(void)snprintf(name, sizeof(name), "%s/%s", entry, files[i]);
		found = file_read(listing, name, ATTRIBUTE_MAX, &text, NULL) == 0 && text.size > 0 &&
			strstr((char *)text.data, wanted[i]);
	}
	return found;
}

static dev_t read_device(int listing, const char *entry)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	char name[PATH_LENGTH_MAX];
	unsigned major_number, minor_number;

	(void)snprintf(name, sizeof(name), "%s/dev", entry);
	if (file_read(listing, name, ATTRIBUTE_MAX, &text, NULL) == 0 && text.size > 0 &&
		sscanf((char *)text.data, "%u:%u", &major_number, &minor_number) == 2)
		return makedev(major_number, minor_number);
	return 0;
}

int layers_devices(const Engine *engine, const Manifest *manifest, dev_t ret[static LAYERS_DEVICES_MAX],
	size_t *ret_n, Error *error)
{
	CLEANUP_FREE char *device = NULL, *image = NULL;
	CLEANUP(closedir) DIR *listing = opendir("/sys/block");
	char name[STORE_NAME_SIZE];
	struct dirent *entry;

	*ret_n = 0;
	(void)store_blob_name(STORE_IMAGE, &manifest->image_digest, name);
	if (guard_device_name(manifest, &device, error) < 0 ||
		path_join(store_path(engine->store), name, &image, error) < 0)
		return -1;
	while (listing && *ret_n < LAYERS_DEVICES_MAX && (entry = readdir(listing)))
		if (holds(dirfd(listing), entry->d_name, device, image))
			ret[(*ret_n)++] = read_device(dirfd(listing), entry->d_name);
	return 0;
}
