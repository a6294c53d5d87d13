/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "programs/cli/text.h"

/* How an action is said, by its scope: what comes before its target, and what after. */
typedef struct Phrase {
	const char *scope;
	const char *words;
	bool names_target, names_programs;
} Phrase;

static const Phrase phrases[] = {
	{"application", N_("restart"), true, false},
	{"service", N_("restart"), true, false},
	{"user-service", N_("restart"), true, false},
	{"container", N_("restart the container"), true, false},
	{"user-manager", N_("re-execute the service manager"), false, false},
	{"manager", N_("re-execute the service manager, pid 1"), false, false},
	{"session", N_("log out and in: the session"), false, true},
	{"soft-reboot", N_("soft-reboot (systemctl soft-reboot)"), false, true},
	{"reboot", N_("reboot"), false, true},
};

static const Phrase *phrase_of(const json_t *action)
{
	const char *scope = field_text(action, "scope");
	size_t i = 0;

	while (i < sizeof(phrases) / sizeof(phrases[0]) - 1 && strcmp(phrases[i].scope, scope) != 0)
		i++;
	return &phrases[i];
}

static void print_list(const char *before, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		printf("%s%s", i == 0 ? before : ", ", item_text(list, i));
}

static bool is_whole_login(const json_t *action)
{
	return strncmp(field_text(action, "target"), "user@", strlen("user@")) == 0;
}

static void print_owner(const json_t *action, bool names_target)
{
	const char *target = field_text(action, "target");
	const char *slash = strrchr(target, '/');

	if (names_target)
		printf(" %s", slash ? slash + 1 : target);
	if (json_has(action, "user"))
		say(" of %s", field_text(action, "user"));
	else if (json_has(action, "uid"))
		say(" of user %llu", (unsigned long long)field_number(action, "uid"));
	if (strcmp(field_text(action, "scope"), "session") == 0 && !is_whole_login(action))
		printf(", %s", target);
}

static void print_action(const json_t *action, const char *indent)
{
	const Phrase *phrase = phrase_of(action);

	printf("%s%s", indent, _(phrase->words));
	print_owner(action, phrase->names_target);
	printf(" (%s", count_text(field_number(action, "processes"), "one process", "%zu processes"));
	if (phrase->names_programs)
		print_list(": ", json_object_get(action, "programs"));
	printf(")");
	print_list(_("; along with it "), json_object_get(action, "along"));
	if (!json_is_true(json_object_get(action, "automatic")))
		printf("\n%s    %s", indent, field_words(action, "reason"));
	if (json_has(action, "due"))
		say("; restarts by itself after %s", field_time(action, "due"));
	printf("\n");
}

static void print_some(const json_t *actions, bool automatic, const char *heading, const char *indent)
{
	size_t index, n = 0;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (json_is_true(json_object_get(action, "automatic")) != automatic)
			continue;
		if (n++ == 0)
			printf("%s%s\n", indent, heading);
		printf("  ");
		print_action(action, indent);
	}
}

void print_actions(const json_t *actions, const char *indent)
{
	print_some(actions, true, _("\"suture restart\" does:"), indent);
	print_some(actions, false, _("left to people:"), indent);
}
