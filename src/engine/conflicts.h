/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Can these improvements be active together? Each was made for the base alone: where two of them want the
 * same path, the upper layer would win, and the system would be a mixture that nobody has tested.
 */

#include "engine/improvements.h"

/* Fails with a sentence that names both and the path. Directories may be shared: the overlay merges them. */
int conflicts_check(const Improvements *set, Error *error);
