/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/surroundings/power-saver.h"

#include <string.h>

#include "base/cleanup.h"
#include "parts/surroundings/bus-property.h"

/* Its name since 0.20, and the one before, which others have taken up. */
static const BusProperty profiles[] = {
	{"org.freedesktop.UPower.PowerProfiles", "/org/freedesktop/UPower/PowerProfiles",
		"org.freedesktop.UPower.PowerProfiles", "ActiveProfile"},
	{"net.hadess.PowerProfiles", "/net/hadess/PowerProfiles", "net.hadess.PowerProfiles",
		"ActiveProfile"},
};

bool power_saver_is_on(void)
{
	char profile[BUS_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
		if (bus_property_text(&profiles[i], profile, NULL) == 0)
			return strcmp(profile, "power-saver") == 0;
	return false;
}
