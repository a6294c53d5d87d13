/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What tells this device from all others, to itself alone: random bytes in the store (docs/formats/state.md),
 * hashed together with the system's machine-id, so that a copy of a disk image is another device. It never
 * leaves the device, and nothing that does is made from it.
 */

#include "parts/store/store.h"

/* Made when there is none yet, or what is there is none; the store is open for writing. root_fd is the root
 * whose etc/machine-id counts; there may be none. */
int device_secret(const Store *store, int root_fd, Digest *ret, Error *error);
