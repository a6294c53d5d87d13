/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/role-report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "parts/trust/signer/publish.h"
#include "programs/publisher/describe.h"
#include "programs/publisher/given-key.h"

enum { DAY = 24 * 3600, SHORT_ID = 16 };

/* Days before the end at which somebody has to be told: people must come together for root and targets, and
 * a timer signs the others, which live for a week or two. */
enum { WARN_PEOPLE = 14 * DAY, WARN_TIMER = 2 * DAY };

typedef struct Report {
	Repository repository;
	int64_t now;
	json_t *roles, *warnings;
} Report;

static int warn(Report *report, const char *text, Error *error)
{
	return json_add(report->warnings, json_string(text), error);
}

static const Metadata *metadata_of(const Repository *repository, const char *role)
{
	const TrustedSet *set = state_set(repository->published);

	if (strcmp(role, "root") == 0)
		return &trusted_set_root(set)->metadata;
	if (strcmp(role, "snapshot") == 0)
		return &trusted_set_snapshot(set)->metadata;
	if (strcmp(role, "timestamp") == 0)
		return &trusted_set_timestamp(set)->metadata;
	return &trusted_set_targets(set, role)->metadata;
}

static bool is_in(const json_t *ids, const char *id)
{
	for (size_t i = 0; i < json_array_size(ids); i++)
		if (strcmp(json_string_value(json_array_get(ids, i)), id) == 0)
			return true;
	return false;
}

/* The key object that root or a delegating role has under an id; NULL when it has none. */
static const json_t *key_object(const Repository *repository, const char *id)
{
	const json_t *root = metadata_of(repository, "root")->content;
	const json_t *found = json_object_get(json_object_get(root, "keys"), id);

	for (size_t i = 0; !found && i < state_n_roles(repository->published); i++) {
		const json_t *content =
			metadata_of(repository, state_role(repository->published, i))->content;

		found = json_object_get(json_object_get(json_object_get(content, "delegations"), "keys"), id);
	}
	return found;
}

static int add_keys(
	const Report *report, const Authority *authority, const json_t *missing, json_t *role, Error *error)
{
	json_t *keys = json_array();

	if (json_put(role, "keys", keys, error) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(authority->role->ids); i++) {
		const char *id = json_string_value(json_array_get(authority->role->ids, i));
		const json_t *object = key_object(&report->repository, id);
		json_t *key = json_object();

		if (json_add(keys, key, error) < 0 || json_put_text(key, "id", id, error) < 0 ||
			json_put_text(key, "type", given_key_type(object, id), error) < 0 ||
			json_put(key, "signed", json_boolean(!is_in(missing, id)), error) < 0)
			return -1;
	}
	return 0;
}

static int add_prefixes(const json_t *prefixes, json_t *paths, Error *error)
{
	for (size_t i = 0; i < json_array_size(prefixes); i++) {
		const char *prefix = json_string_value(json_array_get(prefixes, i));

		if (json_add(paths, json_sprintf("every path whose SHA-256 begins with \"%s\"", prefix),
			    error) < 0)
			return -1;
	}
	return 0;
}

/* What is delegated to a role, by whomever. */
static int add_paths(const Report *report, const char *name, json_t *role, Error *error)
{
	const State *state = report->repository.published;
	json_t *paths = json_array();
	bool terminating = false;

	if (json_put(role, "paths", paths, error) < 0)
		return -1;
	for (size_t i = 0; i < state_n_roles(state); i++) {
		const Delegations *delegations =
			&trusted_set_targets(state_set(state), state_role(state, i))->delegations;

		for (size_t j = 0; j < delegations->count; j++) {
			const DelegatedRole *each = &delegations->roles[j];

			if (strcmp(each->name, name) != 0)
				continue;
			if (each->paths && json_array_extend(paths, (json_t *)(uintptr_t)each->paths) < 0)
				return error_memory(error);
			if (add_prefixes(each->hash_prefixes, paths, error) < 0)
				return -1;
			terminating = terminating || each->terminating;
		}
	}
	return json_put(role, "terminating", json_boolean(terminating), error);
}

static int warn_of_expiry(Report *report, const char *name, int64_t expires, Error *error)
{
	bool timer = strcmp(name, "snapshot") == 0 || strcmp(name, "timestamp") == 0;
	CLEANUP_FREE char *text = NULL;

	if (expires - report->now > (timer ? WARN_TIMER : WARN_PEOPLE))
		return 0;
	if (expires <= report->now ? text_format(&text, error, "%s has expired", name) < 0
				   : text_format(&text, error, "%s expires in less than %lld days", name,
					     (long long)(expires - report->now) / DAY + 1) < 0)
		return -1;
	return warn(report, text, error);
}

static int warn_of_threshold(Report *report, const char *name, int64_t threshold, size_t n_keys, Error *error)
{
	if (strcmp(name, "root") != 0 || n_keys > (size_t)threshold)
		return 0;
	return warn(report, "when one key of root is lost, nobody can sign a root any more", error);
}

