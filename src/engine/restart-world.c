/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-world.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "parts/census/proc.h"
#include "parts/units/as-user.h"
#include "parts/units/session.h"
#include "parts/units/user-units.h"

enum { SOFT_REBOOT_SINCE = 254 };

RestartWorld *restart_world_free(RestartWorld *world)
{
	if (world)
		free(world->units);
	free(world);
	return NULL;
}

static bool pid_namespace_of(int directory, uint64_t *ret)
{
	struct statx status;

	if (proc_examine(directory, "ns/pid", &status, NULL) != 0)
		return false;
	*ret = status.stx_ino;
	return true;
}

static bool begins_with_at(int directory)
{
	CLEANUP_CLOSE int fd = -1;
	char first = '\0';

	return proc_open(directory, "cmdline", O_RDONLY, &fd, NULL) == 0 && read(fd, &first, 1) == 1 &&
	       first == '@';
}

/* A process that has ended meanwhile is as it was found. */
static void look_at_process(int proc, const CensusFinding *found, uint64_t own_namespace, RestartFinding *ret)
{
	CLEANUP_CLOSE int directory = -1;
	uint64_t namespace = own_namespace;

	*ret = (RestartFinding){
		.pid = found->pid, .uid = found->uid, .name = found->name, .unit = found->unit};
	if (proc_open_process(proc, found->pid, &directory, NULL) != 0)
		return;
	ret->in_container = pid_namespace_of(directory, &namespace) && namespace != own_namespace;
	ret->is_spared = found->uid == 0 && begins_with_at(directory);
}

static int look_at_processes(const Census *census, RestartFinding *findings, Error *error)
{
	CLEANUP_CLOSE int proc = -1;
	CLEANUP_CLOSE int own = -1;
	uint64_t own_namespace = 0;

	if (proc_open_root(&proc, error) < 0 ||
		proc_open(proc, "self", O_RDONLY | O_DIRECTORY, &own, error) != 0)
		return -1;
	(void)pid_namespace_of(own, &own_namespace);
	for (size_t i = 0; i < census->n_findings; i++)
		look_at_process(proc, &census->findings[i], own_namespace, &findings[i]);
	return 0;
}

static void note_unit(RestartWorld *world, const char *unit)
{
	RestartUnit *place = &world->units[world->n_units];
	const char *slash = strchr(unit, '/');
	const char *name = slash ? slash + 1 : unit;

	if (!manager_is_unit_name(name))
		return;
	for (size_t i = 0; i < world->n_units; i++)
		if (strcmp(world->units[i].unit, unit) == 0)
			return;
	*place = (RestartUnit){.is_known = false};
	(void)snprintf(place->unit, sizeof(place->unit), "%s", unit);
	(void)snprintf(place->facts.name, sizeof(place->facts.name), "%s", name);
	place->has_owner = session_owner(unit, &place->owner);
	world->n_units++;
}

static void ask_system(RestartWorld *world)
{
	CLEANUP(manager_free) Manager *manager = NULL;
	Error error = ERROR_INIT;

	if (manager_open_system(&manager, &error) < 0) {
		log_warning("%s", error.text);
		return;
	}
	world->can_soft_reboot = manager_version(manager) >= SOFT_REBOOT_SINCE;
	for (size_t i = 0; i < world->n_units; i++) {
		RestartUnit *unit = &world->units[i];

		if (strchr(unit->unit, '/'))
			continue;
		unit->is_known = unit_facts_read(manager, &unit->facts, &error) == 0;
		if (!unit->is_known)
			log_warning("%s", error.text);
	}
}

/* "user@1000.service/…" of both, to the slash. */
static bool is_of_same_user(const char *one, const char *other)
{
	size_t n = strcspn(one, "/") + 1;

	return strchr(one, '/') && strncmp(one, other, n) == 0;
}

/* All units of the user whose unit `first` is, at once: each question is a child. */
static void ask_user(RestartWorld *world, size_t first, UnitFacts *facts)
{
	char directory[AS_USER_DIRECTORY_SIZE];
	const char *unit = world->units[first].unit;
	Error error = ERROR_INIT;
	size_t n = 0;

	for (size_t i = first; i < world->n_units; i++)
		if (is_of_same_user(unit, world->units[i].unit))
			facts[n++] = world->units[i].facts;
	as_user_directory((uid_t)strtoul(unit + strlen("user@"), NULL, 10), directory);
	if (user_units_read(directory, facts, n, &error) < 0) {
		log_warning("%s: %s", unit, error.text);
		return;
	}
	for (size_t i = world->n_units; i-- > first;)
		if (is_of_same_user(unit, world->units[i].unit)) {
			world->units[i].facts = facts[--n];
			world->units[i].is_known = true;
		}
}

static bool is_first_of_user(const RestartWorld *world, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_of_same_user(world->units[at].unit, world->units[i].unit))
			return false;
	return text_has_prefix(world->units[at].unit, "user@") && strchr(world->units[at].unit, '/');
}

static int ask_managers(RestartWorld *world, Error *error)
{
	CLEANUP_FREE UnitFacts *facts = calloc(world->n_units + 1, sizeof(*facts));

	if (!facts)
		return error_memory(error);
	ask_system(world);
	for (size_t i = 0; i < world->n_units; i++)
		if (is_first_of_user(world, i))
			ask_user(world, i, facts);
	return 0;
}

int restart_world_look(const Census *census, const OwnUnits *own, RestartWorld **ret_world,
	RestartFinding **ret_findings, Error *error)
{
	CLEANUP(restart_world_free) RestartWorld *world = calloc(1, sizeof(*world));
	CLEANUP_FREE RestartFinding *findings = calloc(census->n_findings + 1, sizeof(*findings));

	if (!world || !findings)
		return error_memory(error);
	world->own = *own;
	world->units = calloc(census->n_findings + 1, sizeof(*world->units));
	if (!world->units)
		return error_memory(error);
	if (look_at_processes(census, findings, error) < 0)
		return -1;
	for (size_t i = 0; i < census->n_findings; i++)
		note_unit(world, census->findings[i].unit);
	world->has_manager = units_available();
	if (world->has_manager && census->n_findings > 0 && ask_managers(world, error) < 0)
		return -1;
	*ret_world = TAKE_PTR(world);
	*ret_findings = TAKE_PTR(findings);
	return 0;
}
