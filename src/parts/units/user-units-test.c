/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "parts/units/user-units.h"

enum { SECONDS = 60 };

/* Where a user has put a manager of the user's own making: what it says is up to the user. */
typedef struct Liar {
	char *path;
	pid_t pid;
} Liar;

/* One byte longer than there is room for, and the last character has two. */
static const char *long_text(char *text, size_t size)
{
	memset(text, 'x', size);
	(void)snprintf(text + size - 2, 3, "\xc3\xa4");
	return text;
}

static int answer_restart(sd_bus_message *message)
{
	char text[UNIT_ERROR_SIZE + 1];
	const char *unit;

	if (sd_bus_message_read(message, "s", &unit) < 0)
		return -EINVAL;
	if (strcmp(unit, "refused.service") == 0)
		return sd_bus_reply_method_errorf(
			message, "org.example.Refused", "%s", long_text(text, UNIT_ERROR_SIZE));
	(void)sd_bus_emit_signal(sd_bus_message_get_bus(message), MANAGER_OBJECT, MANAGER_INTERFACE,
		"JobRemoved", "uoss", 1, "/job", unit, long_text(text, 32));
	return sd_bus_reply_method_return(message, "o", "/job");
}

/* Refused is the property that the unit is named after; only the last one has a socket. No other is there. */
static int answer_get(sd_bus_message *message)
{
	CLEANUP_FREE char *unit = NULL;
	const char *interface, *property;
	size_t length;

	if (sd_bus_message_read(message, "ss", &interface, &property) < 0 ||
		sd_bus_path_decode(sd_bus_message_get_path(message), MANAGER_OBJECT "/unit", &unit) <= 0)
		return -EINVAL;
	length = strcspn(unit, ".");
	if (strlen(property) == length && strncmp(property, unit, length) == 0)
		return sd_bus_reply_method_errorf(
			message, SD_BUS_ERROR_NO_REPLY, "the answer did not come in time");
	if (strcmp(property, "TriggeredBy") == 0 && strcmp(unit, "Accept.service") == 0)
		return sd_bus_reply_method_return(message, "v", "as", 1, "Accept.socket");
	return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_UNKNOWN_PROPERTY, "no such property");
}

/* All units run, and have hardly a property. */
static int answer(sd_bus_message *message, void *unused, sd_bus_error *failure)
{
	(void)unused;
	(void)failure;
	if (sd_bus_message_is_method_call(message, MANAGER_INTERFACE, "TryRestartUnit"))
		return answer_restart(message);
	if (sd_bus_message_is_method_call(message, MANAGER_INTERFACE, "GetUnit"))
		return sd_bus_reply_method_return(message, "o", "/unit");
	if (sd_bus_message_is_method_call(message, MANAGER_INTERFACE, "Subscribe"))
		return sd_bus_reply_method_return(message, NULL);
	return answer_get(message);
}

static void serve_one(int connection)
{
	CLEANUP(sd_bus_flush_close_unref) sd_bus *bus = NULL;

	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, connection, connection) < 0 ||
		sd_bus_set_server(bus, 1, (sd_id128_t){.bytes = {1}}) < 0 ||
		sd_bus_add_filter(bus, NULL, answer, NULL) < 0 || sd_bus_start(bus) < 0)
		_exit(1);
	for (int r = 0; r >= 0;)
		r = sd_bus_process(bus, NULL) == 0 ? sd_bus_wait(bus, UINT64_MAX) : sd_bus_is_open(bus) - 1;
}

static _Noreturn void serve(int listening)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		serve_one(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
}

static int setup(void **state)
{
	Liar *liar = calloc(1, sizeof(*liar));
	CLEANUP_CLOSE int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEANUP_FREE char *folder = NULL;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	Error error = ERROR_INIT;

	assert_non_null(liar);
	*state = liar;
	assert_done(file_temporary_directory("user-units-test", &liar->path, &error), &error);
	assert_done(text_format(&folder, &error, "%s/systemd", liar->path), &error);
	assert_done(file_make_directories(AT_FDCWD, folder, 0755, NULL, &error), &error);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/private", folder);
	assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening, 8), 0);
	liar->pid = fork();
	if (liar->pid == 0)
		serve(listening);
	return 0;
}

static int teardown(void **state)
{
	Liar *liar = *state;
	Error error = ERROR_INIT;

	(void)kill(liar->pid, SIGKILL);
	(void)waitpid(liar->pid, NULL, 0);
	assert_done(file_remove_tree(AT_FDCWD, liar->path, &error), &error);
	free(liar->path);
	free(liar);
	return 0;
}

static void a_report_carries_whatever_a_users_manager_says(void **state)
{
	static const char *const says[] = {"xxxx", "ended with \"xxxx"};
	UnitRestart restarts[2] = {{.unit = "refused.service"}, {.unit = "failed.service"}};
	const Liar *liar = *state;
	Error error = ERROR_INIT;

	assert_done(user_units_restart(liar->path, restarts, 2, SECONDS, &error), &error);
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_JSON json_t *text = json_string(restarts[i].error);

		assert_false(restarts[i].done);
		assert_non_null(strstr(restarts[i].error, says[i]));
		assert_non_null(text);
	}
}

static void a_property_that_is_not_told_is_not_taken_for_one_that_lacks(void **state)
{
	static const char *const properties[] = {"ActiveState", "LoadState", "CanStart", "CanStop",
		"RefuseManualStart", "RefuseManualStop", "StartLimitIntervalUSec", "StartLimitBurst", "Type",
		"SurviveFinalKillSignal", "MainPID", "TriggeredBy", "Accept", "RequiredBy", "RequisiteOf",
		"BoundBy", "ConsistsOf", "PropagatesStopTo", "Names"};
	const Liar *liar = *state;
	UnitFacts facts = {.name = "nothing.service"};
	Error error = ERROR_INIT;

	assert_done(user_units_read(liar->path, &facts, 1, &error), &error);
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		(void)snprintf(facts.name, sizeof(facts.name), "%s.service", properties[i]);
		assert_fails(user_units_read(liar->path, &facts, 1, &error), &error, properties[i]);
	}
}

static void nothing_is_queued_where_jobs_or_their_order_are_not_told(void **state)
{
	static const char *const properties[] = {"Job", "After"};
	const Liar *liar = *state;
	Error error = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		UnitRestart restart = {.done = false};

		(void)snprintf(restart.unit, sizeof(restart.unit), "%s.service", properties[i]);
		assert_fails(user_units_restart(liar->path, &restart, 1, SECONDS, &error), &error,
			"does not tell");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_carries_whatever_a_users_manager_says),
		cmocka_unit_test(a_property_that_is_not_told_is_not_taken_for_one_that_lacks),
		cmocka_unit_test(nothing_is_queued_where_jobs_or_their_order_are_not_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
