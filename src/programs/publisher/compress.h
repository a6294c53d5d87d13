/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whole images as they travel: one zstd frame (RFC 8878) with its content size and checksum.
 */

#include "base/bytes.h"
#include "base/error.h"

int compress_image(Bytes image, Buffer *ret, Error *error);

/* The image of exactly `size` bytes; anything else in the frame is an error. */
int compress_restore(Bytes compressed, uint64_t size, Buffer *ret, Error *error);
