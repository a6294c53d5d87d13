/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The repository as the device sees it: the TUF client with the engine's HTTP below it and the state
 * directory's "metadata" as its local store. Whatever comes out has been verified.
 */

#include "engine/context.h"
#include "parts/trust/updater.h"

typedef struct Remote Remote;

/* Puts the shipped root in place when there is none yet, or when the OS brings a newer one. */
int remote_open(Engine *engine, Remote **ret, Error *error);
Remote *remote_free(Remote *remote);
DEFINE_CLEANUP(Remote *, remote_free);

int remote_refresh(Remote *remote, Error *error);
Updater *remote_updater(Remote *remote); /* stays the remote's */

/* Of what failed last: because there is no network, or nobody answers. What a server answers, however wrong
 * it is, is another failure. */
bool remote_is_silent(const Remote *remote);

/* The whole target, held against its signed length and digest. */
int remote_fetch(Remote *remote, const UpdaterTarget *target, uint64_t max, Buffer *ret, Error *error);

enum { REMOTE_UNUSABLE = 1 }; /* the server answers, but has not got this very file; the sentence is set */

/* Into fd, going on behind what it holds; its digest is checked, and it is emptied when that is wrong. */
int remote_fetch_file(Remote *remote, const UpdaterTarget *target, int fd, Progress *progress,
	uint64_t *ret_received, Error *error);
