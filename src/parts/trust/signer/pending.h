/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How files of metadata come into the repository, in an order in which clients always see a whole state. A
 * new root and the timestamp that goes with it are two files: they wait complete in DIR/staged/pending before
 * the first is put in place, and whoever opens the repository next completes what was interrupted. Publisher
 * only.
 */

#include "base/error.h"
#include "parts/trust/signer/update.h"

/* Targets, snapshot, root, timestamp: what a file leads to is there before it. */
int pending_put_in_place(int metadata, const Update *update, Error *error);

/* directory: DIR. The update has a timestamp. */
int pending_write(int directory, const Update *update, Error *error);

/* Completes a publication that pending_write() began, and forgets one that it did not finish. */
int pending_replay(int directory, Error *error);
