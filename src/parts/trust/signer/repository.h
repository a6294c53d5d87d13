/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A repository's directory of metadata, as its publisher sees it: what is published, verified as a client
 * would; and what is about to be, which is written only if a client would accept it. Publisher only.
 */

#include <stdint.h>

#include "base/error.h"
#include "parts/trust/signer/state.h"
#include "parts/trust/signer/update.h"

typedef struct Repository {
	int directory;    /* DIR, which stays the caller's */
	int metadata;     /* DIR/metadata, locked against other publishers as long as it is open */
	State *published; /* NULL in a new repository */
} Repository;

#define REPOSITORY_INIT \
	(Repository) \
	{ \
		.directory = -1, .metadata = -1 \
	}

/* directory: DIR. Fails while another publisher has it open. A publication of a new root that was interrupted
 * is completed first. */
int repository_open(int directory, Repository *ret, Error *error);

/* Makes DIR/metadata; refuses a directory that holds a repository already. */
int repository_create(int directory, Repository *ret, Error *error);

/* Has anything been published here? */
bool repository_exists(int directory);

void repository_close(Repository *repository);
#define CLEANUP_REPOSITORY __attribute__((cleanup(repository_close)))

/* The root that is published, and targets roles; NULL in a new repository, or when the role is not there. */
const Root *repository_root(const Repository *repository);
const Targets *repository_targets(const Repository *repository, const char *role);

/* Checks the update as a client does at the time now, then writes it: the files with a version in their
 * names first, timestamp.json last. Whenever it is interrupted, clients see the old state or the new, and
 * the same call can be made again. */
int repository_write(Repository *repository, const Update *update, int64_t now, Error *error);
