/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * All metadata of a repository, read and verified as a client would from its first root on, delegated roles
 * included; at the beginning of time, when nothing has expired: a publisher must be able to renew what has.
 * Publisher only.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "parts/trust/signer/update.h"
#include "parts/trust/trusted-set.h"

typedef struct State State;

/* metadata: the directory, which stays the caller's. trusted_root: the file to begin with; NULL: the first
 * root in that directory. update: files that take the place of those on the disk; may be NULL. All are only
 * read here. */
int state_read(int metadata, const char *trusted_root, const Update *update, State **ret, Error *error);
State *state_free(State *state);
DEFINE_CLEANUP(State *, state_free);

const TrustedSet *state_set(const State *state);

/* The targets roles in the order in which they are searched, "targets" first. */
size_t state_n_roles(const State *state);
const char *state_role(const State *state, size_t n);

/* Do clients find this target under its path? STATE_OTHER: they find none, or another. */
enum { STATE_OTHER = 1 };
int state_finds(State *state, const char *path, uint64_t length, const Digest *digest, Error *error);
