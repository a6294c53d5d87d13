/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whose turn it is to take an improvement, of the devices that update by themselves (docs/unattended.md).
 * Each device has a place of its own for each improvement, drawn evenly from its secret; the share of devices
 * whose turn it is grows with time, and takes places from 0 on. Pure, and in whole numbers: 0 % is nobody,
 * 100 % is everybody.
 */

#include <stdint.h>

#include "parts/manifest/manifest.h"

/* A place among 2^64. It stays when the publisher changes hours or percent, since it depends on the image
 * that the improvement brings and not on its manifest; and says nothing about the place for another image. */
int rollout_place(const Digest *device, const Digest *image, uint64_t *ret, Error *error);

typedef enum RolloutTurn {
	ROLLOUT_NOW,   /* and from now on */
	ROLLOUT_LATER, /* with time alone: *ret_when is the second at which it is */
	ROLLOUT_HELD,  /* not before the publisher raises the percentage */
} RolloutTurn;

/* now: seconds since 1970. *ret_when is set for ROLLOUT_LATER alone. */
RolloutTurn rollout_turn(const ManifestRollout *rollout, uint64_t place, int64_t now, int64_t *ret_when);
