/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Adds signatures to a draft or a copy of one, wherever its owner of a key has it. Publisher only.
 */

#include "base/error.h"
#include "parts/trust/signer/key-set.h"
#include "parts/trust/signer/repository.h"
#include "parts/trust/signer/update.h"

/* A file that is to be signed, and what is known about who may. */
typedef struct Cosign {
	Repository repository; /* what is published; nothing when only the file is at hand */
	Update update;         /* the file, first; and the drafts beside it */
	const char *path;
} Cosign;

/* directory: the repository's, or a copy's, with at least its metadata, locked while it is open; -1 when
 * there is none. */
int cosign_open(int directory, const char *path, Cosign *ret, Error *error);
void cosign_close(Cosign *cosign);
#define CLEANUP_COSIGN __attribute__((cleanup(cosign_close)))

/* What is published of the same role; NULL when it is the first, or not known. */
const Metadata *cosign_before(const Cosign *cosign);

/* Signs with all keys and replaces the file. Refuses a key that is none of those that sign the role. */
int cosign_sign(Cosign *cosign, const KeySet *keys, Error *error);
