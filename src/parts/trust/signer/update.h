/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The metadata files of one publication, in memory: as they will be written, and parsed. Publisher only.
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/trust/root.h"
#include "parts/trust/targets.h"

typedef struct UpdateFile {
	char *role; /* a top-level role, or the name of a delegated one */
	int64_t version;
	json_t *document; /* to be changed only with update_put() */
	Buffer bytes;
	Root *root;       /* of root; else NULL */
	Targets *targets; /* of targets and delegated roles; else NULL */
} UpdateFile;

typedef struct Update {
	UpdateFile *files;
	size_t count;
} Update;

/* Takes *document when it succeeds, and with it the place of the role's file, if there is one. */
int update_put(Update *update, const char *role, json_t **document, Error *error);

UpdateFile *update_find(const Update *update, const char *role); /* NULL: none */

/* The name it has in the directory of metadata; the caller frees it. */
int update_file_name(const UpdateFile *file, char **ret, Error *error);

/* Drops what was put behind the first count files. */
void update_cut(Update *update, size_t count);

/* Drops the n-th file. */
void update_drop(Update *update, size_t n);

void update_clear(Update *update);
static inline void update_clear_cleanup(Update *update)
{
	update_clear(update);
}
#define CLEANUP_UPDATE __attribute__((cleanup(update_clear_cleanup)))
