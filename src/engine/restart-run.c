/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-run.h"

#include <stdio.h>
#include <string.h>

#include "engine/restart-plan.h"
#include "parts/units/as-user.h"
#include "parts/units/user-units.h"

/* One deadline for all that is queued together. */
enum { RESTART_SECONDS = 90, REEXEC_SECONDS = 60 };

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A unit as its own manager names it. */
static const char *name_of(const json_t *action)
{
	const char *target = text_of(action, "target");
	const char *slash = strchr(target, '/');

	return slash ? slash + 1 : target;
}

static bool has_scope(const json_t *action, UnitScope scope)
{
	return strcmp(text_of(action, "scope"), restart_scope_name(scope)) == 0;
}

static bool is_restart(const json_t *action)
{
	return has_scope(action, UNIT_SCOPE_SERVICE) || has_scope(action, UNIT_SCOPE_USER_SERVICE);
}

static bool has_along(const json_t *action, const char *unit)
{
	size_t index;
	json_t *name;

	json_array_foreach(json_object_get(action, "along"), index, name)
	{
		if (strcmp(json_string_value(name), unit) == 0)
			return true;
	}
	return false;
}

/* name: as the unit's own manager has it, or as the census does, with the user's manager before it. */
static bool takes_along(const json_t *action, const char *name)
{
	const char *target = text_of(action, "target");
	size_t prefix = (size_t)(name_of(action) - target);

	if (!json_is_true(json_object_get(action, "automatic")))
		return false;
	return has_along(action, name) ||
	       (prefix > 0 && strncmp(name, target, prefix) == 0 && has_along(action, name + prefix));
}

static bool is_meant_by(const json_t *action, const char *name)
{
	return is_restart(action) &&
	       (strcmp(name_of(action), name) == 0 || strcmp(text_of(action, "target"), name) == 0 ||
		       takes_along(action, name));
}

bool restart_is_meant(const json_t *action, EngineNames names)
{
	for (size_t i = 0; i < names.count; i++)
		if (is_meant_by(action, names.names[i]))
			return true;
	return names.count == 0;
}

/* Has the time ended that people had for it? */
static bool is_due(const json_t *action, int64_t now)
{
	int64_t due;

	return json_has(action, "due") && json_time_field(action, "due", &due, NULL) == 0 && due <= now;
}

static bool is_wanted(const json_t *action, const RestartOrder *order)
{
	if (order->tries && restart_tries_are_spent(order->tries, action))
		return false;
	return restart_is_meant(action, order->names) &&
	       (order->names.count > 0 || json_is_true(json_object_get(action, "automatic")) ||
		       is_due(action, order->now));
}

/* Would it end who has asked for it? */
static bool cuts_off(const json_t *action, const OwnUnits *own)
{
	bool cuts = own_units_has(own, text_of(action, "target"));

	for (size_t i = 0; i < own->n; i++)
		cuts = cuts || has_along(action, own->names[i]);
	return cuts;
}

static int put_outcome(json_t *units, const json_t *action, const char *failure, Error *error)
{
	json_t *item = json_object();
	const char *target = text_of(action, "target");

	if (json_add(units, item, error) < 0 || json_put_text(item, "unit", target, error) < 0 ||
		json_put_text(item, "scope", text_of(action, "scope"), error) < 0 ||
		json_put(item, "restarted", json_boolean(!failure), error) < 0)
		return -1;
	return failure ? json_put_text(item, "error", failure, error) : 0;
}

/* The actions that one manager is asked for in one go. */
typedef struct Batch {
	UnitScope scope;
	int64_t uid; /* -1: whosever */
	const json_t **actions;
	UnitRestart *restarts;
	size_t n;
} Batch;

static void batch_clear_cleanup(Batch *batch)
{
	free(batch->actions);
	free(batch->restarts);
}

static int collect(
	const json_t *actions, const RestartOrder *order, Batch *batch, json_t *units, Error *error)
{
	size_t index;
	json_t *action;

	batch->actions = calloc(json_array_size(actions) + 1, sizeof(*batch->actions));
	batch->restarts = calloc(json_array_size(actions) + 1, sizeof(*batch->restarts));
	if (!batch->actions || !batch->restarts)
		return error_memory(error);
	json_array_foreach(actions, index, action)
	{
		if (!has_scope(action, batch->scope) || !is_wanted(action, order) ||
			(batch->uid >= 0 && json_integer_value(json_object_get(action, "uid")) != batch->uid))
			continue;
		if (cuts_off(action, &order->own)) {
			if (put_outcome(units, action, "this very command runs in it", error) < 0)
				return -1;
			continue;
		}
		(void)snprintf(batch->restarts[batch->n].unit, UNIT_NAME_SIZE, "%s", name_of(action));
		batch->actions[batch->n++] = action;
	}
	return 0;
}

