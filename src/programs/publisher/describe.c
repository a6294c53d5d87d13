/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/describe.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "programs/publisher/given-key.h"

enum { SHORT_ID = 16, TARGETS_SHOWN = 40 };

/* Names in metadata come from others. */
static void print_text(const char *text)
{
	char *copy = strdup(text ? text : "?");

	if (copy) {
		text_make_printable(copy);
		printf("%s", copy);
	}
	free(copy);
}

void describe_key(char mark, const json_t *keys, const char *id)
{
	printf("    %c %-7s ", mark, given_key_type(json_object_get(keys, id)));
	print_text(id);
	printf("\n");
}

static bool lists(const json_t *ids, const char *id)
{
	for (size_t i = 0; i < json_array_size(ids); i++)
		if (strcmp(json_string_value(json_array_get(ids, i)), id) == 0)
			return true;
	return false;
}

/* Either role may be NULL: there was none before, or there is none any more. */
static void print_role(const char *name, const json_t *old, const json_t *old_keys, const json_t *new,
	const json_t *new_keys)
{
	const json_t *before = json_object_get(old, "keyids"), *after = json_object_get(new, "keyids");
	json_int_t was = json_integer_value(json_object_get(old, "threshold"));
	json_int_t is = json_integer_value(json_object_get(new, "threshold"));

	printf("  ");
	print_text(name);
	if (!new)
		printf(": taken back\n");
	else
		printf(": %lld of %zu key%s must sign", (long long)is, json_array_size(after),
			json_array_size(after) == 1 ? "" : "s");
	if (new &&old && was != is)
		printf(" (was: %lld)", (long long)was);
	if (new)
		printf("%s\n", old ? "" : " (new)");
	for (size_t i = 0; i < json_array_size(after); i++) {
		const char *id = json_string_value(json_array_get(after, i));

		describe_key(old && !lists(before, id) ? '+' : ' ', new_keys, id);
	}
	for (size_t i = 0; i < json_array_size(before); i++) {
		const char *id = json_string_value(json_array_get(before, i));

		if (!lists(after, id))
			describe_key('-', old_keys, id);
	}
}

static void print_root(const json_t *before, const json_t *after)
{
	static const char *const names[] = {"root", "targets", "snapshot", "timestamp"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		print_role(names[i], json_object_get(json_object_get(before, "roles"), names[i]),
			json_object_get(before, "keys"),
			json_object_get(json_object_get(after, "roles"), names[i]),
			json_object_get(after, "keys"));
}

static const json_t *delegated(const json_t *content, const char *name)
{
	const json_t *roles = json_object_get(json_object_get(content, "delegations"), "roles");

	for (size_t i = 0; i < json_array_size(roles); i++) {
		const json_t *role = json_array_get(roles, i);

		if (strcmp(json_string_value(json_object_get(role, "name")), name) == 0)
			return role;
	}
	return NULL;
}

static void print_paths(const json_t *old, const json_t *new)
{
	const json_t *before = json_object_get(old, "paths"), *after = json_object_get(new, "paths");

	for (size_t i = 0; i < json_array_size(after); i++) {
		const char *path = json_string_value(json_array_get(after, i));

		printf("    %c ", old && !lists(before, path) ? '+' : ' ');
		print_text(path);
		printf("\n");
	}
}

static void print_delegations(const json_t *before, const json_t *after)
{
	const json_t *old = json_object_get(before, "delegations"),
		     *new = json_object_get(after, "delegations");
	const json_t *roles = json_object_get(new, "roles"), *gone = json_object_get(old, "roles");

	for (size_t i = 0; i < json_array_size(roles); i++) {
		const json_t *role = json_array_get(roles, i);
		const char *name = json_string_value(json_object_get(role, "name"));

		print_role(name, delegated(before, name), json_object_get(old, "keys"), role,
			json_object_get(new, "keys"));
		print_paths(delegated(before, name), role);
	}
	for (size_t i = 0; i < json_array_size(gone); i++) {
		const json_t *role = json_array_get(gone, i);
		const char *name = json_string_value(json_object_get(role, "name"));

		if (!delegated(after, name))
			print_role(name, role, json_object_get(old, "keys"), NULL, NULL);
	}
}

/* Those of one side that the other has not, or has with other bytes. */
static size_t print_files(char mark, const json_t *files, const json_t *others, size_t shown)
{
	size_t n = 0;

	for (void *at = json_object_iter((json_t *)(uintptr_t)files); at;
		at = json_object_iter_next((json_t *)(uintptr_t)files, at)) {
		const char *path = json_object_iter_key(at);
		const json_t *other = json_object_get(others, path);

		if (mark == '-' ? other != NULL : json_equal(json_object_iter_value(at), other))
			continue;
		if (shown + n < TARGETS_SHOWN) {
			printf("    %c ", mark == '+' && other ? '~' : mark);
			print_text(path);
			printf("\n");
		}
		n++;
	}
	return shown + n;
}

static void print_targets(const json_t *before, const json_t *after)
{
	const json_t *old = json_object_get(before, "targets"), *new = json_object_get(after, "targets");
	size_t n;

	printf("  targets: %zu\n", json_object_size(new));
	n = print_files('+', new, old, 0);
	n = print_files('-', old, new, n);
	if (n > TARGETS_SHOWN)
		printf("      and %zu more\n", n - TARGETS_SHOWN);
	print_delegations(before, after);
}

void describe_change(const char *role, const json_t *before, const json_t *after)
{
	const char *expires = json_string_value(json_object_get(after, "expires"));

	print_text(role);
	printf(" version %lld, good until ",
		(long long)json_integer_value(json_object_get(after, "version")));
	print_text(expires);
	printf("%s\n", before ? "" : " (the first that is known here)");
	if (json_object_get(after, "roles"))
		print_root(before, after);
	else
		print_targets(before, after);
}
