/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-forecast.h"

/* The same thing to do, whoever it closes by now. */
static bool is_same(const json_t *one, const json_t *other)
{
	static const char *const keys[] = {"scope", "target", "uid"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *a = json_object_get(one, keys[i]), *b = json_object_get(other, keys[i]);

		if (a != b && !json_equal(a, b))
			return false;
	}
	return true;
}

static bool is_among(const json_t *action, const json_t *actions)
{
	size_t index;
	json_t *each;

	json_array_foreach(actions, index, each)
	{
		if (is_same(action, each))
			return true;
	}
	return false;
}

/* What one list has and the other has not. */
static int put_difference(
	const char *key, const json_t *list, const json_t *without, json_t *object, Error *error)
{
	json_t *array = json_array();
	size_t index;
	json_t *action;

	if (json_put(object, key, array, error) < 0)
		return -1;
	json_array_foreach(list, index, action)
	{
		if (!is_among(action, without) && json_add(array, json_incref(action), error) < 0)
			return -1;
	}
	return 0;
}

int restart_forecast_put(
	const json_t *predicted, const json_t *actual, bool done, json_t *document, Error *error)
{
	const json_t *shown = done ? predicted : actual;
	json_t *restarts = json_object();

	if (json_put(document, "restarts", restarts, error) < 0)
		return -1;
	if (shown && json_put(restarts, "predicted", json_deep_copy(shown), error) < 0)
		return -1;
	if (!done || !predicted)
		return 0;
	if (put_difference("appeared", actual, predicted, restarts, error) < 0)
		return -1;
	return put_difference("vanished", predicted, actual, restarts, error);
}
