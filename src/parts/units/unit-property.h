/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a service manager tells of one unit, a property at a time (org.freedesktop.systemd1(5)). A unit lacks
 * what the manager says that there is not: an older one knows fewer properties, and a name may be nobody's.
 * Every other failure, such as silence, is one: what was not answered must not pass for an answer.
 */

#include "parts/units/manager.h"

#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"
#define SERVICE_INTERFACE "org.freedesktop.systemd1.Service"
#define SOCKET_INTERFACE "org.freedesktop.systemd1.Socket"

typedef struct Unit {
	Manager *manager; /* not its own, and neither is the name */
	const char *name;
	char *path;
} Unit;

int unit_init(Unit *unit, Manager *manager, const char *name, Error *error);
void unit_clear_cleanup(Unit *unit);
#define CLEANUP_UNIT __attribute__((cleanup(unit_clear_cleanup)))

typedef struct UnitProperty {
	const char *interface, *name;
	char type; /* of a number: 'b', 'u' or 't' */
} UnitProperty;

/* 0 for what the unit lacks. */
int unit_get_number(const Unit *unit, UnitProperty what, uint64_t *ret, Error *error);
int unit_get_flag(const Unit *unit, const char *interface, const char *name, bool *ret, Error *error);

/* A word such as "oneshot"; "" for what the unit lacks, and cut when it is longer than systemd's are. */
enum { UNIT_WORD_SIZE = 32 };
int unit_get_word(const Unit *unit, const char *interface, const char *name, char ret[static UNIT_WORD_SIZE],
	Error *error);

/* A list of interface Unit, "After" for instance; NULL for what the unit lacks. *ret is the caller's:
 * CLEANUP_STRINGS. */
int unit_get_strings(const Unit *unit, const char *name, char ***ret, Error *error);
void strings_clear_cleanup(char ***strings);
#define CLEANUP_STRINGS __attribute__((cleanup(strings_clear_cleanup)))

/* The type of the job of the unit of this name that is queued or at work ("stop", "start", …, systemctl(1));
 * "" for none. */
int unit_job(Manager *manager, const char *name, char ret[static UNIT_WORD_SIZE], Error *error);
