/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lays out what changed as the tree that becomes an image: files with their owners, modes and attributes,
 * whiteouts for what was removed, and the directories above them as the packages have them.
 */

#include "base/error.h"
#include "programs/publisher/package/changes.h"

/* directory: an empty one; it becomes /usr itself ("usr/lib/x" is staged as "lib/x"). Directories above the
 * changes are as in base, else as in fixed, else root's with mode 0755. */
int stage_changes(
	const Changes *changes, const PackageSet *base, const PackageSet *fixed, int directory, Error *error);
