/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the two users of libcryptsetup share: the parameters of every hash tree, and its errors as sentences
 * instead of lines on stderr.
 */

#include <libcryptsetup.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "parts/image/verity.h"

DEFINE_CLEANUP(struct crypt_device *, crypt_free);

enum { CRYPTSETUP_LOG_SIZE = 512 };

/* The last complaint of the library; outlives the device it was given to. */
typedef struct CryptsetupLog {
	char text[CRYPTSETUP_LOG_SIZE];
} CryptsetupLog;

/* crypt_init() of path, or without one crypt_init_by_name() of the open device `name`. < 0 is a negative
 * errno value, as everywhere in the library. */
int cryptsetup_init(struct crypt_device **ret, const char *path, CryptsetupLog *log);
int cryptsetup_init_by_name(struct crypt_device **ret, const char *name, CryptsetupLog *log);

/* Format 1, SHA-256, 4096-byte blocks, no superblock, over the image at this path. */
struct crypt_params_verity cryptsetup_verity_parameters(
	const char *image, uint64_t size, const uint8_t salt[static VERITY_SALT_SIZE]);

/* "what: complaint", or what the errno value -r means when the library gave no reason. Returns -1. */
int cryptsetup_error(Error *error, int r, const CryptsetupLog *log, const char *what);
