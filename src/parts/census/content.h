/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Is a mapped file really the target, where inode numbers alone cannot tell? Answers are remembered, since
 * the same library is mapped by many processes.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "parts/census/census.h"
#include "parts/census/maps.h"

typedef struct Content Content;

int content_new(Content **ret, Error *error);
Content *content_free(Content *content);
DEFINE_CLEANUP(Content *, content_free);

/* Has the file behind this mapping of the process in directory (/proc/PID) other bytes than the target? Only
 * what has been read and compared counts as different. */
bool content_differs(Content *content, int directory, const MapsEntry *mapping, const CensusTarget *target);

enum { CONTENT_NAME_SIZE = 64 };

/* "map_files/START-END", the link to a mapping's file; following it takes CAP_SYS_ADMIN. Returns name. */
const char *content_link(const MapsEntry *mapping, char name[static CONTENT_NAME_SIZE]);
