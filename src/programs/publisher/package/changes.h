/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What really changed between two sets of packages, and whether an improvement can carry it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "programs/publisher/package/package.h"

typedef struct Change {
	const PackageEntry *base;  /* NULL: added */
	const PackageEntry *fixed; /* NULL: removed */
} Change;

typedef struct Changes {
	Change *items; /* below usr, in path order; entries belong to the sets */
	size_t n_items;
	char **warnings; /* sentences for the release engineer */
	size_t n_warnings;
} Changes;

/*
 * Below usr, documentation, manual pages and translations are left out unless with_docs. Refuses sets that
 * differ outside usr (with the list), that turn a directory into something else, and that do not differ at
 * all.
 */
int changes_find(const PackageSet *base, const PackageSet *fixed, bool with_docs, Changes *ret, Error *error);
void changes_clear(Changes *changes);

const char *change_path(const Change *change);

/* May the base lack this file (documentation, translations)? Such files say nothing about a component. */
bool changes_is_docs(const char *path);

int changes_warn(Changes *changes, Error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
