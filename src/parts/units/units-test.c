/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "parts/units/units.h"

static void assert_rules(const char *const *units, size_t n, UnitScope scope, bool automatic)
{
	for (size_t i = 0; i < n; i++) {
		const UnitRule *rule = unit_rule(units[i]);

		if (rule->scope != scope || rule->automatic != automatic)
			fail_msg("%s: another rule, because %s", units[i], rule->reason);
		assert_true(strlen(rule->reason) > 10);
	}
}
#define ASSERT_RULES(units, scope, automatic) assert_rules(units, ARRAY_SIZE(units), scope, automatic)

static void restarts_services(void **state)
{
	static const char *const units[] = {"cron.service", "ssh.service", "sshd.service", "nginx.service",
		"systemd-resolved.service", "systemd-udevd.service", "postgresql@15-main.service",
		"polkit.service", "a\\x2db.service", "mydbus.service"};
	static const char *const of_users[] = {"user@1000.service/wireplumber.service",
		"user@1000.service/xdg-desktop-portal.service", "user@0.service/syncthing.service"};

	(void)state;
	ASSERT_RULES(units, UNIT_SCOPE_SERVICE, true);
	ASSERT_RULES(of_users, UNIT_SCOPE_USER_SERVICE, true);
}

static void asks_before_it_cuts_users_off(void **state)
{
	static const char *const services[] = {"gdm.service", "gdm3.service", "sddm.service",
		"lightdm.service", "greetd.service", "display-manager.service", "cage@tty1.service",
		"weston.service", "weston@root.service", "getty@tty1.service", "serial-getty@ttyS0.service",
		"container-getty@1.service", "console-getty.service",
		"ssh@0-10.0.0.1:22-10.0.0.2:4242.service", "networking.service",
		"wpa_supplicant@wlan0.service", "openvpn-client@work.service", "docker.service",
		"apt-daily-upgrade.service", "sutured.service"};
	static const char *const system[] = {"dbus.service", "dbus-broker.service", "systemd-logind.service"};

	(void)state;
	ASSERT_RULES(services, UNIT_SCOPE_SERVICE, false);
	ASSERT_RULES(system, UNIT_SCOPE_SOFT_REBOOT, false);
}

static void ends_no_login_and_no_desktop(void **state)
{
	static const char *const units[] = {"session-2.scope", "session-c1.scope",
		"user@1000.service/dbus.service", "user@1000.service/dbus-broker.service",
		"user@1000.service/org.gnome.Shell@wayland.service",
		"user@1000.service/gnome-session-manager@gnome.service",
		"user@1000.service/plasma-kwin_wayland.service"};

	(void)state;
	ASSERT_RULES(units, UNIT_SCOPE_SESSION, false);
}

static void has_managers_replace_themselves(void **state)
{
	(void)state;
	assert_int_equal(unit_rule("init.scope")->scope, UNIT_SCOPE_MANAGER);
	assert_true(unit_rule("init.scope")->automatic);
	assert_int_equal(unit_rule("user@1000.service")->scope, UNIT_SCOPE_USER_MANAGER);
	assert_true(unit_rule("user@1000.service")->automatic);
}

static void leaves_containers_to_who_runs_them(void **state)
{
	static const char *const units[] = {"machine-web.scope", "docker-0123.scope", "libpod-0123.scope",
		"systemd-nspawn@web.service", "user@1000.service/libpod-0123.scope"};

	(void)state;
	ASSERT_RULES(units, UNIT_SCOPE_CONTAINER, false);
}

static void leaves_programs_to_who_uses_them(void **state)
{
	static const char *const units[] = {"", "user@1000.service/app-firefox-1.scope",
		"user@1000.service/app-org.gnome.Terminal@0.service",
		"user@1000.service/gnome-terminal-server.service", "user@1000.service/ssh-agent.service",
		"user@1000.service/pipewire.service", "user@1000.service/a.scope", "run-r1.scope", "a.socket",
		"system.slice", "service", "/"};

	(void)state;
	ASSERT_RULES(units, UNIT_SCOPE_APPLICATION, false);
}

static void lets_only_what_it_knows_do_its_work_again(void **state)
{
	(void)state;
	assert_true(unit_may_repeat("systemd-journal-flush.service"));
	assert_true(unit_may_repeat("systemd-networkd-wait-online@eth0.service"));
	assert_false(unit_may_repeat("db-init.service"));
	assert_false(unit_may_repeat("user@1000.service/systemd-journal-flush.service"));
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
		cmocka_unit_test(ends_no_login_and_no_desktop),
		cmocka_unit_test(has_managers_replace_themselves),
		cmocka_unit_test(leaves_containers_to_who_runs_them),
		cmocka_unit_test(leaves_programs_to_who_uses_them),
		cmocka_unit_test(lets_only_what_it_knows_do_its_work_again),
		cmocka_unit_test(knows_whether_systemd_manages_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
