/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-order.h"

#include <string.h>

#include "parts/units/unit-property.h"

typedef struct Graph {
	size_t n;
	bool *before;  /* [first * n + second] */
	size_t *waits; /* for each unit: how many that are not placed yet come before it */
	bool *placed;
} Graph;

static void graph_clear_cleanup(Graph *graph)
{
	free(graph->before);
	free(graph->waits);
	free(graph->placed);
}

static int graph_init(Graph *graph, size_t n, Error *error)
{
	graph->n = n;
	graph->before = calloc(n + 1, n + 1);
	graph->waits = calloc(n + 1, sizeof(*graph->waits));
	graph->placed = calloc(n + 1, sizeof(*graph->placed));
	return graph->before && graph->waits && graph->placed ? 0 : error_memory(error);
}

static bool has(const UnitFacts *unit, const char *name)
{
	return strcmp(unit->name, name) == 0 || unit_facts_has_along(unit, name);
}

/* Notes what comes before one member of the unit's company, which is the unit and what restarts along. */
static int note_member(Manager *manager, const UnitFacts *const units[], size_t unit, const char *member,
	Graph *graph, Error *error)
{
	CLEANUP_STRINGS char **names = NULL;
	CLEANUP_UNIT Unit asked = {.path = NULL};

	if (unit_init(&asked, manager, member, error) < 0 ||
		unit_get_strings(&asked, "After", &names, error) < 0)
		return -1;
	for (char **name = names; name && *name; name++)
		for (size_t i = 0; i < graph->n; i++) {
			bool *before = &graph->before[i * graph->n + unit];

			if (i == unit || *before || !has(units[i], *name))
				continue;
			*before = true;
			graph->waits[unit]++;
		}
	return 0;
}

static int note_company(
	Manager *manager, const UnitFacts *const units[], size_t unit, Graph *graph, Error *error)
{
	const UnitFacts *facts = units[unit];

	if (note_member(manager, units, unit, facts->name, graph, error) < 0)
		return -1;
	for (uint32_t i = 0; i < facts->n_along; i++)
		if (note_member(manager, units, unit, facts->along[i].name, graph, error) < 0)
			return -1;
	return 0;
}

/* The first that waits for none; in a circle, the first of all that are left. */
static size_t next_of(const Graph *graph)
{
	size_t first = graph->n;

	for (size_t i = 0; i < graph->n; i++) {
		if (graph->placed[i])
			continue;
		if (graph->waits[i] == 0)
			return i;
		if (first == graph->n)
			first = i;
	}
	return first;
}

static void place(Graph *graph, size_t unit)
{
	graph->placed[unit] = true;
	for (size_t i = 0; i < graph->n; i++)
		if (graph->before[unit * graph->n + i])
			graph->waits[i]--;
}

int unit_order(Manager *manager, const UnitFacts *const units[], size_t n, size_t order[], Error *error)
{
	__attribute__((cleanup(graph_clear_cleanup))) Graph graph = {.n = 0};

	if (graph_init(&graph, n, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (note_company(manager, units, i, &graph, error) < 0)
			return -1;
	for (size_t i = 0; i < n; i++) {
		order[i] = next_of(&graph);
		place(&graph, order[i]);
	}
	return 0;
}
