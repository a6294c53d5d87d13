/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A random order of n things: what a device asks a server for is to come in another order each time, so that
 * the order tells nothing about the device.
 */

#include <stddef.h>

#include "base/error.h"

/* Each order is as likely as any other. *ret holds 0 to n - 1; the caller frees it. */
int shuffle(size_t n, size_t **ret, Error *error);
