/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a set of improvements to what root/usr shows.
 */

#include <stdbool.h>

#include "engine/context.h"
#include "engine/improvements.h"

/*
 * Has every image of the set guarded (engine/guard.h) and makes it what root/usr shows, as the generation
 * with this number, in one atomic step. An empty set shows the base. Refused while a package manager is at
 * work, and when the base of one of them has moved on; the base itself may be shown at any time.
 */
int layers_activate(Engine *engine, uint64_t generation, const Improvements *set, Error *error);

/* The same for a caller that has taken the lock of swaps (engine/suspension.h), and has held the base against
 * each manifest of the set since: the base's files are not read a second time. */
int layers_activate_checked(Engine *engine, uint64_t generation, const Improvements *set, Error *error);

enum { LAYERS_DEVICES_MAX = 8 };

/* The block devices that hold this improvement's image while it is mounted over one (dm-verity, loop), by
 * which /proc/PID/maps names its files on kernels before 6.12: more than one, when it was repaired. */
int layers_devices(const Engine *engine, const Manifest *manifest, dev_t ret[static LAYERS_DEVICES_MAX],
	size_t *ret_n, Error *error);
