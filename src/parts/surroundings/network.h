/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Is the network paid by what travels? By NetworkManager's word, a guess of its included; no where it does
 * not say. */
bool network_is_metered(void);
