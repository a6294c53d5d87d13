/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Generations over ROOT/usr: one read-only overlay whose layers are the images and, lowest, the base. A swap
 * is one atomic mount operation; a reader of ROOT/usr sees the old or the new generation, never an error
 * and never something in between (docs/overlay.md). What is mounted is read from the kernel
 * (mountinfo), never remembered.
 *
 * Kernel: fsopen(2), fsconfig(2), fsmount(2), move_mount(2), open_tree(2);
 * Documentation/filesystems/overlayfs.rst. Works from Linux 6.1 on.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { OVERLAY_LAYERS_MAX = 64 };

/* An EROFS image: a regular file (mounted file-backed, or over a loop device where the kernel cannot), or a
 * block device that holds one (dm-verity). Upper layers first. */
typedef struct OverlayLayer {
	const char *path;
} OverlayLayer;

/*
 * Builds generation `number` (from 1) over root's true base and makes it what root/usr shows. Everything is
 * built before anything is moved: on failure, the generation that was active still is. Mounts below /usr are
 * carried over. root is "/" or another absolute directory that contains usr, which is no symlink. Fails when
 * somebody else has mounted something over a generation.
 *
 * Works in the caller's mount namespace, from a process that may have threads. One caller at a time.
 */
int overlay_activate(
	const char *root, uint64_t number, const OverlayLayer *layers, size_t n_layers, Error *error);

/* Makes root/usr show the base again, in one atomic step. Nothing active is no error. What is still in use
 * stays mounted underneath, so that the paths of its users stay right. */
int overlay_deactivate(const char *root, Error *error);

/* Opens the true base's usr below every generation (O_PATH | O_DIRECTORY), with the mounts below it as they
 * are now. It is a mount of its own that ends when the descriptor is closed. */
int overlay_open_base(const char *root, int *ret_fd, Error *error);

/* One of our generations that is mounted at root/usr, maybe covered by newer ones. */
typedef struct OverlayGeneration {
	uint64_t number;
	dev_t device; /* of the overlay, as mountinfo and /proc/PID/maps show it */
	bool is_top;  /* what root/usr shows now */
} OverlayGeneration;

/* All of them, oldest first, into a new array (free()). Of this process's mount namespace. */
int overlay_list(const char *root, OverlayGeneration **ret, size_t *ret_n, Error *error);

/* The number of the generation that root/usr shows: 0 is the base. */
int overlay_current(const char *root, uint64_t *ret_number, Error *error);
