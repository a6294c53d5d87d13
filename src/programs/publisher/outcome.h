/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What commands that sign have in common: with what they do it, and how they say what became of it.
 */

#include "base/error.h"
#include "parts/trust/signer/signer.h"
#include "programs/publisher/publisher.h"

/* The keys stay the caller's. The lifetimes are those of the repository's directory of keys (lifetimes.h); as
 * ever when there is no repository yet. */
int outcome_signing(const PublisherSettings *settings, const KeySet *keys, Signing *ret, Error *error);

/* Opens the repository's directory, locked against other publishers. */
int outcome_open(const char *repository, int *ret_fd, Error *error);

/* On stdout: what waits in REPOSITORY/staged, why (the sentence), and how it goes on. */
void outcome_print_draft(const char *repository, const Error *why);
