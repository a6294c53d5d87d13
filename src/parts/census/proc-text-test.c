/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "parts/census/proc-text.h"

static void reads_a_state(void **state)
{
	ProcStat stat;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(
		proc_text_stat(bytes_of_text("123 (cat) S 1 123 123 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 31 0 "
					     "987654321 99 100\n"),
			&stat, &error),
		&error);
	assert_string_equal(stat.name, "cat");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.n_threads, 31);
	assert_int_equal(stat.start_time, 987654321);
}

static void is_not_misled_by_a_name(void **state)
{
	static const char *const text =
		"1 (a) Z 1 1 (\033[2J\n\xc3\xa4) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 55 0";
	ProcStat stat;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(proc_text_stat(bytes_of_text(text), &stat, &error), &error);
	assert_string_equal(stat.name, "a) Z 1 1 (?[2J???");
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.start_time, 55);
}

static void cuts_a_long_name(void **state)
{
	char text[1024] = "1 (";
	ProcStat stat;
	Error error = ERROR_INIT;

	(void)state;
	memset(text + 3, 'n', 200);
	(void)strcat(text, ") S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 55 0");
	assert_done(proc_text_stat(bytes_of_text(text), &stat, &error), &error);
	assert_int_equal(strlen(stat.name), CENSUS_NAME_SIZE - 1);
}

static void refuses_a_malformed_state(void **state)
{
	static const char *const texts[] = {
		"",
		"1",
		"1 (",
		"1 (a",
		"1 a)",
		")(",
		"1 (a)",
		"1 (a) ",
		"1 (a) S",
		"1 (a) SS 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 55 0",
		"1 (a) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0",
		"1 (a) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 ",
		"1 (a) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 -5 0",
		"1 (a) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 x 0 55 0",
		"1 (a) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551616 0",
		"1 (a) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1  55 0",
	};
	ProcStat stat;
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_fails(proc_text_stat(bytes_of_text(texts[i]), &stat, &error), &error, "malformed");
}

static void reads_the_effective_user(void **state)
{
	uid_t uid;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(proc_text_uid(
			    bytes_of_text("Name:\tUid:\nState:\tS\nUid:\t1000\t4294967294\t0\t0\nGid:\t1\n"),
			    &uid, &error),
		&error);
	assert_int_equal(uid, 4294967294);
	assert_fails(proc_text_uid(bytes_of_text("Name:\ta\n"), &uid, &error), &error, "no user");
	assert_fails(proc_text_uid(bytes_of_text("Uid:\t1\n"), &uid, &error), &error, "no user");
	assert_fails(proc_text_uid(bytes_of_text("Uid:\t1\t4294967296\t"), &uid, &error), &error, "no user");
	assert_fails(proc_text_uid((Bytes){NULL, 0}, &uid, &error), &error, "no user");
}

static void assert_unit(const char *text, const char *unit)
{
	char found[CENSUS_UNIT_SIZE];

	memset(found, 'x', sizeof(found));
	proc_text_unit(bytes_of_text(text), found);
	assert_string_equal(found, unit);
}

static void names_units_of_the_system_manager(void **state)
{
	(void)state;
	assert_unit("0::/system.slice/cron.service\n", "cron.service");
	assert_unit("0::/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service");
	assert_unit("0::/user.slice/user-1000.slice/session-2.scope\n", "session-2.scope");
	assert_unit("0::/init.scope\n", "init.scope");
	assert_unit("0::/system.slice/dev-disk-by\\x2dlabel.service\n", "dev-disk-by\\x2dlabel.service");
	assert_unit("0::/a:b.slice/c:d.service\n", "c:d.service");
}

static void keeps_units_of_other_managers_apart(void **state)
{
	(void)state;
	assert_unit("0::/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service\n",
		"user@1000.service/pipewire.service");
	assert_unit("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", "user@1000.service");
	assert_unit("0::/user.slice/user-1000.slice/user@1000.service\n", "user@1000.service");
	assert_unit("0::/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service\n",
		"systemd-nspawn@web.service");
	assert_unit("0::/system.slice/docker-abc.scope/system.slice/cron.service\n", "docker-abc.scope");
}

static void reads_both_versions_of_cgroups(void **state)
{
	(void)state;
	assert_unit("2:cpu:/other.service\n1:name=systemd:/system.slice/ssh.service\n0::/\n", "ssh.service");
	assert_unit("1:name=systemd:/\n0::/system.slice/ssh.service\n", "ssh.service");
	assert_unit("1:name=elogind:/1.scope\n", "");
}

static void names_no_unit_where_there_is_none(void **state)
{
	static const char *const texts[] = {"", "\n", "0", "0:", "0::", "0::/", "0::/system.slice\n",
		"0::/.service\n", "0::/a/.scope/b\n", "0::/service\n", "5:pids:/a.service\n",
		"0:cpu:/a.service\n", "10::/a.service\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_unit(texts[i], "");
}

static void never_shortens_a_unit_into_another(void **state)
{
	char text[1024] = "0::/";
	char expected[1024];

	(void)state;
	memset(text + 4, 'u', CENSUS_UNIT_SIZE);
	(void)strcat(text, ".service");
	assert_unit(text, "");
	(void)strcpy(text, "0::/user@1.service/");
	memset(text + 19, 'u', CENSUS_UNIT_SIZE);
	text[19 + CENSUS_UNIT_SIZE] = '\0';
	(void)strcat(text, ".service");
	assert_unit(text, "user@1.service");
	/* The longest that fits. */
	memset(expected, 'u', CENSUS_UNIT_SIZE);
	(void)strcpy(expected + CENSUS_UNIT_SIZE - 9, ".service");
	(void)strcpy(text, "0::/");
	(void)strcat(text, expected);
	assert_int_equal(strlen(expected), CENSUS_UNIT_SIZE - 1);
	assert_unit(text, expected);
}

static void defuses_a_hostile_unit(void **state)
{
	(void)state;
	assert_unit("0::/user@1.service/\033[2J\xff.scope\n", "user@1.service/?[2J?.scope");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_state),
		cmocka_unit_test(is_not_misled_by_a_name),
		cmocka_unit_test(cuts_a_long_name),
		cmocka_unit_test(refuses_a_malformed_state),
		cmocka_unit_test(reads_the_effective_user),
		cmocka_unit_test(names_units_of_the_system_manager),
		cmocka_unit_test(keeps_units_of_other_managers_apart),
		cmocka_unit_test(reads_both_versions_of_cgroups),
		cmocka_unit_test(names_no_unit_where_there_is_none),
		cmocka_unit_test(never_shortens_a_unit_into_another),
		cmocka_unit_test(defuses_a_hostile_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
