/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "parts/units/units.h"

static void assert_action(const char *unit, UnitAction action)
{
	const char *reason = NULL;

	if (unit_action(unit, &reason) != action)
		fail_msg("%s: another action, because %s", unit, reason);
	assert_non_null(reason);
	assert_true(strlen(reason) > 10);
}

static void restarts_services(void **state)
{
	static const char *const units[] = {"cron.service", "ssh.service", "sshd.service", "nginx.service",
		"systemd-resolved.service", "systemd-udevd.service", "postgresql@15-main.service",
		"polkit.service", "a\\x2db.service", "mydbus.service"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		assert_action(units[i], UNIT_RESTART);
}

static void asks_before_it_cuts_users_off(void **state)
{
	static const char *const units[] = {"dbus.service", "dbus-broker.service", "systemd-logind.service",
		"gdm.service", "gdm3.service", "sddm.service", "lightdm.service", "greetd.service",
		"display-manager.service", "user@1000.service", "session-2.scope", "session-c1.scope",
		"init.scope", "getty@tty1.service", "serial-getty@ttyS0.service", "container-getty@1.service",
		"console-getty.service", "ssh@0-10.0.0.1:22-10.0.0.2:4242.service", "networking.service",
		"wpa_supplicant@wlan0.service", "openvpn-client@work.service", "docker.service",
		"systemd-nspawn@web.service", "apt-daily-upgrade.service", "sutured.service"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		assert_action(units[i], UNIT_ASK);
}

static void leaves_alone_what_is_no_unit_of_the_system(void **state)
{
	static const char *const units[] = {"", "user@1000.service/pipewire.service",
		"user@1000.service/app-firefox-1.scope", "docker-0123.scope", "machine-web.scope", "a.socket",
		"system.slice", "service", "/", "user@1000.service/dbus.service"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		assert_action(units[i], UNIT_NONE);
}

static void knows_whether_systemd_manages_services(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(units_available(), stat("/run/systemd/system", &status) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restarts_services),
		cmocka_unit_test(asks_before_it_cuts_users_off),
		cmocka_unit_test(leaves_alone_what_is_no_unit_of_the_system),
		cmocka_unit_test(knows_whether_systemd_manages_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
