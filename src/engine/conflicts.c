/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/conflicts.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char advice[] = "they cannot be active together; install one of them by name";

static int refuse_both(const Manifest *a, const Manifest *b, const char *path, Error *error)
{
	return error_set(error, "%s and %s both bring %s: %s", a->component, b->component, path, advice);
}

static const char *verb(const ManifestFile *file)
{
	return file->type == MANIFEST_REMOVED ? "removes" : "replaces";
}

/* What stands above a path of inner in outer must be a directory: anything else would hide the path, or be
 * hidden. */
static int check_above(const Manifest *outer, const Manifest *inner, const char *inner_path, Error *error)
{
	CLEANUP_FREE char *path = NULL;

	if (text_copy(inner_path, &path, error) < 0)
		return -1;
	for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
		const ManifestFile *above;

		*slash = '\0';
		above = manifest_find_file(outer, path);
		if (above && above->type != MANIFEST_DIRECTORY)
			return error_set(error, "%s %s %s, and %s brings %s: %s", outer->component,
				verb(above), path, inner->component, inner_path, advice);
	}
	return 0;
}

static int check_paths(const Manifest *inner, const Manifest *outer, Error *error)
{
	for (size_t i = 0; i < inner->n_files; i++) {
		const ManifestFile *file = &inner->files[i];
		const ManifestFile *other = manifest_find_file(outer, file->path);

		if (other && !(file->type == MANIFEST_DIRECTORY && other->type == MANIFEST_DIRECTORY))
			return refuse_both(inner, outer, file->path, error);
		if (check_above(outer, inner, file->path, error) < 0)
			return -1;
	}
	return 0;
}

int conflicts_check(const Improvements *set, Error *error)
{
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = i + 1; j < set->n; j++)
			if (check_paths(set->items[i].manifest, set->items[j].manifest, error) < 0 ||
				check_paths(set->items[j].manifest, set->items[i].manifest, error) < 0)
				return -1;
	return 0;
}
