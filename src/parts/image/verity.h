/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * dm-verity (SHA-256, 4096-byte blocks, format 1, no superblock) and fs-verity for images. The hash tree
 * never travels: it is a pure function of image and salt, built on the device and held against the signed
 * root hash. Kernel: Documentation/admin-guide/device-mapper/verity.rst,
 * Documentation/filesystems/fsverity.rst.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

enum { VERITY_SALT_SIZE = 32, VERITY_UNSUPPORTED = 1 };

/* Writes the hash tree to `tree` (an empty, writable file; -1 to only compute) and gives the root hash. */
int verity_build(int image, uint64_t size, const uint8_t salt[static VERITY_SALT_SIZE], int tree,
	Digest *ret_root, Error *error);

/* The fs-verity measurement of the file's content. */
int verity_measure_file(int image, uint64_t size, Digest *ret, Error *error);

/* Has this kernel got dm-verity (loads the module when it can)? */
bool verity_is_supported(void);

/*
 * Opens /dev/mapper/NAME over image and tree (paths of regular files); every later read of it is checked
 * by the kernel. VERITY_UNSUPPORTED, with a sentence, when the kernel has no dm-verity. *ret_path is owned by
 * the caller. An open device of that name with the same root hash is used again.
 */
int verity_open(const char *image, const char *tree, uint64_t size,
	const uint8_t salt[static VERITY_SALT_SIZE], const Digest *root, const char *name, char **ret_path,
	Error *error);

/* Closes it, now or when its last user lets go. Its absence is no error. */
int verity_close(const char *name, Error *error);

/* Has the kernel met wrong bytes on this open device? Root only; false when there is no such device. */
bool verity_is_corrupt(const char *name);

/* Is there an open device of this name? Everybody may ask. */
bool verity_is_open(const char *name);

/* Makes the name free for another device over the same content: this one is renamed to old-NAME-NUMBER and
 * closed when its last user lets go. Its absence is no error. */
int verity_retire(const char *name, Error *error);

/*
 * Has the file checked by the kernel at every read from now on, unless that is so already, and gives its
 * measurement. It cannot be written to any more, but removed. VERITY_UNSUPPORTED, with the reason, when its
 * file system cannot, or cannot now.
 */
int verity_seal(const char *path, Digest *ret, Error *error);

/* Is this open file sealed with this measurement? */
bool verity_is_sealed(int fd, const Digest *digest);
