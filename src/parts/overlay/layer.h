/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An image as a read-only, detached EROFS mount: straight from its file where the kernel can (Linux 6.12 and
 * CONFIG_EROFS_FS_BACKED_BY_FILE), else over a loop device that goes away with the last user of the mount; a
 * block device as it is. error is never NULL here.
 */

#include "base/error.h"

enum { LAYER_NEEDS_LOOP = 1 };

typedef enum LayerMethod { LAYER_DIRECT, LAYER_LOOP } LayerMethod;

/* Opens an image and refuses everything that is neither a regular file nor a block device. */
int layer_open(const char *path, int *ret_fd, Error *error);

/* Mounts an open image. LAYER_NEEDS_LOOP when the kernel cannot mount a regular file directly. */
int layer_mount(int image, LayerMethod method, int *ret_mount, Error *error);
