/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/health.h"

#include "base/test.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/idle.h"
#include "base/text.h"
#include "engine/health-run.h"

typedef struct Place {
	char *path;
	int fd;
} Place;

static int setup(void **state)
{
	Place *place = calloc(1, sizeof(*place));
	Error error = ERROR_INIT;

	assert_non_null(place);
	assert_done(file_temporary_directory("health-test", &place->path, &error), &error);
	place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->fd >= 0);
	assert_done(file_make_directories(place->fd, "usr/lib/suture/health.d", 0755, NULL, &error), &error);
	assert_done(file_make_directories(place->fd, "etc/suture/health.d", 0755, NULL, &error), &error);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	Place *place = *state;
	Error error = ERROR_INIT;

	(void)close(place->fd);
	assert_done(file_remove_tree(AT_FDCWD, place->path, &error), &error);
	free(place->path);
	free(place);
	return 0;
}

static void put(const Place *place, const char *name, mode_t mode, const char *text)
{
	Error error = ERROR_INIT;

	assert_done(file_replace(place->fd, name, bytes_of_text(text), mode, &error), &error);
}

/* "NAME NAME": what would be run. */
static void assert_checks(const Place *place, const char *expected)
{
	CLEANUP_HEALTH Health health = HEALTH_INIT;
	CLEANUP_BUFFER Buffer found = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(health_collect(place->fd, &health, &error), &error);
	assert_done(buffer_append(&found, "", 0, &error), &error);
	for (size_t i = 0; i < health.n; i++)
		assert_done(buffer_append_format(&found, &error, "%s%s", i ? " " : "", health.checks[i].name),
			&error);
	assert_string_equal(found.data ? (char *)found.data : "", expected);
}

static void checks_run_in_the_order_of_their_names(void **state)
{
	const Place *place = *state;

	put(place, "etc/suture/health.d/20-web", 0755, "#!/bin/sh\n");
	put(place, "usr/lib/suture/health.d/10-disk", 0755, "#!/bin/sh\n");
	put(place, "usr/lib/suture/health.d/30-mail", 0755, "#!/bin/sh\n");
	assert_checks(place, "10-disk 20-web 30-mail");
}

static void what_is_no_program_is_no_check(void **state)
{
	const Place *place = *state;

	put(place, "etc/suture/health.d/README", 0644, "Put checks here.\n");
	put(place, "etc/suture/health.d/.hidden", 0755, "#!/bin/sh\n");
	put(place, "etc/suture/health.d/10-web~", 0755, "#!/bin/sh\n");
	put(place, "etc/suture/health.d/10-web.dpkg-old", 0755, "#!/bin/sh\n");
	assert_checks(place, "");
}

static void the_administrator_undoes_the_vendor_s(void **state)
{
	const Place *place = *state;

	put(place, "usr/lib/suture/health.d/10-disk", 0755, "#!/bin/sh\n");
	put(place, "usr/lib/suture/health.d/20-web", 0755, "#!/bin/sh\n");
	put(place, "etc/suture/health.d/20-web", 0755, "");
	assert_int_equal(symlinkat("/dev/null", place->fd, "etc/suture/health.d/10-disk"), 0);
	assert_checks(place, "");
}

static void what_others_than_root_may_write_is_not_run(void **state)
{
	const Place *place = *state;

	put(place, "etc/suture/health.d/10-group", 0775, "#!/bin/sh\n");
	put(place, "etc/suture/health.d/20-others", 0757, "#!/bin/sh\n");
	put(place, "etc/suture/health.d/30-owner", 0755, "#!/bin/sh\n");
	put(place, "etc/suture/health.d/40-good", 0755, "#!/bin/sh\n");
	assert_int_equal(fchmodat(place->fd, "etc/suture/health.d/10-group", 0775, 0), 0);
	assert_int_equal(fchmodat(place->fd, "etc/suture/health.d/20-others", 0757, 0), 0);
	assert_int_equal(fchownat(place->fd, "etc/suture/health.d/30-owner", 65534, 0, 0), 0);
	assert_int_equal(symlinkat("/bin/true", place->fd, "etc/suture/health.d/50-link"), 0);
	assert_checks(place, "40-good");
}

static void a_folder_that_others_may_write_has_no_checks(void **state)
{
	const Place *place = *state;

	put(place, "etc/suture/health.d/10-web", 0755, "#!/bin/sh\n");
	assert_int_equal(fchmodat(place->fd, "etc/suture/health.d", 0777, 0), 0);
	assert_checks(place, "");
}

/* Runs a script in the running system. */
static int run(const Place *place, const char *script, int seconds, Error *error)
{
	CLEANUP_FREE char *path = NULL, *text = NULL;
	HealthRun run = {.root = "/", .seconds = seconds, .when = "SUTURE_WHEN=after"};
	char components[] = "SUTURE_COMPONENTS=one two", letters[] = "SUTURE_LETTERS=a b";

	assert_done(text_format(&path, error, "%s/check", place->path), error);
	assert_done(text_format(&text, error, "#!/bin/sh\n%s\n", script), error);
	put(place, "check", 0755, text);
	run.path = path;
	run.components = components;
	run.letters = letters;
	return health_run(&run, error);
}

