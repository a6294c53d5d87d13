/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/conditions.h"

#include <inttypes.h>

#include "parts/surroundings/network.h"
#include "parts/surroundings/power-saver.h"
#include "parts/surroundings/power-supply.h"

static int check_battery(const Engine *engine, Error *why)
{
	int64_t least = engine->config.automatic.battery;
	PowerSupply power;

	if (power_supply_read(engine->root_fd, &power, NULL) < 0 || !power.on_battery ||
		power.percent >= least)
		return 0;
	(void)error_set(
		why, "the battery is at %u %%, below the %" PRId64 " %% of Battery=", power.percent, least);
	return CONDITIONS_UNMET;
}

/* A state of the machine in which the setting `key` decides; nobody is asked where it does not matter. */
static int check_state(SettingsWhen when, bool (*is_on)(void), const char *what, const char *key, Error *why)
{
	if (when == SETTINGS_ALWAYS || !is_on())
		return 0;
	(void)error_set(why, "%s, and %s=%s", what, key, when == SETTINGS_NEVER ? "never" : "urgent");
	return when == SETTINGS_NEVER ? CONDITIONS_UNMET : CONDITIONS_URGENT_ONLY;
}

int conditions_check(const Engine *engine, Error *why)
{
	const AutomaticSettings *settings = &engine->config.automatic;
	Error saver_why = ERROR_INIT, network_why = ERROR_INIT;
	int saver, network, r = check_battery(engine, why);

	if (r != 0)
		return r;
	saver = check_state(settings->battery_saver, power_saver_is_on, "power is being saved",
		"BatterySaver", &saver_why);
	if (saver != CONDITIONS_UNMET) {
		network = check_state(settings->metered, network_is_metered, "the network is metered",
			"Metered", &network_why);
		if (network > saver) {
			*why = network_why;
			return network;
		}
	}
	if (saver != 0)
		*why = saver_why;
	return saver;
}
