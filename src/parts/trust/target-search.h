/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Looks for targets through the delegations (TUF 1.0.x section 5.6.7): depth first, in the order of the
 * lists, each role once, ended by a terminating delegation, bounded in the number of roles.
 */

#include "base/error.h"
#include "parts/trust/metadata-source.h"
#include "parts/trust/targets.h"

enum { TARGET_SEARCH_ABSENT = 1 };

int target_search_find(MetadataSource *source, const char *path, TargetsFile *ret, Error *error);

/* Every path that begins with prefix and that target_search_find() finds, once each, in path order. */
int target_search_each(MetadataSource *source, const char *prefix,
	int (*visitor)(void *userdata, const TargetsFile *file, Error *error), void *userdata, Error *error);
