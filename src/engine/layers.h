/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a set of improvements to what root/usr shows.
 */

#include "engine/context.h"
#include "engine/improvements.h"

/*
 * Checks every image of the set (by dm-verity where the kernel has it, else whole, by its digest) and makes
 * it what root/usr shows, as the generation with this number, in one atomic step. An empty set shows the
 * base. Refused while a package manager is at work, and when the base of one of them has moved on; the base
 * itself may be shown at any time.
 */
int layers_activate(Engine *engine, uint64_t generation, const Improvements *set, Error *error);

/* The block device that holds this improvement's image while it is mounted over one (dm-verity, loop), by
 * which /proc/PID/maps names its files on kernels before 6.12; 0 when there is none. */
int layers_device(const Engine *engine, const Manifest *manifest, dev_t *ret, Error *error);

/* How images are guarded here, for reports: "dm-verity", or "verified whole at activation". */
const char *layers_integrity(void);
