/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/describe.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "programs/publisher/given-key.h"

void describe_text(const char *label, const char *text)
{
	char *copy = strdup(text ? text : "?");

	if (copy) {
		text_make_printable(copy);
		printf("%s%s", label, copy);
	}
	free(copy);
}

void describe_line(const char *label, const char *text)
{
	describe_text(label, text);
	printf("\n");
}

static void print_key(char mark, const json_t *keys, const char *id)
{
	printf("    %c %-7s", mark, given_key_type(json_object_get(keys, id), id));
	describe_line(" ", id);
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

	describe_text("  ", name);
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

		print_key(old && !lists(before, id) ? '+' : ' ', new_keys, id);
	}
	for (size_t i = 0; i < json_array_size(before); i++) {
		const char *id = json_string_value(json_array_get(before, i));

		if (!lists(after, id))
			print_key('-', old_keys, id);
	}
}

static void print_root(const json_t *before, const json_t *after)
{
	static const char *const names[] = {"root", "targets", "snapshot", "timestamp"};

	if (!json_is_true(json_object_get(after, "consistent_snapshot")))
		printf("  no consistent snapshots: a mirror may mix old files and new ones\n");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		print_role(names[i], json_object_get(json_object_get(before, "roles"), names[i]),
			json_object_get(before, "keys"),
			json_object_get(json_object_get(after, "roles"), names[i]),
			json_object_get(after, "keys"));
}

/* The place of a role in the list; behind its end when it is not there. */
static size_t place_of(const json_t *roles, const char *name)
{
	size_t at = 0;

	while (at < json_array_size(roles) &&
		strcmp(json_string_value(json_object_get(json_array_get(roles, at), "name")), name) != 0)
		at++;
	return at;
}

/* is_new: nothing is marked then, since everything is new. */
static void print_words(const char *label, const json_t *before, const json_t *after, bool is_new)
{
	for (size_t i = 0; i < json_array_size(after); i++) {
		const char *word = json_string_value(json_array_get(after, i));

		printf("    %c ", is_new || lists(before, word) ? ' ' : '+');
		describe_line(label, word);
	}
	for (size_t i = 0; i < json_array_size(before); i++) {
		const char *word = json_string_value(json_array_get(before, i));

		if (lists(after, word))
			continue;
		printf("    - ");
		describe_line(label, word);
	}
}

static void print_scope(const json_t *old, const json_t *new)
{
	static const char prefixes[] = "path_hash_prefixes";
	bool was = json_is_true(json_object_get(old, "terminating"));
	bool is = json_is_true(json_object_get(new, "terminating"));

	print_words("", json_object_get(old, "paths"), json_object_get(new, "paths"), !old);
	print_words("every path whose SHA-256 begins with ", json_object_get(old, prefixes),
		json_object_get(new, prefixes), !old);
	if (is || was)
		printf("    %c nobody behind it is asked for these (terminating)\n", is && (was || !old) ? ' '
										     : is                ? '+'
											  : '-');
}

/* Of two roles that may sign the same path, the first one counts. */
static bool is_reordered(const json_t *before, const json_t *after)
{
	size_t last = 0;

	for (size_t i = 0; i < json_array_size(after); i++) {
		const json_t *role = json_array_get(after, i);
		size_t place = place_of(before, json_string_value(json_object_get(role, "name")));

		if (place == json_array_size(before))
			continue;
		if (place < last)
			return true;
		last = place;
	}
	return false;
}

static void print_bins(const json_t *old, const json_t *new)
{
	const json_t *before = json_object_get(old, "succinct_roles"),
		     *after = json_object_get(new, "succinct_roles");
	const json_t *shown = after ? after : before;

	if (!shown)
		return;
	print_role(json_string_value(json_object_get(shown, "name_prefix")), before,
		json_object_get(old, "keys"), after, json_object_get(new, "keys"));
	printf("    %c every path, in bins of %lld bits of its SHA-256\n", after ? ' ' : '-',
		(long long)json_integer_value(json_object_get(shown, "bit_length")));
}

static void print_delegations(const json_t *old, const json_t *new)
{
	const json_t *roles = json_object_get(new, "roles"), *gone = json_object_get(old, "roles");

	if (is_reordered(gone, roles))
		printf("  the delegated roles are asked in another order than before:\n");
	for (size_t i = 0; i < json_array_size(roles); i++) {
		const json_t *role = json_array_get(roles, i);
		const char *name = json_string_value(json_object_get(role, "name"));
		const json_t *before = json_array_get(gone, place_of(gone, name));

		print_role(name, before, json_object_get(old, "keys"), role, json_object_get(new, "keys"));
		print_scope(before, role);
	}
	for (size_t i = 0; i < json_array_size(gone); i++) {
		const json_t *role = json_array_get(gone, i);
		const char *name = json_string_value(json_object_get(role, "name"));

		if (place_of(roles, name) == json_array_size(roles))
			print_role(name, role, json_object_get(old, "keys"), NULL, NULL);
	}
	print_bins(old, new);
}

static void print_file(char mark, const char *path, const json_t *file)
{
	json_t *hashes = json_object_get(file, "hashes");

	printf("    %c", mark);
	describe_line(" ", path);
	if (mark == '-')
		return;
	for (void *at = json_object_iter(hashes); at; at = json_object_iter_next(hashes, at)) {
		describe_text("        ", json_object_iter_key(at));
		describe_line(" ", json_string_value(json_object_iter_value(at)));
	}
}

/* Those of one side that the other has not, or has with other bytes. */
static void print_files(char mark, json_t *files, const json_t *others)
{
	for (void *at = json_object_iter(files); at; at = json_object_iter_next(files, at)) {
		const char *path = json_object_iter_key(at);
		const json_t *file = json_object_iter_value(at), *other = json_object_get(others, path);

		if (mark == '-' ? other != NULL : json_equal(file, other))
			continue;
		print_file(mark == '+' && other ? '~' : mark, path, file);
	}
}

static void print_targets(const json_t *before, const json_t *after)
{
	json_t *old = json_object_get(before, "targets"), *new = json_object_get(after, "targets");

	printf("  targets: %zu\n", json_object_size(new));
	print_files('+', new, old);
	print_files('-', old, new);
	print_delegations(json_object_get(before, "delegations"), json_object_get(after, "delegations"));
}

/* No client and no other part of this program looks at them, but they are signed, too. */
static void print_others(json_t *content)
{
	static const char *const known[] = {"_type", "spec_version", "version", "expires",
		"consistent_snapshot", "keys", "roles", "targets", "delegations"};

	for (void *at = json_object_iter(content); at; at = json_object_iter_next(content, at)) {
		const char *name = json_object_iter_key(at);
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			is_known = is_known || strcmp(known[i], name) == 0;
		if (!is_known)
			describe_line("  a field that means nothing here: ", name);
	}
}

void describe_change(const char *role, const json_t *before, json_t *after)
{
	describe_text("", role);
	printf(" version %lld", (long long)json_integer_value(json_object_get(after, "version")));
	describe_text(", good until ", json_string_value(json_object_get(after, "expires")));
	printf("%s\n", before ? "" : " (the first that is known here)");
	if (json_object_get(after, "roles"))
		print_root(before, after);
	else
		print_targets(before, after);
	print_others(after);
}
