/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/view.h"

#include "api/census-view.h"

int view_limit_to_user(json_t *report, uid_t uid, Error *error)
{
	json_t *census = census_view_of(report);
	json_t *processes = json_object_get(census, "processes");
	int64_t hidden = 0;

	if (!census || uid == 0)
		return 0;
	for (size_t i = json_array_size(processes); i-- > 0;) {
		const json_t *owner = json_object_get(json_array_get(processes, i), "uid");

		if (json_is_integer(owner) && json_integer_value(owner) == (json_int_t)uid)
			continue;
		if (json_array_remove(processes, i) < 0)
			return error_set(error, "a process cannot be left out of the report");
		hidden++;
	}
	return json_put_integer(census, "hidden", hidden, error);
}
