/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: a directory of their own for keys.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

typedef struct Place {
	char *path;
	int directory;
	Error error;
} Place;

static inline int set_up(void **state)
{
	Place *place = calloc(1, sizeof(*place));

	assert_done(file_temporary_directory("signer-test", &place->path, &place->error), &place->error);
	place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return 0;
}

static inline int tear_down(void **state)
{
	Place *place = *state;

	(void)close(place->directory);
	assert_done(file_remove_tree(AT_FDCWD, place->path, &place->error), &place->error);
	free(place->path);
	free(place);
	return 0;
}
