/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/surroundings/test-bus.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/test.h"
#include "base/text.h"

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *name,
	sd_bus_message *reply, void *property, sd_bus_error *failure)
{
	(void)bus, (void)path, (void)interface, (void)name, (void)failure;
	return sd_bus_message_append(reply, "s", ((const TestProperty *)property)->text);
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *name,
	sd_bus_message *reply, void *property, sd_bus_error *failure)
{
	(void)bus, (void)path, (void)interface, (void)name, (void)failure;
	return sd_bus_message_append(reply, "u", ((const TestProperty *)property)->number);
}

static _Noreturn void run_service(const TestProperty *property, int ready)
{
	const sd_bus_vtable table[] = {
		SD_BUS_VTABLE_START(0),
		SD_BUS_PROPERTY(property->name, property->text ? "s" : "u",
			property->text ? get_text : get_number, 0, 0),
		SD_BUS_VTABLE_END,
	};
	sd_bus *bus = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_bus_open_system(&bus) < 0 ||
		sd_bus_add_object_vtable(bus, NULL, property->object, property->service, table,
			(void *)(uintptr_t)property) < 0 ||
		sd_bus_request_name(bus, property->service, 0) < 0)
		_exit(1);
	(void)!write(ready, "y", 1);
	while (property->is_silent)
		(void)pause();
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			_exit(1);
	}
}

static void start_daemon(TestBus *bus, const char *config)
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

int test_bus_set_up(void **state)
{
	TestBus *bus = calloc(1, sizeof(*bus));
	CLEANUP_FREE char *config = NULL, *text = NULL, *address = NULL, *argument = NULL, *services = NULL;
	Error error = ERROR_INIT;

	assert_non_null(bus);
	*state = bus;
	assert_done(file_temporary_directory("bus-test", &bus->path, &error), &error);
	assert_done(text_format(&services, &error, "%s/services", bus->path), &error);
	assert_done(file_make_directories(AT_FDCWD, services, 0755, NULL, &error), &error);
	assert_done(text_format(&address, &error, "unix:path=%s/bus", bus->path), &error);
	assert_done(text_format(&config, &error, "%s/config", bus->path), &error);
	assert_done(text_format(&argument, &error, "--config-file=%s", config), &error);
	assert_done(text_format(&text, &error,
			    "<busconfig><listen>%s</listen><auth>EXTERNAL</auth><servicedir>%s</servicedir>"
			    "<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
			    "<allow own=\"*\"/><allow receive_sender=\"*\" "
			    "eavesdrop=\"true\"/></policy></busconfig>",
			    address, services),
		&error);
	assert_done(file_replace(AT_FDCWD, config, bytes_of_text(text), 0644, &error), &error);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1), 0);
	start_daemon(bus, argument);
	return 0;
}

bool test_bus_is_here(const TestBus *bus)
{
	return bus->daemon > 0;
}

static void end_child(pid_t *pid)
{
	if (*pid > 0) {
		(void)kill(*pid, SIGKILL);
		(void)waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

void test_bus_stop(TestBus *bus)
{
	end_child(&bus->service);
}

void test_bus_serve(TestBus *bus, const TestProperty *property)
{
	char answer = '\0';
	int ready[2];

	test_bus_stop(bus);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	bus->service = fork();
	if (bus->service == 0)
		run_service(property, ready[1]);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &answer, 1), 1);
	(void)close(ready[0]);
}

int test_bus_tear_down(void **state)
{
	TestBus *bus = *state;
	Error error = ERROR_INIT;

	end_child(&bus->service);
	end_child(&bus->daemon);
	assert_done(file_remove_tree(AT_FDCWD, bus->path, &error), &error);
	free(bus->path);
	free(bus);
	return 0;
}
