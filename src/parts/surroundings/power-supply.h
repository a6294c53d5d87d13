/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What feeds this machine, by the kernel's word: sys/class/power_supply
 * (Documentation/ABI/testing/sysfs-class-power).
 */

#include <stdbool.h>

#include "base/error.h"

typedef struct PowerSupply {
	bool on_battery;  /* a battery, or a UPS, is being emptied, and no mains are there */
	unsigned percent; /* of charge, of all of them on average; 100 where there is none, or none says */
} PowerSupply;

/* root_fd: the root directory with the sys. The batteries of mice and the like do not count. */
int power_supply_read(int root_fd, PowerSupply *ret, Error *error);
