/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/unit-property.h"

#include <stdio.h>

#include "base/text.h"

void strings_clear_cleanup(char ***strings)
{
	for (char **each = *strings; each && *each; each++)
		free(*each);
	free(*strings);
}

int unit_init(Unit *unit, Manager *manager, const char *name, Error *error)
{
	char *path = NULL;
	int r = sd_bus_path_encode(MANAGER_OBJECT "/unit", name, &path);

	if (r < 0)
		return error_os(error, -r, "cannot name the unit \"%s\"", name);
	*unit = (Unit){manager, name, path};
	return 0;
}

void unit_clear_cleanup(Unit *unit)
{
	free(unit->path);
}

/* What a question that got no value comes to. */
static int is_lacking(
	const Unit *unit, const char *property, const sd_bus_error *failure, int r, Error *error)
{
	static const char *const lacks[] = {SD_BUS_ERROR_UNKNOWN_PROPERTY, SD_BUS_ERROR_UNKNOWN_INTERFACE,
		SD_BUS_ERROR_UNKNOWN_OBJECT, MANAGER_SERVICE ".NoSuchUnit"};

	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++)
		if (sd_bus_error_has_name(failure, lacks[i]))
			return 0;
	return error_set(error, "the service manager does not tell %s of %s: %s", property, unit->name,
		manager_failure(failure, r));
}

int unit_get_number(const Unit *unit, UnitProperty what, uint64_t *ret, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	union {
		int flag;
		uint32_t small;
		uint64_t large;
	} value = {.large = 0};
	int r = sd_bus_get_property_trivial(unit->manager->bus, MANAGER_SERVICE, unit->path, what.interface,
		what.name, &failure, what.type, &value);

	if (r < 0 && is_lacking(unit, what.name, &failure, r, error) < 0)
		return -1;
	if (r < 0)
		*ret = 0;
	else if (what.type == 't')
		*ret = value.large;
	else
		*ret = what.type == 'u' ? value.small : value.flag != 0;
	return 0;
}

int unit_get_flag(const Unit *unit, const char *interface, const char *name, bool *ret, Error *error)
{
	uint64_t value;

	if (unit_get_number(unit, (UnitProperty){interface, name, 'b'}, &value, error) < 0)
		return -1;
	*ret = value != 0;
	return 0;
}

int unit_get_word(const Unit *unit, const char *interface, const char *name, char ret[static UNIT_WORD_SIZE],
	Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP_FREE char *text = NULL;
	int r = sd_bus_get_property_string(
		unit->manager->bus, MANAGER_SERVICE, unit->path, interface, name, &failure, &text);

	if (r < 0 && is_lacking(unit, name, &failure, r, error) < 0)
		return -1;
	(void)snprintf(ret, UNIT_WORD_SIZE, "%s", text ? text : "");
	return 0;
}

int unit_get_strings(const Unit *unit, const char *name, char ***ret, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	char **strings = NULL;
	int r = sd_bus_get_property_strv(
		unit->manager->bus, MANAGER_SERVICE, unit->path, UNIT_INTERFACE, name, &failure, &strings);

	if (r < 0 && is_lacking(unit, name, &failure, r, error) < 0)
		return -1;
	*ret = r < 0 ? NULL : strings;
	return 0;
}

/* The path of the unit's job; NULL for none. */
static int get_job(const Unit *unit, char **ret, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	const char *path;
	uint32_t id = 0;
	int r = sd_bus_get_property(unit->manager->bus, MANAGER_SERVICE, unit->path, UNIT_INTERFACE, "Job",
		&failure, &reply, "(uo)");

	if (r < 0)
		return is_lacking(unit, "Job", &failure, r, error);
	r = sd_bus_message_read(reply, "(uo)", &id, &path);
	if (r < 0)
		return error_os(error, -r, "cannot understand the service manager");
	return id == 0 ? 0 : text_copy(path, ret, error);
}

int unit_job(Manager *manager, const char *name, char ret[static UNIT_WORD_SIZE], Error *error)
{
	CLEANUP_UNIT Unit unit = {.path = NULL};
	CLEANUP_UNIT Unit job = {manager, name, NULL};

	if (unit_init(&unit, manager, name, error) < 0 || get_job(&unit, &job.path, error) < 0)
		return -1;
	if (!job.path) {
		ret[0] = '\0';
		return 0;
	}
	/* One that has ended meanwhile is none, and its object is gone. */
	return unit_get_word(&job, MANAGER_SERVICE ".Job", "JobType", ret, error);
}
