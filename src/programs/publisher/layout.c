/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "parts/manifest/letter.h"

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~-";

int layout_series(const Manifest *manifest, char **ret, Error *error)
{
	CLEANUP_FREE char *base = NULL;

	if (text_copy(manifest->base_version, &base, error) < 0)
		return -1;
	for (char *at = base; *at; at++)
		if (!strchr(allowed, *at))
			*at = '_';
	return text_format(ret, error, "%s/%s/%s/%s/%s", manifest->os.id, manifest->os.version_id,
		manifest->os.architecture, manifest->component, base);
}

int layout_file(const Manifest *manifest, unsigned sequence, const char *name, char **ret, Error *error)
{
	CLEANUP_FREE char *series = NULL;
	char letter[LETTER_SIZE];

	if (layout_series(manifest, &series, error) < 0)
		return -1;
	return text_format(ret, error, "%s/%s/%s", series, letter_from_sequence(sequence, letter), name);
}
