/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/census-view.h"

json_t *census_view_of(json_t *report)
{
	json_t *inner = json_object_get(report, "exposed");

	if (inner)
		return inner;
	return json_has(report, "processes") ? report : NULL;
}

void census_view_drop(json_t *report, pid_t pid)
{
	json_t *processes = json_object_get(census_view_of(report), "processes");

	for (size_t i = json_array_size(processes); i-- > 0;)
		if (json_integer_value(json_object_get(json_array_get(processes, i), "pid")) == pid)
			(void)json_array_remove(processes, i);
}
