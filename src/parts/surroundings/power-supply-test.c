/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/surroundings/power-supply.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"

/* A root with a sys of the test's own: files as the kernel shows them. */
typedef struct Root {
	char *path;
	int fd;
} Root;

static int set_up(void **state)
{
	Root *root = calloc(1, sizeof(*root));

	if (!root || file_temporary_directory("suture-power", &root->path, NULL) < 0)
		return -1;
	root->fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = root;
	return root->fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	Root *root = *state;

	(void)close(root->fd);
	(void)file_remove_tree(AT_FDCWD, root->path, NULL);
	free(root->path);
	free(root);
	return 0;
}

/* attributes: "name=value name=value". */
static void put(const Root *root, const char *supply, const char *attributes)
{
	char directory[128], text[256], *rest = text, *word;
	Error error = ERROR_INIT;

	(void)snprintf(directory, sizeof(directory), "sys/class/power_supply/%s", supply);
	(void)snprintf(text, sizeof(text), "%s", attributes);
	assert_done(file_make_directories(root->fd, directory, 0755, NULL, &error), &error);
	while ((word = strsep(&rest, ";"))) {
		char *value = strchr(word, '='), path[512], line[64];

		*value++ = '\0';
		(void)snprintf(path, sizeof(path), "%s/%s", directory, word);
		(void)snprintf(line, sizeof(line), "%s\n", value);
		assert_done(file_replace(root->fd, path, bytes_of_text(line), 0644, &error), &error);
	}
}

static void assert_power(const Root *root, bool on_battery, unsigned percent)
{
	PowerSupply power;
	Error error = ERROR_INIT;

	assert_done(power_supply_read(root->fd, &power, &error), &error);
	assert_int_equal(power.on_battery, on_battery);
	assert_int_equal(power.percent, percent);
}

static void a_machine_without_batteries_is_on_the_mains(void **state)
{
	assert_power(*state, false, 100);
	put(*state, "AC", "type=Mains;online=0");
	assert_power(*state, false, 100);
}

static void a_battery_that_is_being_emptied_is_what_feeds_it(void **state)
{
	put(*state, "AC", "type=Mains;online=0");
	put(*state, "BAT0", "type=Battery;present=1;status=Discharging;capacity=42");
	assert_power(*state, true, 42);
	put(*state, "BAT0", "status=Charging");
	assert_power(*state, false, 42);
}

static void mains_that_are_there_count_more_than_what_a_battery_says(void **state)
{
	put(*state, "BAT0", "type=Battery;status=Discharging;capacity=9");
	put(*state, "ADP1", "type=Mains;online=1");
	assert_power(*state, false, 9);
}

static void several_batteries_count_together_and_a_ups_like_one(void **state)
{
	put(*state, "BAT0", "type=Battery;status=Discharging;capacity=5");
	put(*state, "ups", "type=UPS;status=Not charging;capacity=95");
	assert_power(*state, true, 50);
}

static void the_battery_of_a_mouse_and_an_empty_bay_do_not_count(void **state)
{
	put(*state, "hidpp_battery_0", "type=Battery;scope=Device;status=Discharging;capacity=3");
	put(*state, "BAT1", "type=Battery;present=0;status=Discharging;capacity=0");
	assert_power(*state, false, 100);
}

static void energy_or_charge_stand_in_for_a_missing_percentage(void **state)
{
	put(*state, "BAT0", "type=Battery;status=Discharging;energy_now=20000000;energy_full=50000000");
	assert_power(*state, true, 40);
	put(*state, "BAT1", "type=Battery;status=Discharging;charge_now=1000000;charge_full=5000000");
	assert_power(*state, true, 30);
}

static void what_a_battery_does_not_say_is_not_guessed(void **state)
{
	put(*state, "BAT0", "type=Battery;status=Discharging;capacity=-1;energy_now=7;energy_full=0");
	assert_power(*state, true, 100);
}

static void the_kernel_s_links_are_followed_and_none_leads_out_of_the_root(void **state)
{
	const Root *root = *state;
	Error error = ERROR_INIT;

	assert_done(file_make_directories(root->fd, "sys/class/power_supply", 0755, NULL, &error), &error);
	put(root, "../../devices/LNXSYSTM/BAT0", "type=Battery;status=Discharging;capacity=30");
	assert_int_equal(
		symlinkat("../../devices/LNXSYSTM/BAT0", root->fd, "sys/class/power_supply/BAT0"), 0);
	assert_int_equal(symlinkat("/etc", root->fd, "sys/class/power_supply/out"), 0);
	assert_power(root, true, 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_machine_without_batteries_is_on_the_mains),
		TEST(a_battery_that_is_being_emptied_is_what_feeds_it),
		TEST(mains_that_are_there_count_more_than_what_a_battery_says),
		TEST(several_batteries_count_together_and_a_ups_like_one),
		TEST(the_battery_of_a_mouse_and_an_empty_bay_do_not_count),
		TEST(energy_or_charge_stand_in_for_a_missing_percentage),
		TEST(what_a_battery_does_not_say_is_not_guessed),
		TEST(the_kernel_s_links_are_followed_and_none_leads_out_of_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
