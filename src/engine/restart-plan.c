/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-plan.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/language.h"
#include "base/text.h"

static const char *const scope_names[] = {
	[UNIT_SCOPE_APPLICATION] = "application",
	[UNIT_SCOPE_USER_SERVICE] = "user-service",
	[UNIT_SCOPE_SERVICE] = "service",
	[UNIT_SCOPE_USER_MANAGER] = "user-manager",
	[UNIT_SCOPE_MANAGER] = "manager",
	[UNIT_SCOPE_CONTAINER] = "container",
	[UNIT_SCOPE_SESSION] = "session",
	[UNIT_SCOPE_SOFT_REBOOT] = "soft-reboot",
	[UNIT_SCOPE_REBOOT] = "reboot",
};

static const char *const remedies[] = {
	[UNIT_SCOPE_APPLICATION] = N_("restart the program"),
	[UNIT_SCOPE_USER_SERVICE] = N_("restart the unit"),
	[UNIT_SCOPE_SERVICE] = N_("restart the unit"),
	[UNIT_SCOPE_USER_MANAGER] = N_("re-execute the user's service manager"),
	[UNIT_SCOPE_MANAGER] = N_("re-execute the service manager"),
	[UNIT_SCOPE_CONTAINER] = N_("restart the container"),
	[UNIT_SCOPE_SESSION] = N_("log out and in"),
	[UNIT_SCOPE_SOFT_REBOOT] = N_("soft-reboot"),
	[UNIT_SCOPE_REBOOT] = N_("reboot"),
};

const char *restart_scope_name(UnitScope scope)
{
	return scope_names[scope];
}

RestartPlan *restart_plan_free(RestartPlan *plan)
{
	if (plan) {
		free(plan->actions);
		free(plan->action_of);
		free(plan);
	}
	return NULL;
}

static bool is_same(const RestartVerdict *a, const RestartVerdict *b)
{
	if (a->scope != b->scope || a->uid != b->uid || strcmp(a->target, b->target) != 0)
		return false;
	/* Two programs of one name in two sessions are two. */
	return a->scope != UNIT_SCOPE_APPLICATION || strcmp(a->unit, b->unit) == 0;
}

/* An application is what lies in one unit of its user's: its helpers go with it. */
static bool is_same_application(const RestartVerdict *a, const RestartVerdict *b)
{
	return a->scope == UNIT_SCOPE_APPLICATION && b->scope == UNIT_SCOPE_APPLICATION && a->uid == b->uid &&
	       strchr(a->unit, '/') && strcmp(a->unit, b->unit) == 0;
}

/* What one finding forbids is forbidden for all of the action. */
static void join(RestartVerdict *one, const RestartVerdict *other)
{
	one->ends_applications |= other->ends_applications;
	if (!one->automatic && !other->automatic)
		one->can_fall_due &= other->can_fall_due;
	if (one->automatic && !other->automatic) {
		one->automatic = false;
		one->can_fall_due = other->can_fall_due;
		memcpy(one->reason, other->reason, sizeof(one->reason));
	}
}

static void add(RestartPlan *plan, size_t finding, const RestartVerdict *verdict)
{
	size_t i = 0;

	while (i < plan->n && !is_same(&plan->actions[i].what, verdict) &&
		!is_same_application(&plan->actions[i].what, verdict))
		i++;
	if (i == plan->n)
		plan->actions[plan->n++] = (RestartAction){.what = *verdict};
	else
		join(&plan->actions[i].what, verdict);
	plan->action_of[finding] = i;
}

/* Does the restart of one unit bring about that of the other, of the same manager? */
static bool restarts_along(const RestartVerdict *one, const RestartVerdict *other)
{
	const char *name = strchr(other->target, '/');

	if (!one->automatic || !one->facts || one->scope != other->scope || one->uid != other->uid)
		return false;
	name = name ? name + 1 : other->target;
	for (uint32_t i = 0; i < one->facts->n_along; i++)
		if (strcmp(one->facts->along[i].name, name) == 0)
			return true;
	return false;
}

static bool is_login(const RestartVerdict *what)
{
	return what->scope == UNIT_SCOPE_SESSION && text_has_prefix(what->target, "user@");
}

