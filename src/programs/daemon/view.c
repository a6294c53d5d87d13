/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/view.h"

#include "base/cleanup.h"

/* What a report is about: the census is in it, or it is one. */
static json_t *find_census(json_t *report)
{
	json_t *inner = json_object_get(report, "exposed");

	if (inner)
		return inner;
	return json_has(report, "processes") ? report : NULL;
}

/* Takes out what is another user's, or nobody's. */
static int limit(json_t *items, uid_t uid, int64_t *ret_hidden, Error *error)
{
	*ret_hidden = 0;
	for (size_t i = json_array_size(items); i-- > 0;) {
		const json_t *owner = json_object_get(json_array_get(items, i), "uid");

		if (json_is_integer(owner) && json_integer_value(owner) == (json_int_t)uid)
			continue;
		if (json_array_remove(items, i) < 0)
			return error_set(error, "something cannot be left out of the report");
		++*ret_hidden;
	}
	return 0;
}

/* Those of the system's services name what they run as well. */
static int limit_actions(json_t *report, const json_t *census, uid_t uid, Error *error)
{
	const json_t *restarts = json_object_get(report, "restarts");
	json_t *const lists[] = {
		json_object_get(census, "actions"),
		json_object_get(report, "planned"),
		json_object_get(restarts, "predicted"),
		json_object_get(restarts, "appeared"),
		json_object_get(restarts, "vanished"),
	};
	int64_t hidden;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (limit(lists[i], uid, &hidden, error) < 0)
			return -1;
	return 0;
}

static int limit_report(json_t *report, uid_t uid, Error *error)
{
	json_t *census = find_census(report);
	int64_t hidden;

	if (!census)
		return 0;
	if (limit(json_object_get(census, "processes"), uid, &hidden, error) < 0 ||
		limit_actions(report, census, uid, error) < 0)
		return -1;
	return json_put_integer(census, "hidden", hidden, error);
}

int view_limit_to_user(json_t *report, uid_t uid, Error *error)
{
	/* That of an unattended run has two in it. */
	json_t *const reports[] = {
		report, json_object_get(report, "plan"), json_object_get(report, "restart")};

	for (size_t i = 0; uid != 0 && i < ARRAY_SIZE(reports); i++)
		if (limit_report(reports[i], uid, error) < 0)
			return -1;
	return 0;
}
