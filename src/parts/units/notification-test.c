/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/units/manager.h"
#include "parts/units/notification.h"

enum { NOBODY = 65534 };

/* A real message bus of the test's own, where a desktop would have its; on it, when the test wants one, a
 * notification service that hands on what it is to show. */
typedef struct Session {
	char *path;
	pid_t daemon;
} Session;

static int setup(void **state)
{
	Session *session = calloc(1, sizeof(*session));
	Error error = ERROR_INIT;

	assert_non_null(session);
	*state = session;
	assert_done(file_temporary_directory("notification-test", &session->path, &error), &error);
	return geteuid() == 0 ? chown(session->path, NOBODY, NOBODY) : 0;
}

static void end_child(pid_t pid)
{
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
}

static int teardown(void **state)
{
	Session *session = *state;
	Error error = ERROR_INIT;

	end_child(session->daemon);
	assert_done(file_remove_tree(AT_FDCWD, session->path, &error), &error);
	free(session->path);
	free(session);
	return 0;
}

static void become_user(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(1);
}

static bool start_bus(Session *session)
{
	CLEANUP_FREE char *address = NULL;
	char answer;
	int ready[2];
	bool up;

	assert_int_equal(text_format(&address, NULL, "--address=unix:path=%s/bus", session->path), 0);
	assert_int_equal(pipe(ready), 0);
	session->daemon = fork();
	if (session->daemon == 0) {
		become_user();
		(void)dup2(ready[1], 3);
		(void)execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nopidfile",
			"--nosyslog", "--print-address=3", address, NULL);
		_exit(127);
	}
	(void)close(ready[1]);
	/* Nothing comes where there is no dbus-daemon. */
	up = read(ready[0], &answer, 1) == 1;
	(void)close(ready[0]);
	return up;
}

static int notify(sd_bus_message *message, void *shown, sd_bus_error *failure)
{
	const char *name, *icon, *summary, *body;
	uint32_t replaced;
	char text[512];
	int length;

	(void)failure;
	if (sd_bus_message_read(message, "susss", &name, &replaced, &icon, &summary, &body) < 0)
		return -EINVAL;
	length = snprintf(text, sizeof(text), "%s|%s|%s|%d", name, summary, body, (int)getuid());
	(void)!write(*(int *)shown, text, (size_t)length);
	return sd_bus_reply_method_return(message, "u", 1);
}

static int tell_markup(sd_bus_message *message, void *shown, sd_bus_error *failure)
{
	(void)shown;
	(void)failure;
	return sd_bus_reply_method_return(message, "as", 2, "body", "body-markup");
}

static int tell_no_markup(sd_bus_message *message, void *shown, sd_bus_error *failure)
{
	(void)shown;
	(void)failure;
	return sd_bus_reply_method_return(message, "as", 2, "body", "actions");
}

#define SERVICE_OF(...) \
	{ \
		SD_BUS_VTABLE_START(0), \
			SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", notify, SD_BUS_VTABLE_UNPRIVILEGED), \
			__VA_ARGS__ SD_BUS_VTABLE_END, \
	}
#define CAPABILITIES(tell) SD_BUS_METHOD("GetCapabilities", "", "as", tell, SD_BUS_VTABLE_UNPRIVILEGED),

static const sd_bus_vtable silent[] = SERVICE_OF();
static const sd_bus_vtable with_markup[] = SERVICE_OF(CAPABILITIES(tell_markup));
static const sd_bus_vtable without_markup[] = SERVICE_OF(CAPABILITIES(tell_no_markup));

static _Noreturn void serve(const Session *session, const sd_bus_vtable *methods, int shown)
{
	CLEANUP_FREE char *address = NULL;
	sd_bus *bus = NULL;

	become_user();
	if (text_format(&address, NULL, "unix:path=%s/bus", session->path) < 0 || sd_bus_new(&bus) < 0 ||
		sd_bus_set_address(bus, address) < 0 || sd_bus_set_bus_client(bus, 1) < 0 ||
		sd_bus_start(bus) < 0 ||
		sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/Notifications",
			"org.freedesktop.Notifications", methods, &shown) < 0 ||
		sd_bus_request_name(bus, "org.freedesktop.Notifications", 0) < 0)
		_exit(1);
	(void)!write(shown, "y", 1);
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			_exit(1);
	}
}

static void fails_without_a_session_bus(void **state)
{
	const Session *session = *state;
	Error error = ERROR_INIT;

	assert_fails(notification_show(session->path, "a", "b", &error), &error,
		"message bus of the user's session");
	assert_fails(notification_show("/run/user/4294967294", "a", "b", &error), &error, "not logged in");
}

static void fails_without_a_notification_service(void **state)
{
	Session *session = *state;
	Error error = ERROR_INIT;

	if (!start_bus(session))
		skip();
	assert_fails(
		notification_show(session->path, "a", "b", &error), &error, "no notification could be shown");
}

/* What the service is told to show. */
static void show(
	const Session *session, const sd_bus_vtable *methods, const char *body, char text[static 512])
{
	int shown[2];
	pid_t service;
	Error error = ERROR_INIT;

	memset(text, 0, 512);
	assert_int_equal(pipe2(shown, O_CLOEXEC), 0);
	service = fork();
	if (service == 0)
		serve(session, methods, shown[1]);
	(void)close(shown[1]);
	assert_int_equal(read(shown[0], text, 1), 1);
	assert_done(notification_show(session->path, "Restart", body, &error), &error);
	assert_true(read(shown[0], text, 511) > 0);
	(void)close(shown[0]);
	end_child(service);
}

static void shows_it_in_the_name_of_the_user(void **state)
{
	const Session *session = *state;
	char text[512];

	if (session->daemon == 0)
		skip();
	show(session, without_markup, "firefox", text);
	assert_non_null(strstr(text, "Suture|Restart|firefox|"));
}

static void shows_text_whatever_the_service_takes_for_markup(void **state)
{
	static const char plain[] = "Restart <a href=\"x\">R&D</a>.";
	static const char escaped[] = "|Restart &lt;a href=\"x\"&gt;R&amp;D&lt;/a&gt;.|";
	const Session *session = *state;
	char text[512];

	if (session->daemon == 0)
		skip();
	show(session, with_markup, plain, text);
	assert_non_null(strstr(text, escaped));
	show(session, silent, plain, text);
	assert_non_null(strstr(text, escaped));
	show(session, without_markup, plain, text);
	assert_non_null(strstr(text, plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fails_without_a_session_bus),
		cmocka_unit_test(fails_without_a_notification_service),
		cmocka_unit_test(shows_it_in_the_name_of_the_user),
		cmocka_unit_test(shows_text_whatever_the_service_takes_for_markup),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
