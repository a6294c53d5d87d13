/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "parts/units/units.h"

/* A real message bus of the test's own, and on it a service manager that restarts nothing: the unit's name
 * says how that ends. */
typedef struct Bus {
	char *path;
	pid_t daemon;
	pid_t manager;
} Bus;

static const char JOB[] = "/org/freedesktop/systemd1/job/7";

static int announce(sd_bus *bus, const char *job, const char *unit, const char *result)
{
	return sd_bus_emit_signal(bus, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
		"JobRemoved", "uoss", (uint32_t)7, job, unit, result);
}

static int try_restart_unit(sd_bus_message *message, void *is_subscribed, sd_bus_error *failure)
{
	sd_bus *bus = sd_bus_message_get_bus(message);
	const char *unit, *mode;

	if (sd_bus_message_read(message, "ss", &unit, &mode) < 0 || strcmp(mode, "replace") != 0)
		return -EINVAL;
	if (strcmp(unit, "missing.service") == 0)
		return sd_bus_error_set(
			failure, "org.freedesktop.systemd1.NoSuchUnit", "Unit missing.service not found.");
	/* Somebody else's job ends first. */
	if (announce(bus, "/org/freedesktop/systemd1/job/6", "other.service", "failed") < 0)
		return -EIO;
	if (strcmp(unit, "swift.service") == 0)
		(void)announce(bus, JOB, unit, "done");
	if (sd_bus_reply_method_return(message, "o", JOB) < 0)
		return -EIO;
	if (!*(bool *)is_subscribed)
		return 0;
	if (strcmp(unit, "good.service") == 0)
		(void)announce(bus, JOB, unit, "done");
	if (strcmp(unit, "bad.service") == 0)
		(void)announce(bus, JOB, unit, "failed");
	return 0;
}

static int subscribe(sd_bus_message *message, void *is_subscribed, sd_bus_error *failure)
{
	(void)failure;
	*(bool *)is_subscribed = true;
	return sd_bus_reply_method_return(message, NULL);
}

static const sd_bus_vtable manager_methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Subscribe", "", "", subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("TryRestartUnit", "ss", "o", try_restart_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_VTABLE_END,
};

static _Noreturn void run_manager(int ready)
{
	static bool is_subscribed;
	sd_bus *bus = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_bus_open_system(&bus) < 0 ||
		sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/systemd1",
			"org.freedesktop.systemd1.Manager", manager_methods, &is_subscribed) < 0 ||
		sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) < 0)
		_exit(1);
	(void)!write(ready, "y", 1);
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			_exit(1);
	}
}

static void start_daemon(Bus *bus, const char *config)
{
	char descriptor[32];
	char answer;
	int ready[2];

	assert_int_equal(pipe(ready), 0);
	(void)snprintf(descriptor, sizeof(descriptor), "--print-address=%d", ready[1]);
	bus->daemon = fork();
	if (bus->daemon == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog",
			descriptor, config, NULL);
		_exit(127);
	}
	(void)close(ready[1]);
	/* Nothing comes where there is no dbus-daemon. */
	if (read(ready[0], &answer, 1) != 1) {
		assert_int_equal(waitpid(bus->daemon, NULL, 0), bus->daemon);
		bus->daemon = 0;
	}
	(void)close(ready[0]);
}

static void start_manager(Bus *bus)
{
	char answer = '\0';
	int ready[2];

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	bus->manager = fork();
	if (bus->manager == 0)
		run_manager(ready[1]);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &answer, 1), 1);
	(void)close(ready[0]);
}

static int bus_setup(void **state)
{
	Bus *bus = calloc(1, sizeof(*bus));
	CLEANUP_FREE char *config = NULL, *text = NULL, *address = NULL, *argument = NULL;
	Error error = ERROR_INIT;

	assert_non_null(bus);
	*state = bus;
	assert_done(file_temporary_directory("units-test", &bus->path, &error), &error);
	assert_done(text_format(&address, &error, "unix:path=%s/bus", bus->path), &error);
	assert_done(text_format(&config, &error, "%s/config", bus->path), &error);
	assert_done(text_format(&argument, &error, "--config-file=%s", config), &error);
	assert_done(text_format(&text, &error,
			    "<busconfig><listen>%s</listen><auth>EXTERNAL</auth><policy context=\"default\">"
			    "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow own=\"*\"/>"
			    "<allow receive_sender=\"*\" eavesdrop=\"true\"/></policy></busconfig>",
			    address),
		&error);
	assert_done(file_replace(AT_FDCWD, config, bytes_of_text(text), 0644, &error), &error);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
	start_daemon(bus, argument);
	if (bus->daemon)
		start_manager(bus);
	return 0;
}

static void end_child(pid_t pid)
{
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
}

static int bus_teardown(void **state)
{
	Bus *bus = *state;
	Error error = ERROR_INIT;

	end_child(bus->manager);
	end_child(bus->daemon);
	assert_done(file_remove_tree(AT_FDCWD, bus->path, &error), &error);
	free(bus->path);
	free(bus);
	return 0;
}

static void need_bus(void **state)
{
	if (!((Bus *)*state)->daemon)
		skip();
}

static void waits_until_the_job_is_done(void **state)
{
	Error error = ERROR_INIT;

	need_bus(state);
	assert_done(unit_restart("good.service", 60, &error), &error);
}

static void hears_of_a_job_that_ends_before_the_answer_comes(void **state)
{
	Error error = ERROR_INIT;

	need_bus(state);
	assert_done(unit_restart("swift.service", 60, &error), &error);
}

static void says_how_a_restart_failed(void **state)
{
	Error error = ERROR_INIT;

	need_bus(state);
	assert_fails(unit_restart("bad.service", 60, &error), &error, "\"failed\"");
	assert_fails(unit_restart("missing.service", 60, &error), &error, "Unit missing.service not found.");
}

static void does_not_wait_for_ever(void **state)
{
	Error error = ERROR_INIT;

	need_bus(state);
	assert_fails(unit_restart("slow.service", 1, &error), &error, "in time");
}

static void refuses_what_is_no_name(void **state)
{
	static const char *const names[] = {"", "a b.service", "../a.service", "user@1.service/a.service",
		"a\n.service", "\xff.service", "\xc3\xa4.service"};
	char long_name[300];
	Error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_fails(unit_restart(names[i], 1, &error), &error, "not the name of a unit");
	memset(long_name, 'a', sizeof(long_name));
	long_name[256] = '\0';
	assert_fails(unit_restart(long_name, 1, &error), &error, "not the name of a unit");
}

static void says_when_there_is_no_bus(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
	assert_fails(unit_restart("good.service", 1, &error), &error, "cannot reach the system message bus");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_until_the_job_is_done),
		cmocka_unit_test(hears_of_a_job_that_ends_before_the_answer_comes),
		cmocka_unit_test(says_how_a_restart_failed),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(refuses_what_is_no_name),
		cmocka_unit_test(says_when_there_is_no_bus),
	};

	return cmocka_run_group_tests(tests, bus_setup, bus_teardown);
}
