/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fs-verity: files that the kernel checks at every read, on file systems that can. */

#include <errno.h>
#include <fcntl.h>
#include <libfsverity.h>
#include <linux/fsverity.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/image/image.h"
#include "parts/image/verity.h"

/* 0, or an errno value: ENODATA for a file that is not sealed. */
static int measure(int fd, Digest *ret)
{
	enum { LARGEST = 64 }; /* of the kernel's digests */
	union {
		struct fsverity_digest head;
		uint8_t bytes[sizeof(struct fsverity_digest) + LARGEST];
	} measured = {.head.digest_size = LARGEST};

	if (ioctl(fd, FS_IOC_MEASURE_VERITY, &measured.head) < 0)
		return errno;
	if (measured.head.digest_algorithm != FS_VERITY_HASH_ALG_SHA256 ||
		measured.head.digest_size != DIGEST_SIZE)
		return EUCLEAN;
	memcpy(ret->bytes, measured.head.digest, DIGEST_SIZE);
	return 0;
}

bool verity_is_sealed(int fd, const Digest *digest)
{
	Digest actual;

	return measure(fd, &actual) == 0 && digest_equal(&actual, digest);
}

int verity_seal(const char *path, Digest *ret, Error *error)
{
	static const struct libfsverity_merkle_tree_params parameters = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = IMAGE_BLOCK_SIZE,
	};
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	r = measure(fd, ret);
	if (r == ENODATA) {
		r = -libfsverity_enable(fd, &parameters);
		if (r == 0 && fsync(fd) < 0)
			return error_os(error, errno, "cannot write %s", path);
		if (r == 0)
			r = measure(fd, ret);
	}
	if (r == 0)
		return 0;
	(void)error_os(error, r, "fs-verity cannot guard it");
	return VERITY_UNSUPPORTED;
}
