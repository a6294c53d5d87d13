/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/verity.h"

#include <errno.h>
#include <libcryptsetup.h>
#include <libfsverity.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/image/cryptsetup.h"
#include "parts/image/image.h"

enum { FD_PATH_SIZE = 32 };

/* libcryptsetup opens paths, not descriptors. */
static void name_fd(int fd, char path[static FD_PATH_SIZE])
{
	(void)snprintf(path, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
}

static int check_image(int image, uint64_t size, Error *error)
{
	struct stat status;

	if (fstat(image, &status) < 0)
		return error_os(error, errno, "cannot inspect the image");
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != size)
		return error_set(error, "the image is not a file of %llu bytes", (unsigned long long)size);
	if (size == 0 || size % IMAGE_BLOCK_SIZE != 0)
		return error_set(error, "an image of %llu bytes is not made of whole blocks of %d",
			(unsigned long long)size, IMAGE_BLOCK_SIZE);
	return 0;
}

static int format_tree(const char *image, const char *tree, uint64_t size, const uint8_t *salt,
	Digest *ret_root, Error *error)
{
	CLEANUP(crypt_free) struct crypt_device *device = NULL;
	struct crypt_params_verity parameters = cryptsetup_verity_parameters(image, size, salt);
	CryptsetupLog log = {""};
	size_t root_size = DIGEST_SIZE;
	int r;

	r = cryptsetup_init(&device, tree, &log);
	if (r < 0)
		return cryptsetup_error(error, r, &log, "cannot build the hash tree");
	parameters.flags |= CRYPT_VERITY_CREATE_HASH;
	r = crypt_format(device, CRYPT_VERITY, NULL, NULL, NULL, NULL, 0, &parameters);
	if (r >= 0)
		r = crypt_volume_key_get(
			device, CRYPT_ANY_SLOT, (char *)ret_root->bytes, &root_size, NULL, 0);
	if (r < 0 || root_size != DIGEST_SIZE)
		return cryptsetup_error(error, r, &log, "cannot build the hash tree");
	return 0;
}

/* The tree of an image of one block is empty, its root being the hash of that block. A loop device cannot
 * be empty, so it gets one block that the kernel never looks at. */
static int pad_tree(int tree, Error *error)
{
	struct stat status;

	if (fstat(tree, &status) < 0)
		return error_os(error, errno, "cannot inspect the hash tree");
	if (status.st_size == 0 && ftruncate(tree, IMAGE_BLOCK_SIZE) < 0)
		return error_os(error, errno, "cannot write the hash tree");
	return 0;
}

int verity_build(int image, uint64_t size, const uint8_t salt[static VERITY_SALT_SIZE], int tree,
	Digest *ret_root, Error *error)
{
	char image_path[FD_PATH_SIZE], tree_path[FD_PATH_SIZE];
	CLEANUP_CLOSE int scratch = -1;
	Digest root;

	if (check_image(image, size, error) < 0)
		return -1;
	if (tree < 0) {
		scratch = memfd_create("hash tree", MFD_CLOEXEC);
		if (scratch < 0)
			return error_os(error, errno, "cannot allocate the hash tree");
		tree = scratch;
	}
	name_fd(image, image_path);
	name_fd(tree, tree_path);
	if (format_tree(image_path, tree_path, size, salt, &root, error) < 0 || pad_tree(tree, error) < 0)
		return -1;
	*ret_root = root;
	return 0;
}

typedef struct Cursor {
	int fd;
	off_t at;
} Cursor;

/* libfsverity wants exactly count bytes each time, or a negative errno value. */
static int read_next(void *userdata, void *to, size_t count)
{
	Cursor *cursor = userdata;
	uint8_t *next = to;

	while (count > 0) {
		ssize_t n = pread(cursor->fd, next, count, cursor->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		next += n;
		count -= (size_t)n;
		cursor->at += n;
	}
	return 0;
}

int verity_measure_file(int image, uint64_t size, Digest *ret, Error *error)
{
	CLEANUP_FREE struct libfsverity_digest *measured = NULL;
	const struct libfsverity_merkle_tree_params parameters = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.file_size = size,
		.block_size = IMAGE_BLOCK_SIZE,
	};
	Cursor cursor = {.fd = image};
	int r = libfsverity_compute_digest(&cursor, read_next, &parameters, &measured);

	if (r < 0)
		return error_os(error, -r, "cannot measure the image");
	if (measured->digest_size != DIGEST_SIZE)
		return error_set(error, "cannot measure the image: not a SHA-256 digest");
	memcpy(ret->bytes, measured->digest, DIGEST_SIZE);
	return 0;
}
