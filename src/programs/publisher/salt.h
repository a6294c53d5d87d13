/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The salt of an image's hash tree: SHA-256 of "suture-verity", a zero byte, and the image's SHA-256. A salt
 * that follows from the image keeps releases reproducible and still differs between images.
 */

#include "base/error.h"
#include "base/hash.h"
#include "parts/image/verity.h"

int salt_of_image(const Digest *image, uint8_t ret[static VERITY_SALT_SIZE], Error *error);
