/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Brings together what was signed apart: copies of drafts with one more signature each, and drafts of a team
 * that works on a copy of the repository. Publisher only.
 */

#include "base/error.h"
#include "parts/trust/signer/signer.h"

/* Takes the copies, and the bytes of new targets from "../targets" beside each; then publishes them all if
 * enough keys have signed. No path: what is in DIR/staged, as much of it as is complete. Refused: what signs
 * something else than the draft that waits here, a bad signature or one of a stranger, a version that is not
 * the next one, a path that is not delegated to the role. Returns as signer.h says. */
int merge_drafts(
	int directory, const Signing *signing, const char *const *paths, size_t n_paths, Error *error);
