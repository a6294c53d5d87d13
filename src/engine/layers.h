/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a set of improvements to what root/usr shows.
 */

#include <stdbool.h>

#include "engine/context.h"
#include "engine/improvements.h"

/*
 * Checks every image of the set (by dm-verity where the kernel has it, else whole, by its digest) and makes
 * it what root/usr shows, as the generation with this number, in one atomic step. An empty set shows the
 * base. Refused while a package manager is at work, and when the base of one of them has moved on; the base
 * itself may be shown at any time.
 */
int layers_activate(Engine *engine, uint64_t generation, const Improvements *set, Error *error);

/* Reads the image as /usr would, to its end, so that what rotted on the disk is found before it is active.
 * Bytes that are wrong are discarded, so that the next install fetches them again. */
int layers_check(Engine *engine, const Manifest *manifest, Error *error);

/* Has the kernel met wrong bytes in this image since it was activated? Only root can tell. */
bool layers_is_corrupt(const Manifest *manifest);

/* The block device that holds this improvement's image while it is mounted over one (dm-verity, loop), by
 * which /proc/PID/maps names its files on kernels before 6.12; 0 when there is none. */
int layers_device(const Engine *engine, const Manifest *manifest, dev_t *ret, Error *error);

/* How images are guarded here, for reports: "dm-verity", or "verified whole at activation". */
const char *layers_integrity(void);