static int add_role(Report *report, const char *name, bool is_delegated, Error *error)
{
	static const Update nothing = {NULL, 0};
	const Metadata *metadata = metadata_of(&report->repository, name);
	CLEANUP_ENVELOPE_STATE EnvelopeState state = {.missing = NULL};
	json_t *role = json_object();
	Authority authority;

	if (json_add(report->roles, role, error) < 0 ||
		publish_authority(&report->repository, &nothing, name, &authority, error) != 0 ||
		envelope_examine(metadata->document, &authority, &state, error) < 0)
		return -1;
	if (json_put_text(role, "name", name, error) < 0 ||
		json_put_integer(role, "version", metadata->version, error) < 0 ||
		json_put_time(role, "expires", metadata->expires, error) < 0 ||
		json_put_integer(role, "threshold", (int64_t)state.n_needed, error) < 0 ||
		add_keys(report, &authority, state.missing, role, error) < 0 ||
		(is_delegated && add_paths(report, name, role, error) < 0))
		return -1;
	return warn_of_expiry(report, name, metadata->expires, error) < 0
		       ? -1
		       : warn_of_threshold(report, name, authority.role->threshold,
				 json_array_size(authority.role->ids), error);
}

/* Each key that has more than one role, once. */
static int warn_of_shared_keys(Report *report, Error *error)
{
	CLEANUP_JSON json_t *first = json_object();

	for (size_t i = 0; i < json_array_size(report->roles); i++) {
		const json_t *role = json_array_get(report->roles, i), *keys = json_object_get(role, "keys");
		const char *name = json_string_value(json_object_get(role, "name"));

		for (size_t j = 0; j < json_array_size(keys); j++) {
			const char *id = json_string_value(json_object_get(json_array_get(keys, j), "id"));
			const char *other = json_string_value(json_object_get(first, id));
			CLEANUP_FREE char *text = NULL;

			if (!other) {
				if (json_put_text(first, id, name, error) < 0)
					return -1;
				continue;
			}
			if (text_format(&text, error, "%s and %s have the same key %.*s", other, name,
				    SHORT_ID, id) < 0 ||
				warn(report, text, error) < 0)
				return -1;
		}
	}
	return 0;
}

static int add_all(Report *report, Error *error)
{
	static const char *const top[] = {"root", "targets", "snapshot", "timestamp"};
	const State *state = report->repository.published;

	for (size_t i = 0; i < ARRAY_SIZE(top); i++)
		if (add_role(report, top[i], false, error) < 0)
			return -1;
	/* The first one is targets. */
	for (size_t i = 1; i < state_n_roles(state); i++)
		if (add_role(report, state_role(state, i), true, error) < 0)
			return -1;
	return warn_of_shared_keys(report, error);
}

int role_report_make(
	const char *repository, const char *trusted_root, int64_t now, json_t **ret, Error *error)
{
	CLEANUP_REPOSITORY Repository opened = REPOSITORY_INIT;
	CLEANUP_CLOSE int directory = open(repository, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_JSON json_t *document = json_object();
	Report report = {.now = now, .roles = json_array(), .warnings = json_array()};

	if (json_put(document, "roles", report.roles, error) < 0) {
		json_decref(report.warnings);
		return -1;
	}
	if (json_put(document, "warnings", report.warnings, error) < 0)
		return -1;
	if (directory < 0)
		return error_os(error, errno, "cannot open the repository %s", repository);
	opened.metadata = openat(directory, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened.metadata < 0)
		return error_os(error, errno, "cannot open %s/metadata", repository);
	if (state_read(opened.metadata, trusted_root, NULL, &opened.published, error) < 0)
		return error_in(error, "%s", repository);
	report.repository = opened;
	if (add_all(&report, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

static void print_role(const json_t *role)
{
	const json_t *keys = json_object_get(role, "keys"), *paths = json_object_get(role, "paths");

	describe_text("  ", json_string_value(json_object_get(role, "name")));
	printf(": version %lld, until %s, %lld of %zu key%s must sign\n",
		(long long)json_integer_value(json_object_get(role, "version")),
		json_string_value(json_object_get(role, "expires")),
		(long long)json_integer_value(json_object_get(role, "threshold")), json_array_size(keys),
		json_array_size(keys) == 1 ? "" : "s");
	for (size_t i = 0; i < json_array_size(paths); i++)
		describe_line("      ", json_string_value(json_array_get(paths, i)));
	if (json_is_true(json_object_get(role, "terminating")))
		printf("      and nobody behind it is asked for these (terminating)\n");
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *key = json_array_get(keys, i);

		printf("    %-7s ", json_string_value(json_object_get(key, "type")));
		describe_text("", json_string_value(json_object_get(key, "id")));
		printf("%s\n", json_is_true(json_object_get(key, "signed")) ? "  signed" : "");
	}
}

void role_report_print(const json_t *report)
{
	const json_t *roles = json_object_get(report, "roles"),
		     *warnings = json_object_get(report, "warnings");

	printf("Who can sign:\n");
	for (size_t i = 0; i < json_array_size(roles); i++)
		print_role(json_array_get(roles, i));
	for (size_t i = 0; i < json_array_size(warnings); i++)
		describe_line("  warning: ", json_string_value(json_array_get(warnings, i)));
}
