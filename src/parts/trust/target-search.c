/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/target-search.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { FIND_ROLES_MAX = 64, EACH_ROLES_MAX = 1024, PENDING_MAX = 2 * DELEGATIONS_MAX };

/* A role that is yet to be searched, and who delegated to it. */
typedef struct Step {
	char *role, *delegator;
} Step;

typedef struct Steps {
	Step *steps;
	size_t count;
} Steps;

typedef struct Walk {
	MetadataSource *source;
	DelegationsQuery query;
	Steps pending; /* the last one is searched first */
	Steps visited;
	/* Looks at one role; TARGET_SEARCH_FOUND ends the walk. */
	int (*visit)(struct Walk *walk, const Targets *targets, Error *error);
	void *result;
} Walk;

enum { TARGET_SEARCH_FOUND = 2 };

static void step_clear(Step *step)
{
	free(step->role);
	free(step->delegator);
}

static void steps_truncate(Steps *steps, size_t count)
{
	while (steps->count > count)
		step_clear(&steps->steps[--steps->count]);
}

static void steps_drop_first(Steps *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		step_clear(&steps->steps[i]);
	steps->count -= count;
	memmove(steps->steps, steps->steps + count, steps->count * sizeof(*steps->steps));
}

static void walk_clear(Walk *walk)
{
	steps_truncate(&walk->pending, 0);
	steps_truncate(&walk->visited, 0);
	free(walk->pending.steps);
	free(walk->visited.steps);
}
#define CLEANUP_WALK __attribute__((cleanup(walk_clear)))

/* Takes what step owns, also on failure. */
static int steps_push(Steps *steps, Step step, Error *error)
{
	Step *grown = steps->count < PENDING_MAX
			      ? reallocarray(steps->steps, steps->count + 1, sizeof(*grown))
			      : NULL;

	if (!grown) {
		step_clear(&step);
		return steps->count < PENDING_MAX ? error_memory(error)
						  : error_set(error, "too many delegations are in line");
	}
	steps->steps = grown;
	steps->steps[steps->count++] = step;
	return 0;
}

static bool is_visited(const Walk *walk, const char *role)
{
	for (size_t i = 0; i < walk->visited.count; i++)
		if (strcmp(walk->visited.steps[i].role, role) == 0)
			return true;
	return false;
}

static void reverse(Step *steps, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		Step first = steps[i];

		steps[i] = steps[count - 1 - i];
		steps[count - 1 - i] = first;
	}
}

/* Puts the delegations of a role in line so that its first one comes next. A terminating delegation stands
 * for the whole rest, what its delegators left in line included; a search below a prefix meets paths that it
 * does not match, and goes on. */
static int push_delegations(Walk *walk, const Targets *targets, const char *role, Error *error)
{
	size_t before = walk->pending.count, at = 0;
	bool terminating = false;
	int next = 0;

	while (!terminating || walk->query.below) {
		Step step = {.role = NULL};

		next = delegations_next(
			&targets->delegations, &walk->query, &at, &step.role, &terminating, error);
		if (next != 0)
			break;
		if (text_copy(role, &step.delegator, error) < 0) {
			step_clear(&step);
			return -1;
		}
		if (steps_push(&walk->pending, step, error) < 0)
			return -1;
	}
	if (next < 0)
		return -1;
	reverse(walk->pending.steps + before, walk->pending.count - before);
	if (!terminating || walk->query.below)
		return 0;
	steps_drop_first(&walk->pending, before);
	return 0;
}

static int search_role(Walk *walk, const char *role, const char *delegator, Error *error)
{
	const Targets *targets;
	int visited;

	if (metadata_source_targets(walk->source, role, delegator, error) < 0)
		return -1;
	targets = trusted_set_targets(walk->source->set, role);
	visited = walk->visit(walk, targets, error);
	return visited == 0 ? push_delegations(walk, targets, role, error) : visited;
}

/* Returns what ended it: < 0, or TARGET_SEARCH_FOUND, or 0 when no role is left. */
static int walk_roles(Walk *walk, Error *error)
{
	size_t max = walk->query.below ? EACH_ROLES_MAX : FIND_ROLES_MAX;
	Step first = {.role = strdup("targets"), .delegator = strdup("root")};
	int done = 0;

	if (!first.role || !first.delegator) {
		step_clear(&first);
		return error_memory(error);
	}
	if (steps_push(&walk->pending, first, error) < 0)
		return -1;
	while (done == 0 && walk->pending.count > 0) {
		Step step = walk->pending.steps[--walk->pending.count];

		if (is_visited(walk, step.role)) {
			step_clear(&step);
			continue;
		}
		if (steps_push(&walk->visited, step, error) < 0)
			return -1;
		if (walk->visited.count > max)
			return error_set(
				error, "\"%s\" leads through more than %zu roles", walk->query.path, max);
		done = search_role(walk, step.role, step.delegator, error);
	}
	return done;
}

static int visit_to_find(Walk *walk, const Targets *targets, Error *error)
{
	int found = targets_find(targets, walk->query.path, walk->result, error);

	return found == 0 ? TARGET_SEARCH_FOUND : found == TARGETS_ABSENT ? 0 : -1;
}

int target_search_find(MetadataSource *source, const char *path, TargetsFile *ret, Error *error)
{
	CLEANUP_WALK Walk walk = {.source = source, .visit = visit_to_find, .result = ret};
	int done;

	if (delegations_query(path, false, &walk.query, error) < 0)
		return -1;
	done = walk_roles(&walk, error);
	return done == TARGET_SEARCH_FOUND ? 0 : done == 0 ? TARGET_SEARCH_ABSENT : -1;
}

/* Paths that belong to the metadata they are in. */
typedef struct Paths {
	const char **paths;
	size_t count, capacity;
} Paths;

static int visit_to_collect(Walk *walk, const Targets *targets, Error *error)
{
	Paths *paths = walk->result;

	for (void *at = json_object_iter(targets->files); at;
		at = json_object_iter_next(targets->files, at)) {
		if (!text_has_prefix(json_object_iter_key(at), walk->query.path))
			continue;
		if (paths->count == paths->capacity) {
			size_t capacity = paths->capacity ? 2 * paths->capacity : 64;
			const char **grown = reallocarray(paths->paths, capacity, sizeof(*grown));

			if (!grown)
				return error_memory(error);
			paths->paths = grown;
			paths->capacity = capacity;
		}
		paths->paths[paths->count++] = json_object_iter_key(at);
	}
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A role may list what nobody delegated to it, and two may list the same path: only a search from the top
 * says whose word counts. */
int target_search_each(MetadataSource *source, const char *prefix,
	int (*visitor)(void *userdata, const TargetsFile *file, Error *error), void *userdata, Error *error)
{
	Paths paths = {.count = 0};
	CLEANUP_WALK Walk walk = {.source = source, .visit = visit_to_collect, .result = &paths};
	CLEANUP_FREE const char **owned = NULL;
	int done;

	if (delegations_query(prefix, true, &walk.query, error) < 0)
		return -1;
	done = walk_roles(&walk, error);
	owned = paths.paths;
	if (done < 0)
		return -1;
	if (paths.count > 0)
		qsort(paths.paths, paths.count, sizeof(*paths.paths), compare_paths);
	for (size_t i = 0; i < paths.count; i++) {
		TargetsFile file;
		int found;

		if (i > 0 && strcmp(paths.paths[i - 1], paths.paths[i]) == 0)
			continue;
		found = target_search_find(source, paths.paths[i], &file, error);
		if (found < 0 || (found == 0 && visitor(userdata, &file, error) < 0))
			return -1;
	}
	return 0;
}
