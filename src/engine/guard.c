/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/staging.h"
#include "parts/image/image.h"
#include "parts/image/verity.h"

static const char spoilt[] = "run/suture/spoilt";

enum { READ_SIZE = 1024 * 1024, GUARD_CANNOT = 1 };

static int blob_path(const Engine *engine, StoreKind kind, const Digest *digest, char **ret, Error *error)
{
	char name[STORE_NAME_SIZE];

	return path_join(store_path(engine->store), store_blob_name(kind, digest, name), ret, error);
}

static int device_name(const Digest *image, char **ret, Error *error)
{
	char hex[DIGEST_HEX_SIZE];

	return text_format(ret, error, "suture-%s", digest_to_hex(image, hex));
}

int guard_device_name(const Manifest *manifest, char **ret, Error *error)
{
	return device_name(&manifest->image_digest, ret, error);
}

void guard_close(const Digest *image)
{
	CLEANUP_FREE char *name = NULL;

	if (device_name(image, &name, NULL) == 0)
		(void)verity_close(name, NULL);
}

bool guard_is_corrupt(const Manifest *manifest)
{
	CLEANUP_FREE char *name = NULL;

	return guard_device_name(manifest, &name, NULL) == 0 && verity_is_corrupt(name);
}

Protection guard_kind(const Engine *engine, const Manifest *manifest)
{
	CLEANUP_FREE char *name = NULL;
	CLEANUP_CLOSE int fd = -1;

	if (guard_device_name(manifest, &name, NULL) == 0 && verity_is_open(name))
		return PROTECTION_DM_VERITY;
	if (store_open_blob(engine->store, STORE_IMAGE, &manifest->image_digest, &fd, NULL) == 0 &&
		verity_is_sealed(fd, &manifest->fsverity))
		return PROTECTION_FS_VERITY;
	return PROTECTION_WHOLE;
}

