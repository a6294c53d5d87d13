/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/surroundings/bus-property.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"
#include "base/text.h"
#include "parts/surroundings/network.h"
#include "parts/surroundings/power-saver.h"
#include "parts/surroundings/test-bus.h"

#define NETWORK_MANAGER "org.freedesktop.NetworkManager"

static const BusProperty asked = {
	"org.example.Kitchen", "/org/example/Kitchen", "org.example.Kitchen", "Pot"};

/* The bus of this test; one on which nothing is served. */
static TestBus *need_bus(void **state)
{
	TestBus *bus = *state;

	if (!test_bus_is_here(bus))
		skip();
	test_bus_stop(bus);
	return bus;
}

static bool is_metered(TestBus *bus, uint32_t answer)
{
	test_bus_serve(bus, &(TestProperty){NETWORK_MANAGER, "/org/freedesktop/NetworkManager", "Metered",
				    .number = answer});
	return network_is_metered();
}

static void a_network_is_metered_when_the_manager_says_or_guesses_so(void **state)
{
	TestBus *bus = need_bus(state);

	assert_false(network_is_metered());
	assert_false(is_metered(bus, 0));
	assert_true(is_metered(bus, 1));
	assert_false(is_metered(bus, 2));
	assert_true(is_metered(bus, 3));
	assert_false(is_metered(bus, 4));
}

static bool is_saving(TestBus *bus, const char *service, const char *object, const char *profile)
{
	test_bus_serve(bus, &(TestProperty){service, object, "ActiveProfile", .text = profile});
	return power_saver_is_on();
}

static void power_is_saved_when_either_name_of_the_daemon_says_so(void **state)
{
	static const char *const names[][2] = {
		{"org.freedesktop.UPower.PowerProfiles", "/org/freedesktop/UPower/PowerProfiles"},
		{"net.hadess.PowerProfiles", "/net/hadess/PowerProfiles"}};
	TestBus *bus = need_bus(state);

	assert_false(power_saver_is_on());
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_true(is_saving(bus, names[i][0], names[i][1], "power-saver"));
		assert_false(is_saving(bus, names[i][0], names[i][1], "balanced"));
	}
}

static void a_property_of_another_type_is_no_answer(void **state)
{
	TestBus *bus = need_bus(state);
	char text[BUS_TEXT_SIZE] = "as before";
	Error error = ERROR_INIT;

	test_bus_serve(bus, &(TestProperty){asked.service, asked.object, asked.name, .number = 7});
	assert_int_equal(bus_property_text(&asked, text, &error), BUS_NO_ANSWER);
	assert_string_equal(text, "as before");
	assert_non_null(strstr(error.text, "org.example.Kitchen does not say its Pot"));
}

static void nobody_waits_for_a_service_that_does_not_answer(void **state)
{
	TestBus *bus = need_bus(state);
	uint32_t number = 7;
	Error error = ERROR_INIT;

	test_bus_serve(bus,
		&(TestProperty){asked.service, asked.object, asked.name, .number = 8, .is_silent = true});
	assert_int_equal(bus_property_number(&asked, &number, &error), BUS_NO_ANSWER);
	assert_int_equal(number, 7);
}

static void no_service_is_started_to_be_asked(void **state)
{
	TestBus *bus = need_bus(state);
	CLEANUP_FREE char *file = NULL, *text = NULL, *mark = NULL;
	uint32_t number;
	Error error = ERROR_INIT;

	assert_done(text_format(&file, &error, "%s/services/org.example.Kitchen.service", bus->path), &error);
	assert_done(text_format(&mark, &error, "%s/started", bus->path), &error);
	assert_done(
		text_format(&text, &error,
			"[D-BUS Service]\nName=org.example.Kitchen\nExec=/bin/touch %s\nUser=root\n", mark),
		&error);
	assert_done(file_replace(AT_FDCWD, file, bytes_of_text(text), 0644, &error), &error);
	assert_int_equal(bus_property_number(&asked, &number, &error), BUS_NO_ANSWER);
	assert_int_equal(access(mark, F_OK), -1);
}

static void without_a_bus_there_is_no_answer(void **state)
{
	uint32_t number;
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
	assert_int_equal(bus_property_number(&asked, &number, &error), BUS_NO_ANSWER);
	assert_false(network_is_metered());
	assert_false(power_saver_is_on());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_metered_when_the_manager_says_or_guesses_so),
		cmocka_unit_test(power_is_saved_when_either_name_of_the_daemon_says_so),
		cmocka_unit_test(a_property_of_another_type_is_no_answer),
		cmocka_unit_test(nobody_waits_for_a_service_that_does_not_answer),
		cmocka_unit_test(no_service_is_started_to_be_asked),
		cmocka_unit_test(without_a_bus_there_is_no_answer),
	};

	return cmocka_run_group_tests(tests, test_bus_set_up, test_bus_tear_down);
}
