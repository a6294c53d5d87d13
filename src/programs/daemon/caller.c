/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/caller.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* What a reply may name. */
typedef struct Credentials {
	uint32_t uid, pid;
	bool has_uid, has_pid;
} Credentials;

int caller_ask(sd_bus_message *call, sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret_slot,
	Error *error)
{
	int r = sd_bus_call_method_async(sd_bus_message_get_bus(call), ret_slot, "org.freedesktop.DBus",
		"/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials", handler,
		userdata, "s", sd_bus_message_get_sender(call));

	return r < 0 ? error_os(error, -r, "cannot ask the message bus who calls") : 0;
}

/* One entry's value. */
static int read_value(sd_bus_message *reply, const char *key, Credentials *credentials)
{
	bool is_uid = strcmp(key, "UnixUserID") == 0, is_pid = strcmp(key, "ProcessID") == 0;

	if (!is_uid && !is_pid)
		return sd_bus_message_skip(reply, "v");
	credentials->has_uid = credentials->has_uid || is_uid;
	credentials->has_pid = credentials->has_pid || is_pid;
	return sd_bus_message_read(reply, "v", "u", is_uid ? &credentials->uid : &credentials->pid);
}

static int read_credentials(sd_bus_message *reply, Credentials *ret)
{
	Credentials credentials = {.has_uid = false};
	const char *key;
	int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		r = sd_bus_message_read(reply, "s", &key);
		if (r >= 0)
			r = read_value(reply, key, &credentials);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	if (r >= 0)
		*ret = credentials;
	return r;
}

/* For tests, and for programs that are not installed. */
static const char *find_program(void)
{
	const char *path = secure_getenv("SUTURE_PROGRAM");

	return path && *path ? path : SUTURE_PATH;
}

/* By the file that it runs, not by a name that anybody can give, also in a mount namespace of his own. */
static bool is_client(pid_t pid)
{
	char link[sizeof("/proc//exe") + 3 * sizeof(pid)];
	struct stat program, own;

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	return stat(link, &program) == 0 && stat(find_program(), &own) == 0 && program.st_dev == own.st_dev &&
	       program.st_ino == own.st_ino;
}

int caller_read(sd_bus_message *reply, Caller *ret, Error *error)
{
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	Credentials credentials;
	int r;

	if (sd_bus_error_has_name(failure, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		return CALLER_GONE;
	if (failure)
		return error_set(error, "the message bus does not say who calls: %s",
			failure->message ? failure->message : failure->name);
	r = read_credentials(reply, &credentials);
	if (r < 0 || !credentials.has_uid)
		return error_set(error, "the message bus does not say who calls");
	*ret = (Caller){credentials.uid,
		credentials.has_pid && is_client((pid_t)credentials.pid) ? (pid_t)credentials.pid : 0};
	return 0;
}