/* What is in a session ends with it. */
static bool ends_with_session(const RestartVerdict *one, const RestartVerdict *other)
{
	return one->scope == UNIT_SCOPE_SESSION && one->ends_applications && !is_login(one) &&
	       other->scope == UNIT_SCOPE_APPLICATION && other->uid == one->uid &&
	       strcmp(other->unit, one->target) == 0;
}

/* All sessions of a user do when the whole login has to end; and what else is asked of that user. */
static bool ends_with_login(const RestartVerdict *one, const RestartVerdict *other)
{
	if (!is_login(one) || other->automatic || other->uid != one->uid)
		return false;
	if (other->scope == UNIT_SCOPE_APPLICATION)
		return one->ends_applications && other->unit[0] != '\0';
	return other->scope == UNIT_SCOPE_USER_SERVICE || other->scope == UNIT_SCOPE_SESSION;
}

/* What is done at once is never put off for something that people have to find time for. */
static bool absorbs(const RestartVerdict *one, const RestartVerdict *other)
{
	return restarts_along(one, other) || ends_with_session(one, other);
}

/* Of what is left then. */
static bool absorbs_at_last(const RestartVerdict *one, const RestartVerdict *other)
{
	return ends_with_login(one, other) ||
	       (one->scope == UNIT_SCOPE_REBOOT && other->scope == UNIT_SCOPE_SOFT_REBOOT);
}

static void move_findings(RestartPlan *plan, size_t from, size_t to)
{
	for (size_t i = 0; i < plan->n_findings; i++)
		if (plan->action_of[i] == from)
			plan->action_of[i] = to;
}

/* Takes an action out; the findings of none point to it any more. */
static void drop(RestartPlan *plan, size_t at)
{
	memmove(&plan->actions[at], &plan->actions[at + 1], (plan->n - at - 1) * sizeof(*plan->actions));
	plan->n--;
	for (size_t i = 0; i < plan->n_findings; i++)
		if (plan->action_of[i] > at)
			plan->action_of[i]--;
}

/* Of two that bring about each other the first stays. */
static void absorb(RestartPlan *plan, bool (*can)(const RestartVerdict *, const RestartVerdict *))
{
	for (size_t i = 0; i < plan->n; i++) {
		size_t j = 0;

		while (j < plan->n && (j == i || !can(&plan->actions[i].what, &plan->actions[j].what)))
			j++;
		if (j == plan->n)
			continue;
		move_findings(plan, j, i);
		drop(plan, j);
		/* From the start: what was passed may be absorbed by what has moved. Each round drops one. */
		i = SIZE_MAX;
	}
}

static int compare(const void *one, const void *other)
{
	const RestartVerdict *a = &((const RestartAction *)one)->what,
			     *b = &((const RestartAction *)other)->what;
	int r;

	if (a->automatic != b->automatic)
		return a->automatic ? -1 : 1;
	if (a->scope != b->scope)
		return (a->scope < b->scope) == a->automatic ? -1 : 1;
	r = strcmp(a->target, b->target);
	if (r == 0)
		r = strcmp(a->unit, b->unit);
	return r != 0 ? r : (a->uid > b->uid) - (a->uid < b->uid);
}

/* The place that each action had is kept in n_processes meanwhile. */
static int sort(RestartPlan *plan, Error *error)
{
	CLEANUP_FREE size_t *place = calloc(plan->n + 1, sizeof(*place));

	if (!place)
		return error_memory(error);
	for (size_t i = 0; i < plan->n; i++)
		plan->actions[i].n_processes = i;
	qsort(plan->actions, plan->n, sizeof(*plan->actions), compare);
	for (size_t i = 0; i < plan->n; i++) {
		place[plan->actions[i].n_processes] = i;
		plan->actions[i].n_processes = 0;
	}
	for (size_t i = 0; i < plan->n_findings; i++) {
		plan->action_of[i] = place[plan->action_of[i]];
		plan->actions[plan->action_of[i]].n_processes++;
	}
	return 0;
}

/* Time runs from the first of its processes that began to be exposed. */
static void set_due(RestartPlan *plan, const RestartWorld *world, const RestartFinding *findings)
{
	for (size_t i = 0; world->deadline > 0 && i < plan->n_findings; i++) {
		RestartAction *action = &plan->actions[plan->action_of[i]];
		int64_t due = findings[i].since + world->deadline;

		if (action->what.can_fall_due && findings[i].since > 0 &&
			(action->due == 0 || due < action->due))
			action->due = due;
	}
}