static void a_check_that_exits_with_0_is_content(void **state)
{
	Error error = ERROR_INIT;

	assert_done(run(*state, "echo fine; exit 0", 60, &error), &error);
}

static void the_last_line_says_what_is_wrong(void **state)
{
	Error error = ERROR_INIT;

	assert_fails(run(*state, "echo one; echo 'no \033[1m page' >&2; echo; exit 3", 60, &error), &error,
		"no ?[1m page");
	assert_fails(run(*state, "exit 1", 60, &error), &error, "it gave no reason");
	assert_fails(run(*state, "kill -s SEGV $$", 60, &error), &error, "ended by signal 11");
}

static void a_check_that_hangs_is_ended_with_all_that_it_has_started(void **state)
{
	const Place *place = *state;
	Error error = ERROR_INIT;
	CLEANUP_FREE char *script = NULL;

	assert_done(text_format(&script, &error, "(sleep 1000; :) & echo waiting; sleep 1000"), &error);
	assert_fails(run(place, script, 1, &error), &error, "not done after 1 seconds: waiting");
}

static void who_is_left_behind_holds_nobody_up(void **state)
{
	Error error = ERROR_INIT;

	assert_done(run(*state, "sleep 1000 & yes | head -c 100000; exit 0", 60, &error), &error);
}

static void knows_what_came_and_nothing_of_the_caller(void **state)
{
	Error error = ERROR_INIT;

	assert_int_equal(setenv("SECRET", "1", 1), 0);
	assert_done(run(*state,
			    "[ \"$SUTURE_COMPONENTS|$SUTURE_LETTERS|$SUTURE_WHEN|$SECRET\" = 'one two|a "
			    "b|after|' ] && "
			    "[ \"$(ls /proc/self/fd | wc -l)\" -le 4 ] && ! read line",
			    60, &error),
		&error);
}

enum { NOT_HERE = 77 };

/* In a process of its own, which may not find its way back. Field 41 of its stat is the scheduling policy. */
static int run_when_idle(const Place *place)
{
	static const char script[] = "set -- $(cat /proc/$$/stat) $(cat /proc/$$/oom_score_adj)\n"
				     "shift 40; policy=$1; shift $(($# - 1)); echo $policy $1; exit 1";
	const struct sched_param none = {.sched_priority = 0};
	CLEANUP_FREE char *wanted = NULL;
	char score[16] = "";
	Error error = ERROR_INIT;
	int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, score, sizeof(score) - 1) <= 0 || close(fd) < 0)
		return 1;
	score[strcspn(score, "\n")] = '\0';
	if (text_format(&wanted, &error, "%d %s", sched_getscheduler(0), score) < 0 ||
		idle_become(&error) < 0 || sched_getscheduler(0) != SCHED_IDLE)
		return 2;
	/* Without CAP_SYS_NICE there is no way back. */
	if (sched_setscheduler(0, SCHED_OTHER, &none) < 0)
		return NOT_HERE;
	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		return 2;
	return run(place, script, 60, &error) < 0 && strcmp(error.text, wanted) == 0 ? 0 : 3;
}

static void whoever_keeps_the_processor_busy_makes_none_late(void **state)
{
	int status = 0;
	pid_t child;

	if (geteuid() != 0)
		skip();
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(run_when_idle(*state));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_HERE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void one_that_failed_before_does_not_count(void **state)
{
	const Place *place = *state;
	const Improvements none = IMPROVEMENTS_INIT;
	const HealthSubject subject = {"/", place->fd, HEALTH_AFTER, &none};
	CLEANUP_JSON json_t *names = NULL;
	HealthCheck checks[] = {{.name = "bad", .folder = "nowhere"}};
	Health health = {checks, 1};
	Error error = ERROR_INIT;

	assert_done(health_measure(&health, &subject, &error), &error);
	assert_true(checks[0].failed);
	assert_done(health_judge(&health, &subject, &error), &error);
	assert_done(health_failed_to_json(&health, &names, &error), &error);
	checks[0].failed = false;
	health_failed_from_json(&health, names);
	assert_true(checks[0].failed);
	checks[0].failed = false;
	assert_fails(health_judge(&health, &subject, &error), &error, "the check bad failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(checks_run_in_the_order_of_their_names, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_program_is_no_check, setup, teardown),
		cmocka_unit_test_setup_teardown(the_administrator_undoes_the_vendor_s, setup, teardown),
		cmocka_unit_test_setup_teardown(what_others_than_root_may_write_is_not_run, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_folder_that_others_may_write_has_no_checks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_check_that_exits_with_0_is_content, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_line_says_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_check_that_hangs_is_ended_with_all_that_it_has_started, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_left_behind_holds_nobody_up, setup, teardown),
		cmocka_unit_test_setup_teardown(knows_what_came_and_nothing_of_the_caller, setup, teardown),
		cmocka_unit_test_setup_teardown(
			whoever_keeps_the_processor_busy_makes_none_late, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_failed_before_does_not_count, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
