/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/language.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/restart-plan.h"
#include "parts/units/as-user.h"
#include "parts/units/notification.h"
#include "parts/units/session.h"

/* A message is read at a glance. */
enum { APPLICATIONS_SHOWN = 5, MARK_MAX = 64 };

static const char directory_name[] = "/run/suture/asked";
static const char summary[] = N_("Restart to finish a security fix");

static bool has_scope(const json_t *action, UnitScope scope)
{
	return strcmp(json_string_value(json_object_get(action, "scope")), restart_scope_name(scope)) == 0;
}

static bool is_of(const json_t *action, uid_t uid)
{
	return json_integer_value(json_object_get(action, "uid")) == (json_int_t)uid;
}

/* "Restart firefox, evolution and 3 more." */
static int append_applications(const json_t *actions, uid_t uid, Buffer *text, Error *error)
{
	size_t index, n = 0;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (!has_scope(action, UNIT_SCOPE_APPLICATION) || !is_of(action, uid) ||
			json_is_true(json_object_get(action, "automatic")) || n++ >= APPLICATIONS_SHOWN)
			continue;
		if (buffer_append_format(text, error, "%s%s", n == 1 ? _("Restart ") : ", ",
			    json_string_value(json_object_get(action, "target"))) < 0)
			return -1;
	}
	if (n > APPLICATIONS_SHOWN &&
		buffer_append_format(text, error, _(" and %zu more"), n - APPLICATIONS_SHOWN) < 0)
		return -1;
	return n > 0 ? buffer_append_format(text, error, ".\n") : 0;
}

static bool asks_for(const json_t *actions, UnitScope scope, uid_t uid, bool of_user)
{
	size_t index;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (has_scope(action, scope) && (!of_user || is_of(action, uid)))
			return true;
	}
	return false;
}

/* Lines end with a newline, but for the last: a notification service shows an empty line there. */
static int finish(const Buffer *text, char **ret, Error *error)
{
	CLEANUP_FREE char *copy = NULL;

	if (text_copy(text->data ? (const char *)text->data : "", &copy, error) < 0)
		return -1;
	if (*copy)
		copy[strlen(copy) - 1] = '\0';
	*ret = TAKE_PTR(copy);
	return 0;
}

int restart_ask_text(const json_t *actions, uid_t uid, char **ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (append_applications(actions, uid, &text, error) < 0 ||
		(asks_for(actions, UNIT_SCOPE_SESSION, uid, true) &&
			buffer_append_format(&text, error, _("Log out and in again.\n")) < 0) ||
		((asks_for(actions, UNIT_SCOPE_REBOOT, uid, false) ||
			 asks_for(actions, UNIT_SCOPE_SOFT_REBOOT, uid, false)) &&
			buffer_append_format(&text, error, _("Restart the computer when it suits you.\n")) <
				0))
		return -1;
	return finish(&text, ret, error);
}

/* What is remembered of a user: the generation, whose restarts were asked for. */
static bool was_asked(int directory, uid_t uid, const char *mark)
{
	CLEANUP_BUFFER Buffer former = BUFFER_INIT;
	char name[MARK_MAX];

	(void)snprintf(name, sizeof(name), "%lu", (unsigned long)uid);
	return file_read(directory, name, MARK_MAX, &former, NULL) == 0 &&
	       bytes_equal(buffer_bytes(&former), bytes_of_text(mark));
}

static int ask_one(int directory, const json_t *actions, uid_t uid, uint64_t generation, Error *error)
{
	CLEANUP_FREE char *text = NULL;
	char runtime[AS_USER_DIRECTORY_SIZE], name[MARK_MAX], mark[MARK_MAX];

	(void)snprintf(name, sizeof(name), "%lu", (unsigned long)uid);
	(void)snprintf(mark, sizeof(mark), "%llu\n", (unsigned long long)generation);
	if (restart_ask_text(actions, uid, &text, error) < 0)
		return -1;
	if (*text == '\0' || was_asked(directory, uid, mark))
		return 0;
	if (notification_show(as_user_directory(uid, runtime), _(summary), text, error) < 0)
		return -1;
	return file_replace(directory, name, bytes_of_text(mark), 0644, error);
}

void restart_ask(const json_t *actions, uint64_t generation)
{
	CLEANUP_CLOSE int directory = -1;
	CLEANUP_FREE uid_t *users = NULL;
	Error error = ERROR_INIT;
	size_t n = 0;

	session_desktops(&users, &n);
	if (n == 0)
		return;
	if (file_make_directories(AT_FDCWD, directory_name, 0755, &directory, &error) < 0)
		log_warning("nobody is asked: %s", error.text);
	for (size_t i = 0; directory >= 0 && i < n; i++)
		if (ask_one(directory, actions, users[i], generation, &error) < 0)
			log_info("user %lu was not asked: %s", (unsigned long)users[i], error.text);
}
