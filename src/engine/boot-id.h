/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which boot this is, in the kernel's words: a soft-reboot is none.
 */

#include <stdint.h>

#include "engine/trial.h"

int boot_id_read(char id[static TRIAL_BOOT_ID_SIZE], Error *error);

/* When this boot began, in seconds since 1970 by the clock as it goes now. */
int64_t boot_id_time(void);
