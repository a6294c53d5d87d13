/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "programs/publisher/describe.h"
#include "programs/publisher/given-key.h"
#include "programs/publisher/key-actions.h"
#include "programs/publisher/role-report.h"

static bool has_key(const json_t *role, const char *id)
{
	const json_t *keys = json_object_get(role, "keys");

	for (size_t i = 0; i < json_array_size(keys); i++)
		if (strcmp(json_string_value(json_object_get(json_array_get(keys, i), "id")), id) == 0)
			return true;
	return false;
}

/* The roles that it signs now. */
static int print_places(const char *repository, const char *id, Error *error)
{
	CLEANUP_JSON json_t *report = NULL;
	const json_t *roles;
	size_t n = 0;

	if (role_report_make(repository, NULL, clock_now(), &report, error) < 0)
		return -1;
	roles = json_object_get(report, "roles");
	for (size_t i = 0; i < json_array_size(roles); i++) {
		const json_t *role = json_array_get(roles, i);

		if (!has_key(role, id))
			continue;
		describe_text("  signs ", json_string_value(json_object_get(role, "name")));
		printf(", where %lld of %zu keys must sign\n",
			(long long)json_integer_value(json_object_get(role, "threshold")),
			json_array_size(json_object_get(role, "keys")));
		n++;
	}
	if (n == 0)
		printf("  signs nothing in %s\n", repository);
	return 0;
}

int key_show(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	CLEANUP_PUBLIC_HALF PublicHalf half = {.object = NULL};

	if (given_key_public(words->words[0], &half, error) < 0)
		return -1;
	printf("%s key %s\n", given_key_type(half.object, half.id), half.id);
	return settings->repository ? print_places(settings->repository, half.id, error) : 0;
}
