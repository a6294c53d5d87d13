/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A repository's directory of metadata, as its publisher sees it: what is published, verified as a client
 * would; and what is about to be, which is written only if a client would accept it. Publisher only.
 */

#include <jansson.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "parts/trust/trusted-set.h"

typedef struct Repository {
	int metadata;    /* DIR/metadata, locked against other publishers as long as it is open */
	TrustedSet *set; /* what is published; NULL in a new repository */
} Repository;

#define REPOSITORY_INIT \
	(Repository) \
	{ \
		.metadata = -1 \
	}

/* directory: DIR. Fails while another publisher has it open. */
int repository_open(int directory, Repository *ret, Error *error);
/* Makes DIR/metadata; refuses a directory that holds a repository already. */
int repository_create(int directory, Repository *ret, Error *error);
void repository_close(Repository *repository);
#define CLEANUP_REPOSITORY __attribute__((cleanup(repository_close)))

/* One signed file of the next state. */
typedef struct RepositoryFile {
	int64_t version;
	Buffer content; /* empty: the published file stays */
} RepositoryFile;

typedef struct RepositoryUpdate {
	RepositoryFile root, targets, snapshot, timestamp;
} RepositoryUpdate;

void repository_update_clear(RepositoryUpdate *update);
#define CLEANUP_UPDATE __attribute__((cleanup(repository_update_clear)))

/* Checks the update as a client does at the time now, then writes it: the files with a version in their
 * names first, timestamp.json last. Whenever it is interrupted, clients see the old state or the new, and
 * the same call can be made again. */
int repository_write(Repository *repository, const RepositoryUpdate *update, int64_t now, Error *error);
