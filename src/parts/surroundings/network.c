/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/surroundings/network.h"

#include <stddef.h>

#include "parts/surroundings/bus-property.h"

/* NMMetered of NetworkManager's D-Bus interface. */
enum { METERED_YES = 1, METERED_GUESS_YES = 3 };

static const BusProperty metered = {"org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
	"org.freedesktop.NetworkManager", "Metered"};

bool network_is_metered(void)
{
	uint32_t answer = 0;

	return bus_property_number(&metered, &answer, NULL) == 0 &&
	       (answer == METERED_YES || answer == METERED_GUESS_YES);
}