int restart_plan_new(
	const RestartWorld *world, const RestartFinding *findings, size_t n, RestartPlan **ret, Error *error)
{
	CLEANUP(restart_plan_free) RestartPlan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return error_memory(error);
	plan->actions = calloc(n + 1, sizeof(*plan->actions));
	plan->action_of = calloc(n + 1, sizeof(*plan->action_of));
	if (!plan->actions || !plan->action_of)
		return error_memory(error);
	plan->n_findings = n;
	for (size_t i = 0; i < n; i++) {
		RestartVerdict verdict;

		restart_judge(world, &findings[i], &verdict);
		add(plan, i, &verdict);
	}
	absorb(plan, absorbs);
	absorb(plan, absorbs_at_last);
	if (sort(plan, error) < 0)
		return -1;
	set_due(plan, world, findings);
	*ret = TAKE_PTR(plan);
	return 0;
}

int restart_action_remedy(const RestartAction *action, char **ret, Error *error)
{
	const RestartVerdict *what = &action->what;

	if (what->automatic || what->scope == UNIT_SCOPE_APPLICATION)
		return text_copy(remedies[what->scope], ret, error);
	return text_format(ret, error, "%s: %s", remedies[what->scope], what->reason);
}

static bool has_text(const json_t *array, const char *text)
{
	size_t index;
	json_t *item;

	json_array_foreach(array, index, item)
	{
		if (strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

static int put_programs(
	const RestartPlan *plan, size_t action, const RestartFinding *findings, json_t *item, Error *error)
{
	json_t *programs = json_array();

	if (json_put(item, "programs", programs, error) < 0)
		return -1;
	for (size_t i = 0; i < plan->n_findings; i++)
		if (plan->action_of[i] == action && !has_text(programs, findings[i].name) &&
			json_add(programs, json_string(findings[i].name), error) < 0)
			return -1;
	return 0;
}

static int put_along(const RestartVerdict *what, json_t *item, Error *error)
{
	json_t *along = json_array();

	if (json_put(item, "along", along, error) < 0)
		return -1;
	for (uint32_t i = 0; what->facts && i < what->facts->n_along; i++)
		if (json_add(along, json_string(what->facts->along[i].name), error) < 0)
			return -1;
	return 0;
}

/* Whose it is, where that matters. */
static int put_user(const RestartVerdict *what, json_t *item, Error *error)
{
	char text[1024];
	struct passwd entry, *found = NULL;

	if (what->scope != UNIT_SCOPE_APPLICATION && what->scope != UNIT_SCOPE_SESSION &&
		what->scope != UNIT_SCOPE_USER_SERVICE && what->scope != UNIT_SCOPE_USER_MANAGER)
		return 0;
	if (json_put_integer(item, "uid", what->uid, error) < 0)
		return -1;
	if (getpwuid_r(what->uid, &entry, text, sizeof(text), &found) != 0 || !found)
		return 0;
	return json_put_text(item, "user", entry.pw_name, error);
}

int restart_plan_to_json(const RestartPlan *plan, const RestartFinding *findings, json_t *array, Error *error)
{
	for (size_t i = 0; i < plan->n; i++) {
		const RestartVerdict *what = &plan->actions[i].what;
		json_t *item = json_object();

		if (json_add(array, item, error) < 0 ||
			json_put_text(item, "scope", scope_names[what->scope], error) < 0 ||
			(what->target[0] && json_put_text(item, "target", what->target, error) < 0) ||
			json_put(item, "automatic", json_boolean(what->automatic), error) < 0 ||
			json_put_text(item, "reason", what->reason, error) < 0 ||
			(plan->actions[i].due > 0 &&
				json_put_time(item, "due", plan->actions[i].due, error) < 0) ||
			json_put_integer(item, "processes", (int64_t)plan->actions[i].n_processes, error) <
				0 ||
			put_programs(plan, i, findings, item, error) < 0 ||
			put_along(what, item, error) < 0 || put_user(what, item, error) < 0)
			return -1;
	}
	return 0;
}
