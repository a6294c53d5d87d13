/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Does a URL belong to the origin https://bank.example? Version 1.0-1 of the library has a hole, +fix1 closes
 * it, and +fix2 closes a second one that +fix1 left open.
 */

#include <stdbool.h>

__attribute__((visibility("default"))) bool origin_is_allowed(const char *url);
