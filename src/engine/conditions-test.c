/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/conditions.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "base/text.h"
#include "parts/surroundings/test-bus.h"

static const TestProperty saving = {
	"net.hadess.PowerProfiles", "/net/hadess/PowerProfiles", "ActiveProfile", .text = "power-saver"};
static const TestProperty metered = {
	"org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager", "Metered", .number = 1};

/* The bus's directory is the root; nothing is served yet. */
static Engine engine_on(TestBus *bus)
{
	Engine engine = {.root_fd = open(bus->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

	if (!test_bus_is_here(bus))
		skip();
	assert_true(engine.root_fd >= 0);
	test_bus_stop(bus);
	assert_done(file_remove_tree(engine.root_fd, "sys", NULL), &(Error){0});
	engine.config.automatic.battery = 10;
	return engine;
}

static void assert_conditions(const Engine *engine, int expected, const char *part)
{
	Error why = ERROR_INIT;

	assert_int_equal(conditions_check(engine, &why), expected);
	assert_non_null(strstr(why.text, part));
}

static void put_battery(const Engine *engine, const char *status, const char *percent)
{
	static const char folder[] = "sys/class/power_supply/BAT0";
	const char *const attributes[][2] = {{"type", "Battery"}, {"status", status}, {"capacity", percent}};
	Error error = ERROR_INIT;

	assert_done(file_make_directories(engine->root_fd, folder, 0755, NULL, &error), &error);
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		CLEANUP_FREE char *name = NULL;

		assert_done(text_format(&name, &error, "%s/%s", folder, attributes[i][0]), &error);
		assert_done(
			file_replace(engine->root_fd, name, bytes_of_text(attributes[i][1]), 0644, &error),
			&error);
	}
}

static void where_nobody_says_anything_there_is_nothing_to_mind(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Engine engine = engine_on(*state);

	fd = engine.root_fd;
	assert_conditions(&engine, 0, "");
}

static void a_battery_below_the_limit_is_left_alone_while_it_is_emptied(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Engine engine = engine_on(*state);

	fd = engine.root_fd;
	put_battery(&engine, "Discharging", "9");
	assert_conditions(&engine, CONDITIONS_UNMET, "the battery is at 9 %, below the 10 % of Battery=");
	engine.config.automatic.battery = 9;
	assert_conditions(&engine, 0, "");
	engine.config.automatic.battery = 100;
	put_battery(&engine, "Charging", "9");
	assert_conditions(&engine, 0, "");
}

static void a_metered_network_allows_what_the_setting_says(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Engine engine = engine_on(*state);

	fd = engine.root_fd;
	test_bus_serve(*state, &metered);
	engine.config.automatic.metered = SETTINGS_NEVER;
	assert_conditions(&engine, CONDITIONS_UNMET, "the network is metered, and Metered=never");
	engine.config.automatic.metered = SETTINGS_URGENT;
	assert_conditions(&engine, CONDITIONS_URGENT_ONLY, "the network is metered, and Metered=urgent");
	engine.config.automatic.metered = SETTINGS_ALWAYS;
	assert_conditions(&engine, 0, "");
}

static void saved_power_allows_what_the_setting_says(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Engine engine = engine_on(*state);

	fd = engine.root_fd;
	test_bus_serve(*state, &saving);
	engine.config.automatic.battery_saver = SETTINGS_NEVER;
	assert_conditions(&engine, CONDITIONS_UNMET, "power is being saved, and BatterySaver=never");
	engine.config.automatic.battery_saver = SETTINGS_URGENT;
	assert_conditions(&engine, CONDITIONS_URGENT_ONLY, "BatterySaver=urgent");
	engine.config.automatic.battery_saver = SETTINGS_ALWAYS;
	assert_conditions(&engine, 0, "");
}

static void what_forbids_more_decides(void **state)
{
	CLEANUP_CLOSE int fd = -1;
	Engine engine = engine_on(*state);

	fd = engine.root_fd;
	test_bus_serve(*state, &metered);
	engine.config.automatic.metered = SETTINGS_URGENT;
	put_battery(&engine, "Discharging", "9");
	assert_conditions(&engine, CONDITIONS_UNMET, "battery");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_nobody_says_anything_there_is_nothing_to_mind),
		cmocka_unit_test(a_battery_below_the_limit_is_left_alone_while_it_is_emptied),
		cmocka_unit_test(a_metered_network_allows_what_the_setting_says),
		cmocka_unit_test(saved_power_allows_what_the_setting_says),
		cmocka_unit_test(what_forbids_more_decides),
	};

	return cmocka_run_group_tests(tests, test_bus_set_up, test_bus_tear_down);
}
