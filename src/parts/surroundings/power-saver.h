/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Has the user chosen to save power (power-profiles-daemon, or what stands in for it)? No where nobody says.
 */
bool power_saver_is_on(void);
