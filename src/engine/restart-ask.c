/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/language.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/restart-plan.h"
#include "parts/units/as-user.h"
#include "parts/units/notification.h"
#include "parts/units/session.h"

/* A message is read at a glance. */
enum { SHOWN_MAX = 5, NAME_SIZE = 64, MARK_MAX = 64 };

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

typedef bool Chosen(const json_t *action, uid_t uid);

/* Left to this user. */
static bool is_application(const json_t *action, uid_t uid)
{
	return has_scope(action, UNIT_SCOPE_APPLICATION) && is_of(action, uid) &&
	       !json_is_true(json_object_get(action, "automatic"));
}

/* "suture restart" does it, and it is the system's or this user's. */
static bool is_done_when_told(const json_t *action, uid_t uid)
{
	return json_is_true(json_object_get(action, "automatic")) &&
	       (!json_has(action, "uid") || is_of(action, uid));
}

/* Whoever is exposed may have chosen it, for what people read in this message. False: it has none. */
static bool find_name(const json_t *action, char name[static NAME_SIZE])
{
	const char *target = json_string_value(json_object_get(action, "target"));
	const char *slash = target ? strrchr(target, '/') : NULL;

	if (!target)
		return false;
	(void)snprintf(name, NAME_SIZE, "%s", slash ? slash + 1 : target);
	text_make_printable(name);
	return true;
}

/* "Restart firefox, evolution and 3 more." Nothing when there are none of those. */
static int append_list(const json_t *actions, uid_t uid, Chosen *chosen, const char *opening,
	const char *closing, Buffer *text, Error *error)
{
	char name[NAME_SIZE];
	size_t index, n = 0;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (!chosen(action, uid) || !find_name(action, name) || n++ >= SHOWN_MAX)
			continue;
		if (buffer_append_format(text, error, "%s%s", n == 1 ? opening : ", ", name) < 0)
			return -1;
	}
	if (n > SHOWN_MAX && buffer_append_format(text, error, _(" and %zu more"), n - SHOWN_MAX) < 0)
		return -1;
	return n > 0 ? buffer_append_format(text, error, "%s", closing) : 0;
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

/* "gdm.service restarts by itself after 2026-12-02 14:00: …", in local time. */
static int append_due(const json_t *actions, Buffer *text, Error *error)
{
	size_t index, n = 0;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		char when[sizeof("2026-12-02 14:00 and a year of more digits")] = "", name[NAME_SIZE];
		struct tm local;
		time_t due;
		int64_t seconds;

		if (!json_has(action, "due") || !find_name(action, name) || n++ >= SHOWN_MAX)
			continue;
		if (json_time_field(action, "due", &seconds, error) < 0)
			return -1;
		due = (time_t)seconds;
		if (localtime_r(&due, &local))
			(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &local);
		if (buffer_append_format(text, error, _("%s restarts by itself after %s: %s.\n"), name, when,
			    _(json_string_value(json_object_get(action, "reason")))) < 0)
			return -1;
	}
	return 0;
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

int restart_ask_text(const json_t *actions, uid_t uid, bool services, char **ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (append_list(actions, uid, is_application, _("Restart "), ".\n", &text, error) < 0 ||
		(asks_for(actions, UNIT_SCOPE_SESSION, uid, true) &&
			buffer_append_format(&text, error, _("Log out and in again.\n")) < 0) ||
		((asks_for(actions, UNIT_SCOPE_REBOOT, uid, false) ||
			 asks_for(actions, UNIT_SCOPE_SOFT_REBOOT, uid, false)) &&
			buffer_append_format(&text, error, _("Restart the computer when it suits you.\n")) <
				0) ||
		(services && append_list(actions, uid, is_done_when_told, _("Still without the fix: "),
				     _(". An administrator's \"suture restart\" closes it.\n"), &text,
				     error) < 0) ||
		append_due(actions, &text, error) < 0)
		return -1;
	return finish(&text, ret, error);
}

static bool has_deadline(const json_t *actions)
{
	size_t index;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (json_has(action, "due"))
			return true;
	}
	return false;
}

/* What is remembered of a user: the generation, whose restarts were asked for, and whether the message had
 * services that nothing restarts by itself, or any more, and a deadline, which both can come afterwards. */
static bool was_asked(int directory, uid_t uid, const char *mark)
{
	CLEANUP_BUFFER Buffer former = BUFFER_INIT;
	char name[MARK_MAX];

	(void)snprintf(name, sizeof(name), "%lu", (unsigned long)uid);
	return file_read(directory, name, MARK_MAX, &former, NULL) == 0 &&
	       bytes_equal(buffer_bytes(&former), bytes_of_text(mark));
}

typedef struct Question {
	const json_t *actions;
	bool services;
	char mark[MARK_MAX];
} Question;

static int ask_one(int directory, const Question *question, uid_t uid, Error *error)
{
	CLEANUP_FREE char *text = NULL;
	char runtime[AS_USER_DIRECTORY_SIZE], name[MARK_MAX];

	(void)snprintf(name, sizeof(name), "%lu", (unsigned long)uid);
	if (restart_ask_text(question->actions, uid, question->services, &text, error) < 0)
		return -1;
	if (*text == '\0' || was_asked(directory, uid, question->mark))
		return 0;
	if (notification_show(as_user_directory(uid, runtime), _(summary), text, error) < 0)
		return -1;
	return file_replace(directory, name, bytes_of_text(question->mark), 0644, error);
}

void restart_ask(const json_t *actions, uint64_t generation, bool services)
{
	Question question = {.actions = actions, .services = services};
	CLEANUP_CLOSE int directory = -1;
	CLEANUP_FREE uid_t *users = NULL;
	Error error = ERROR_INIT;
	size_t n = 0;

	(void)snprintf(question.mark, sizeof(question.mark), "%llu%s%s\n", (unsigned long long)generation,
		has_deadline(actions) ? " due" : "", services ? " services" : "");
	session_desktops(&users, &n);
	if (n == 0)
		return;
	if (file_make_directories(AT_FDCWD, directory_name, 0755, &directory, &error) < 0)
		log_warning("nobody is asked: %s", error.text);
	for (size_t i = 0; directory >= 0 && i < n; i++)
		if (ask_one(directory, &question, users[i], &error) < 0)
			log_info("user %lu was not asked: %s", (unsigned long)users[i], error.text);
}