/* failure: of the whole batch, or NULL. */
static int put_outcomes(const Batch *batch, const char *failure, json_t *units, Error *error)
{
	for (size_t i = 0; i < batch->n; i++) {
		const UnitRestart *restart = &batch->restarts[i];

		if (put_outcome(units, batch->actions[i],
			    failure         ? failure
			    : restart->done ? NULL
					    : restart->error,
			    error) < 0)
			return -1;
	}
	return 0;
}

static int restart_services(
	Manager *manager, const json_t *actions, const RestartOrder *order, json_t *units, Error *error)
{
	__attribute__((cleanup(batch_clear_cleanup))) Batch batch = {.scope = UNIT_SCOPE_SERVICE, .uid = -1};
	Error why = ERROR_INIT;
	int r;

	if (collect(actions, order, &batch, units, error) < 0)
		return -1;
	r = units_restart(manager, batch.restarts, batch.n, RESTART_SECONDS, &why);
	return put_outcomes(&batch, r < 0 ? why.text : NULL, units, error);
}

static int restart_of_user(
	int64_t uid, const json_t *actions, const RestartOrder *order, json_t *units, Error *error)
{
	__attribute__((cleanup(batch_clear_cleanup)))
	Batch batch = {.scope = UNIT_SCOPE_USER_SERVICE, .uid = uid};
	char directory[AS_USER_DIRECTORY_SIZE];
	Error why = ERROR_INIT;
	int r;

	if (collect(actions, order, &batch, units, error) < 0)
		return -1;
	r = user_units_restart(
		as_user_directory((uid_t)uid, directory), batch.restarts, batch.n, RESTART_SECONDS, &why);
	return put_outcomes(&batch, r < 0 ? why.text : NULL, units, error);
}

static bool is_first_of_user(const json_t *actions, const RestartOrder *order, size_t at)
{
	const json_t *uid = json_object_get(json_array_get(actions, at), "uid");

	for (size_t i = 0; i < at; i++) {
		const json_t *action = json_array_get(actions, i);

		if (has_scope(action, UNIT_SCOPE_USER_SERVICE) && is_wanted(action, order) &&
			json_equal(json_object_get(action, "uid"), uid))
			return false;
	}
	return true;
}

static int restart_of_users(const json_t *actions, const RestartOrder *order, json_t *units, Error *error)
{
	size_t index;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (has_scope(action, UNIT_SCOPE_USER_SERVICE) && is_wanted(action, order) &&
			is_first_of_user(actions, order, index) &&
			restart_of_user(json_integer_value(json_object_get(action, "uid")), actions, order,
				units, error) < 0)
			return -1;
	}
	return 0;
}

/* The managers come last: what they are asked for until then they do as they are. */
static int reexec_managers(
	Manager *manager, const json_t *actions, const RestartOrder *order, json_t *units, Error *error)
{
	size_t index;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		char directory[AS_USER_DIRECTORY_SIZE];
		Error why = ERROR_INIT;
		int r;

		if (!is_wanted(action, order))
			continue;
		if (has_scope(action, UNIT_SCOPE_MANAGER))
			r = manager_reexec(manager, REEXEC_SECONDS, &why);
		else if (has_scope(action, UNIT_SCOPE_USER_MANAGER))
			r = user_manager_reexec(
				as_user_directory(
					(uid_t)json_integer_value(json_object_get(action, "uid")), directory),
				REEXEC_SECONDS, &why);
		else
			continue;
		if (put_outcome(units, action, r < 0 ? why.text : NULL, error) < 0)
			return -1;
	}
	return 0;
}

bool restart_is_any_wanted(const json_t *actions, const RestartOrder *order)
{
	size_t index;
	json_t *action;

	json_array_foreach(actions, index, action)
	{
		if (is_wanted(action, order))
			return true;
	}
	return false;
}

static int note_tries(const json_t *actions, const RestartOrder *order, Error *error)
{
	CLEANUP_JSON json_t *tried = json_array();
	size_t index;
	json_t *action;

	if (!tried)
		return error_memory(error);
	json_array_foreach(actions, index, action)
	{
		if (is_wanted(action, order) && json_add(tried, json_incref(action), error) < 0)
			return -1;
	}
	return restart_tries_note(order->tries, tried, error);
}

int restart_run(const json_t *actions, const RestartOrder *order, json_t *units, const char **ret_refused,
	Error *error)
{
	CLEANUP(manager_free) Manager *manager = NULL;
	CLEANUP_CLOSE int delay = -1;

	*ret_refused = NULL;
	if (!units_available() || !restart_is_any_wanted(actions, order))
		return 0;
	if (manager_open_system(&manager, error) < 0 || manager_going_down(manager, ret_refused, error) < 0)
		return -1;
	if (*ret_refused)
		return 0;
	if (order->tries && note_tries(actions, order, error) < 0)
		return -1;
	manager_delay_shutdown(manager, &delay);
	if (restart_services(manager, actions, order, units, error) < 0 ||
		restart_of_users(actions, order, units, error) < 0)
		return -1;
	return reexec_managers(manager, actions, order, units, error);
}