bool guard_is_spoilt(const Engine *engine)
{
	return faccessat(engine->root_fd, spoilt, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void guard_forget_spoilt(const Engine *engine)
{
	(void)unlinkat(engine->root_fd, spoilt, 0);
}

/* Before anything is done about it: a run that is cut off then is gone on with. In an initramfs there is no
 * place for it, and nothing mounted. */
static void note_spoilt(const Engine *engine)
{
	(void)file_make_directories(engine->root_fd, "run/suture", 0755, NULL, NULL);
	(void)file_replace(engine->root_fd, spoilt, bytes_of_text(""), 0644, NULL);
}

/* Whoever has the device open keeps it; the next one begins anew. */
static int retire(const Manifest *manifest, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	return guard_device_name(manifest, &name, error) < 0 ? -1 : verity_retire(name, error);
}

static int discard(const Engine *engine, const Manifest *manifest, const Error *why, Error *error)
{
	Error second = ERROR_INIT;

	note_spoilt(engine);
	/* The device first: a run that is cut off here finds the image bad again. */
	if (retire(manifest, &second) < 0 ||
		store_discard_blob(engine->store, STORE_VERITY, &manifest->image_digest, &second) < 0 ||
		store_discard_blob(engine->store, STORE_IMAGE, &manifest->image_digest, &second) < 0)
		return error_set(error, "%.300s, and it cannot be discarded: %.300s", why->text, second.text);
	return error_set(
		error, "%.300s; it was discarded: run \"suture install\" to fetch it again", why->text);
}

/* GUARD_CANNOT: the bytes are wrong, or cannot be read, and *why says so. */
static int check_whole(const Engine *engine, const Manifest *manifest, Error *why, Error *error)
{
	CLEANUP_CLOSE int fd = -1;

	if (store_open_blob(engine->store, STORE_IMAGE, &manifest->image_digest, &fd, error) != 0)
		return -1;
	return image_verify(fd, manifest->image_size, &manifest->image_digest, why) < 0 ? GUARD_CANNOT : 0;
}

/* What is asked for is what the disk has, and not what was read from it once. */
static void forget_what_was_read(const Engine *engine, const Manifest *manifest)
{
	CLEANUP_CLOSE int fd = -1;

	if (store_open_blob(engine->store, STORE_IMAGE, &manifest->image_digest, &fd, NULL) == 0)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* Wrong bytes were met: of the image, or of its hash tree, which can be made anew. 0 when the image is right.
 */
static int look_into(const Engine *engine, const Manifest *manifest, Error *error)
{
	Error why = ERROR_INIT;
	int r;

	note_spoilt(engine);
	if (retire(manifest, error) < 0)
		return -1;
	(void)store_discard_blob(engine->store, STORE_VERITY, &manifest->image_digest, NULL);
	forget_what_was_read(engine, manifest);
	r = check_whole(engine, manifest, &why, error);
	return r > 0 ? discard(engine, manifest, &why, error) : r;
}

static int build_tree(const Engine *engine, const Manifest *manifest, Error *error)
{
	char name[STAGING_NAME_SIZE];
	CLEANUP_CLOSE int image = -1, tree = -1;
	Digest root;

	if (store_open_blob(engine->store, STORE_IMAGE, &manifest->image_digest, &image, error) != 0)
		return -1;
	if (store_open_staged(engine->store, staging_tree(manifest, name), &tree, error) < 0)
		return -1;
	if (ftruncate(tree, 0) < 0)
		return error_os(error, errno, "cannot begin the hash tree anew");
	if (verity_build(image, manifest->image_size, manifest->verity_salt, tree, &root, error) < 0)
		return -1;
	if (!digest_equal(&root, &manifest->verity_root))
		return error_set(error, "its dm-verity root hash is not the one that its manifest signs");
	return store_commit_staged(
		engine->store, staging_tree(manifest, name), STORE_VERITY, &manifest->image_digest, error);
}

static int open_device(
	const Engine *engine, const Manifest *manifest, const char *image, char **ret_path, Error *error)
{
	CLEANUP_FREE char *tree = NULL, *name = NULL;

	if (!store_has_blob(engine->store, STORE_VERITY, &manifest->image_digest) &&
		build_tree(engine, manifest, error) < 0)
		return -1;
	if (blob_path(engine, STORE_VERITY, &manifest->image_digest, &tree, error) < 0 ||
		guard_device_name(manifest, &name, error) < 0)
		return -1;
	return verity_open(image, tree, manifest->image_size, manifest->verity_salt, &manifest->verity_root,
		name, ret_path, error);
}

static int guard_by_device(
	const Engine *engine, const Manifest *manifest, const char *image, char **ret_path, Error *why)
{
	if (!verity_is_supported()) {
		(void)error_set(why, "this kernel has no dm-verity");
		return GUARD_CANNOT;
	}
	if (open_device(engine, manifest, image, ret_path, why) == 0)
		return 0;
	/* Cut short, it would not do next time either. */
	(void)store_discard_blob(engine->store, STORE_VERITY, &manifest->image_digest, NULL);
	log_warning("%s: dm-verity cannot guard the image: %.500s", manifest->component, why->text);
	return GUARD_CANNOT;
}

static int guard_by_file_system(const Manifest *manifest, const char *image, char **ret_path, Error *why)
{
	Digest measured;

	if (verity_seal(image, &measured, why) != 0)
		return GUARD_CANNOT;
	if (!digest_equal(&measured, &manifest->fsverity)) {
		(void)error_set(why, "its fs-verity digest is not the one that its manifest signs");
		return GUARD_CANNOT;
	}
	return text_copy(image, ret_path, why) < 0 ? GUARD_CANNOT : 0;
}

/* 0, or GUARD_CANNOT with all reasons in *why. */
static int guard_by_kernel(
	const Engine *engine, const Manifest *manifest, const char *image, char **ret_path, Error *why)
{
	Integrity wanted = engine->config.integrity;
	Error device = ERROR_INIT, file = ERROR_INIT;

	if (integrity_takes(wanted, PROTECTION_DM_VERITY) &&
		guard_by_device(engine, manifest, image, ret_path, &device) == 0)
		return 0;
	/* One that an earlier generation still has says nothing about this one. */
	(void)retire(manifest, NULL);
	if (integrity_takes(wanted, PROTECTION_FS_VERITY) &&
		guard_by_file_system(manifest, image, ret_path, &file) == 0)
		return 0;
	(void)error_set(
		why, "%.300s%s%.300s", device.text, device.text[0] && file.text[0] ? "; " : "", file.text);
	return GUARD_CANNOT;
}

int guard_open(const Engine *engine, const Manifest *manifest, char **ret_path, Error *error)
{
	CLEANUP_FREE char *image = NULL;
	Error why = ERROR_INIT, wrong = ERROR_INIT;
	int r;

	if (blob_path(engine, STORE_IMAGE, &manifest->image_digest, &image, error) < 0)
		return -1;
	if (!store_has_blob(engine->store, STORE_IMAGE, &manifest->image_digest)) {
		note_spoilt(engine);
		return error_set(error, "its image is not here: run \"suture install\" to fetch it again");
	}
	if (guard_is_corrupt(manifest) && look_into(engine, manifest, error) < 0)
		return -1;
	if (guard_by_kernel(engine, manifest, image, ret_path, &why) == 0)
		return 0;
	r = check_whole(engine, manifest, &wrong, error);
	if (r != 0)
		return r < 0 ? -1 : discard(engine, manifest, &wrong, error);
	if (!integrity_takes(engine->config.integrity, PROTECTION_WHOLE))
		return error_set(error, "the image cannot be guarded as Integrity=%s wants: %.600s",
			integrity_word(engine->config.integrity), why.text);
	*ret_path = TAKE_PTR(image);
	return 0;
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
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
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

/* 0, or GUARD_CANNOT when it cannot be read as *why says. */
static int open_and_read(const Engine *engine, const Manifest *manifest, Error *why, Error *error)
{
	CLEANUP_FREE char *path = NULL;

	forget_what_was_read(engine, manifest);
	if (guard_open(engine, manifest, &path, error) < 0)
		return -1;
	return read_to_the_end(path, manifest->image_size, why) < 0 ? GUARD_CANNOT : 0;
}

int guard_check(const Engine *engine, const Manifest *manifest, Error *error)
{
	Error why = ERROR_INIT;
	int r = open_and_read(engine, manifest, &why, error);

	if (r <= 0)
		return r;
	if (look_into(engine, manifest, error) < 0)
		return -1;
	/* It was the tree, or a disk that is not sure of itself. */
	r = open_and_read(engine, manifest, &why, error);
	return r > 0 ? discard(engine, manifest, &why, error) : r;
}
