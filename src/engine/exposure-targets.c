/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/exposure-targets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/boot-report.h"
#include "engine/layers.h"
#include "parts/image/image.h"
#include "parts/overlay/overlay.h"

static const char usr_prefix[] = "usr/";

/* The device as it is mounted now. */
typedef struct Mounted {
	int usr;    /* the true base's */
	dev_t base; /* as /proc/PID/maps shows it */
	/* Files of the base's file system that have nothing to do with it may have its inode numbers there:
	 * maps has one device for all subvolumes, and for all layers of an overlay. */
	bool shares_inodes;
	OverlayGeneration *generations;
	Improvements *sets; /* what each generation holds */
	size_t n;
	size_t n_unknown; /* of which nobody knows that */
} Mounted;

static void mounted_clear(Mounted *mounted)
{
	for (size_t i = 0; mounted->sets && i < mounted->n; i++)
		improvements_clear(&mounted->sets[i]);
	free(mounted->sets);
	(void)close_keeping_errno(mounted->usr);
	free(mounted->generations);
}

void exposure_targets_clear(ExposureTargets *targets)
{
	for (size_t i = 0; i < targets->n_subjects; i++)
		free(targets->subjects[i].path);
	free(targets->subjects);
	free(targets->generations);
	free(targets->targets);
	*targets = (ExposureTargets){.targets = NULL};
}

static int add_subject(
	ExposureTargets *all, const Manifest *manifest, const char *path, size_t *ret, Error *error)
{
	ExposureSubject *subjects = reallocarray(all->subjects, all->n_subjects + 1, sizeof(*subjects));

	if (!subjects)
		return error_memory(error);
	all->subjects = subjects;
	subjects[all->n_subjects] = (ExposureSubject){manifest, NULL};
	if (text_copy(path, &subjects[all->n_subjects].path, error) < 0)
		return -1;
	*ret = all->n_subjects++;
	return 0;
}

unsigned exposure_targets_group(size_t improvement)
{
	return improvement < CENSUS_GROUPS_MAX ? (unsigned)improvement : CENSUS_GROUPS_MAX - 1;
}

static unsigned group_of(const Improvements *set, const Manifest *manifest)
{
	size_t i = 0;

	while (i + 1 < set->n && set->items[i].manifest != manifest)
		i++;
	return exposure_targets_group(i);
}

static int add_target(ExposureTargets *all, CensusTarget target, Error *error)
{
	CensusTarget *targets = reallocarray(all->targets, all->n_targets + 1, sizeof(*targets));

	if (!targets)
		return error_memory(error);
	all->targets = targets;
	target.group = group_of(all->set, all->subjects[target.subject].manifest);
	targets[all->n_targets++] = target;
	return 0;
}

/* Did this generation bring the path itself? */
static bool brings(const Improvements *set, const Manifest *manifest, const char *path)
{
	const Improvement *item = improvements_find(set, manifest->component);

	return item && manifest_find_file(item->manifest, path);
}

/* The former bytes of a path that the base has: through the base, and through each generation that left the
 * path to the base. */
