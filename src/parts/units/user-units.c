/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/user-units.h"

#include <string.h>

#include "base/text.h"
#include "parts/units/as-user.h"

/* What a child is given and gives back: the head, and n entries behind it. */
typedef struct Errand {
	size_t n;
	int seconds;
} Errand;

static int read_facts(const char *directory, void *result, Error *error)
{
	Errand *errand = result;
	UnitFacts *facts = (UnitFacts *)(errand + 1);
	CLEANUP(manager_free) Manager *manager = NULL;

	if (manager_open_user(directory, &manager, error) < 0)
		return -1;
	for (size_t i = 0; i < errand->n; i++)
		if (unit_facts_read(manager, &facts[i], error) < 0)
			return -1;
	return 0;
}

static int restart(const char *directory, void *result, Error *error)
{
	Errand *errand = result;
	CLEANUP(manager_free) Manager *manager = NULL;

	if (manager_open_user(directory, &manager, error) < 0)
		return -1;
	return units_restart(manager, (UnitRestart *)(errand + 1), errand->n, errand->seconds, error);
}

static int reexec(const char *directory, void *result, Error *error)
{
	Errand *errand = result;
	CLEANUP(manager_free) Manager *manager = NULL;

	if (manager_open_user(directory, &manager, error) < 0)
		return -1;
	return manager_reexec(manager, errand->seconds, error);
}

/* entries: n of size bytes each. */
static int run_errand(
	const char *directory, AsUserWork work, Errand head, void *entries, size_t size, Error *error)
{
	CLEANUP_FREE Errand *errand = calloc(1, sizeof(head) + head.n * size);

	if (!errand)
		return error_memory(error);
	*errand = head;
	if (head.n > 0)
		memcpy(errand + 1, entries, head.n * size);
	if (as_user(directory, work, errand, sizeof(head) + head.n * size,
		    head.seconds + MANAGER_CALL_SECONDS, error) < 0)
		return -1;
	if (head.n > 0)
		memcpy(entries, errand + 1, head.n * size);
	return 0;
}

int user_units_read(const char *directory, UnitFacts *facts, size_t n, Error *error)
{
	if (run_errand(directory, read_facts, (Errand){n, 0}, facts, sizeof(*facts), error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!unit_facts_are_sound(&facts[i]))
			return error_set(error, "what was found out for the user makes no sense");
	return 0;
}

int user_units_restart(const char *directory, UnitRestart *restarts, size_t n, int seconds, Error *error)
{
	if (run_errand(directory, restart, (Errand){n, seconds}, restarts, sizeof(*restarts), error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		restarts[i].unit[sizeof(restarts[i].unit) - 1] = '\0';
		restarts[i].error[sizeof(restarts[i].error) - 1] = '\0';
		text_make_printable(restarts[i].error);
	}
	return 0;
}

int user_manager_reexec(const char *directory, int seconds, Error *error)
{
	return run_errand(directory, reexec, (Errand){0, seconds}, NULL, 0, error);
}
