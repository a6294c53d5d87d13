/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: real processes to take a census of, files for them to map, and what it found.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "parts/census/census.h"

/* A place for a test's files; everything in it vanishes with it. */
typedef struct Place {
	char *path;
	int directory;
	dev_t device; /* as maps shows it */
} Place;

int place_setup(void **state);
int place_teardown(void **state);

/* Writes text to a new file below the place, making its directories. */
void place_write(const Place *place, const char *name, const char *text);
void place_make_directory(const Place *place, const char *name);

/* Copies this test program. */
void place_copy_program(const Place *place, const char *name);

/* The file as a target. */
CensusTarget place_target(const Place *place, const char *name, size_t subject);

/* Where a child reports that its work is done; it survives exec. */
enum { PROCESS_READY_FD = 100 };

typedef int (*ProcessWork)(const Place *place, const char *argument);

/* Forks, does the work in the child, and returns when that is done; the child then stays until it is ended,
 * and never outlives the test. Work that fails (< 0) fails the test. */
pid_t process_start(ProcessWork work, const Place *place, const char *argument);
void process_end(pid_t pid);

/* Works: maps the file with this name below the place; the same in a mount namespace of its own; only moves
 * to such a namespace; nothing at all. */
int process_map(const Place *place, const char *name);
int process_map_in_namespace(const Place *place, const char *name);
int process_leave_namespace(const Place *place, const char *unused);
int process_idle(const Place *place, const char *unused);

/* Becomes the copy of this test program with this name below the place. */
int process_become(const Place *place, const char *name);

/* main() of a test begins with it: the end of process_become(). */
void process_continue(int argc, char **argv);

/* The finding about a process, or NULL. */
const CensusFinding *find_process(const Census *census, pid_t pid);

/* Gives this process a mount namespace of its own for the rest of its life; false without the right to. */
bool enter_private_namespace(void);

/* The same for the place as well, whose directory is then seen through that namespace's mounts. */
bool place_enter_private_namespace(Place *place);