static int add_base_file(const Mounted *mounted, const Manifest *manifest, const ManifestBaseFile *file,
	ExposureTargets *all, Error *error)
{
	struct stat status;
	size_t subject;

	if (!text_has_prefix(file->path, usr_prefix) ||
		fstatat(mounted->usr, file->path + strlen(usr_prefix), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* the base has moved on: then nobody can map it by this identity */
	if (add_subject(all, manifest, file->path, &subject, error) < 0 ||
		add_target(all,
			(CensusTarget){.device = mounted->base,
				.inode = status.st_ino,
				.subject = subject,
				.has_digest = mounted->shares_inodes,
				.size = file->size,
				.digest = file->digest},
			error) < 0)
		return -1;
	for (size_t i = 0; i < mounted->n; i++) {
		if (brings(&mounted->sets[i], manifest, file->path))
			continue;
		if (add_target(all,
			    (CensusTarget){.device = mounted->generations[i].device,
				    .inode = status.st_ino,
				    .subject = subject,
				    .has_digest = true,
				    .size = file->size,
				    .digest = file->digest},
			    error) < 0)
			return -1;
	}
	return 0;
}

static int add_base_files(
	const Mounted *mounted, const Manifest *manifest, ExposureTargets *all, Error *error)
{
	for (size_t i = 0; i < manifest->n_files; i++) {
		const ManifestBaseFile *file = manifest_find_base_file(manifest, manifest->files[i].path);

		if (file && add_base_file(mounted, manifest, file, all, error) < 0)
			return -1;
	}
	return 0;
}

/* Finding the inode numbers that files of a letter's image have. */
typedef struct OldImage {
	const Manifest *old;
	const Manifest *new; /* that replaces it: what both bring is left out; NULL: none does */
	dev_t devices[1 + LAYERS_DEVICES_MAX]; /* the generation's, and the image's own, which older kernels
						  show */
	size_t n_devices;
	ExposureTargets *all;
} OldImage;

static int visit_old_file(void *userdata, const ImageEntry *entry, Error *error)
{
	OldImage *image = userdata;
	CLEANUP_FREE char *path = NULL;
	const ManifestFile *former, *now;
	size_t subject;

	if (!S_ISREG(entry->mode))
		return 0;
	if (text_format(&path, error, "%s%s", usr_prefix, entry->path) < 0)
		return -1;
	former = manifest_find_file(image->old, path);
	now = image->new ? manifest_find_file(image->new, path) : NULL;
	if (!former || former->type != MANIFEST_REGULAR ||
		(now && now->type == MANIFEST_REGULAR && digest_equal(&now->digest, &former->digest)))
		return 0;
	if (add_subject(image->all, image->new ? image->new : image->old, former->path, &subject, error) < 0)
		return -1;
	for (size_t i = 0; i < image->n_devices; i++)
		if (add_target(image->all,
			    (CensusTarget){.device = image->devices[i],
				    .inode = entry->inode,
				    .subject = subject,
				    .has_digest = true,
				    .size = former->size,
				    .digest = former->digest},
			    error) < 0)
			return -1;
	return 0;
}

/* STORE_ABSENT when the image is gone, and with it the numbers. */
static int add_old_image(const Engine *engine, OldImage *image, Error *error)
{
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_MAP FileMap map = {NULL, 0};
	int r = store_open_blob(engine->store, STORE_IMAGE, &image->old->image_digest, &fd, error);

	if (r != 0)
		return r;
	if (file_map(fd, MANIFEST_IMAGE_MAX, "an image", &map, error) < 0)
		return -1;
	return image_walk((Bytes){map.data, map.size}, visit_old_file, image, error);
}

/* One letter's, as this generation shows it; STORE_ABSENT as above. */
static int add_image_in(
	const Engine *engine, const OverlayGeneration *generation, OldImage *image, Error *error)
{
	image->devices[0] = generation->device;
	if (layers_devices(engine, image->old, image->devices + 1, &image->n_devices, error) < 0)
		return -1;
	image->n_devices++;
	return add_old_image(engine, image, error);
}

/* The former bytes that older letters brought; STORE_ABSENT when some cannot be told any more. */
static int add_generation(const Engine *engine, const OverlayGeneration *generation,
	const Improvements *former, const Improvements *set, ExposureTargets *all, Error *error)
{
	int absent = 0;

	for (size_t i = 0; i < former->n; i++) {
		const Improvement *old = &former->items[i];
		const Improvement *new = improvements_find(set, old->manifest->component);
		OldImage image = {.old = old->manifest, .all = all};
		int r;

		if (!new || digest_equal(&new->manifest_digest, &old->manifest_digest))
			continue;
		image.new = new->manifest;
		r = add_image_in(engine, generation, &image, error);
		if (r < 0)
			return -1;
		absent = r > 0 ? r : absent;
	}
	return absent;
}

static int look_at_base(const Engine *engine, Mounted *mounted, Error *error)
{
	struct statfs status;

	if (overlay_open_base(engine->root, &mounted->usr, error) < 0 ||
		census_device_of(mounted->usr, &mounted->base, error) < 0)
		return -1;
	if (fstatfs(mounted->usr, &status) < 0)
		return error_os(error, errno, "cannot examine the base's file system");
	mounted->shares_inodes = status.f_type == BTRFS_SUPER_MAGIC || status.f_type == OVERLAYFS_SUPER_MAGIC;
	return 0;
}

static int look_at_mounts(
	const Engine *engine, const State *state, Mounted *mounted, dev_t *ret_current, Error *error)
{
	CLEANUP_STATE State known = {.generations = json_copy(state->generations)};

	if (!known.generations)
		return error_memory(error);
	if (boot_report_teach(engine->root, &known, error) < 0 || look_at_base(engine, mounted, error) < 0 ||
		overlay_list(engine->root, &mounted->generations, &mounted->n, error) < 0)
		return -1;
	mounted->sets = calloc(mounted->n + 1, sizeof(*mounted->sets));
	if (!mounted->sets)
		return error_memory(error);
	for (size_t i = 0; i < mounted->n; i++) {
		int r = state_generation_set(
			&known, engine->store, mounted->generations[i].number, &mounted->sets[i], error);

		if (r < 0)
			return -1;
		mounted->n_unknown += r == STATE_UNKNOWN_GENERATION;
		if (mounted->generations[i].is_top)
			*ret_current = mounted->generations[i].device;
	}
	return 0;
}

static uint64_t held_by(const Improvements *former, const Improvements *set)
{
	uint64_t holds = 0, lacks = 0;

	for (size_t i = 0; i < set->n; i++) {
		const Improvement *item = improvements_find(former, set->items[i].manifest->component);
		uint64_t bit = UINT64_C(1) << exposure_targets_group(i);

		if (item && digest_equal(&item->manifest_digest, &set->items[i].manifest_digest))
			holds |= bit;
		else
			lacks |= bit;
	}
	return holds & ~lacks;
}

static int list_generations(const Mounted *mounted, ExposureTargets *all, Error *error)
{
	all->generations = calloc(mounted->n + 1, sizeof(*all->generations));
	if (!all->generations)
		return error_memory(error);
	for (size_t i = 0; i < mounted->n; i++)
		all->generations[all->n_generations++] = (ExposureGeneration){
			mounted->generations[i].device, held_by(&mounted->sets[i], all->set)};
	return 0;
}

uint64_t exposure_targets_groups(const ExposureTargets *targets, const CensusFinding *finding)
{
	uint64_t lacks = 0;

	if (!finding->keeps_old_usr)
		return finding->groups;
	for (size_t i = 0; i < targets->set->n; i++)
		lacks |= UINT64_C(1) << exposure_targets_group(i);
	for (size_t i = 0; finding->old_usr != 0 && i < targets->n_generations; i++)
		if (targets->generations[i].device == finding->old_usr)
			lacks &= ~targets->generations[i].holds;
	return finding->groups | lacks;
}

int exposure_targets_collect(
	const Engine *engine, const State *state, const Improvements *set, ExposureTargets *ret, Error *error)
{
	__attribute__((cleanup(mounted_clear))) Mounted mounted = {.usr = -1};
	__attribute__((cleanup(exposure_targets_clear_cleanup))) ExposureTargets all = {.set = set};

	if (look_at_mounts(engine, state, &mounted, &all.current, error) < 0 ||
		list_generations(&mounted, &all, error) < 0)
		return -1;
	for (size_t i = 0; i < set->n; i++)
		if (add_base_files(&mounted, set->items[i].manifest, &all, error) < 0)
			return -1;
	all.n_unknown = mounted.n_unknown;
	for (size_t i = 0; i < mounted.n; i++) {
		int r = add_generation(engine, &mounted.generations[i], &mounted.sets[i], set, &all, error);

		if (r < 0)
			return -1;
		all.n_unknown += r == STORE_ABSENT;
	}
	*ret = all;
	all = (ExposureTargets){.targets = NULL};
	return 0;
}

static int add_brought(const Engine *engine, const OverlayGeneration *generation, const Improvements *held,
	const Improvements *set, ExposureTargets *all, Error *error)
{
	for (size_t i = 0; i < set->n; i++) {
		const Improvement *item = &set->items[i];
		const Improvement *there = improvements_find(held, item->manifest->component);
		OldImage image = {.old = item->manifest, .all = all};

		if (there && digest_equal(&there->manifest_digest, &item->manifest_digest) &&
			add_image_in(engine, generation, &image, error) < 0)
			return -1;
	}
	return 0;
}

int exposure_targets_brought(
	const Engine *engine, const State *state, const Improvements *set, ExposureTargets *ret, Error *error)
{
	__attribute__((cleanup(mounted_clear))) Mounted mounted = {.usr = -1};
	__attribute__((cleanup(exposure_targets_clear_cleanup))) ExposureTargets all = {.targets = NULL};

	all.set = set;
	if (look_at_mounts(engine, state, &mounted, &all.current, error) < 0)
		return -1;
	for (size_t i = 0; i < mounted.n; i++)
		if (add_brought(engine, &mounted.generations[i], &mounted.sets[i], set, &all, error) < 0)
			return -1;
	*ret = all;
	all = (ExposureTargets){.targets = NULL};
	return 0;
}
