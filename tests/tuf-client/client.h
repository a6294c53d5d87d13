/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A TUF client as small as it can be: parts/trust with a directory as its store and a fetcher below it.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef struct Client Client;

/* Makes the root trusted, unseen: whether it is good shows at the first refresh. */
int client_init(const char *metadata_directory, const char *root, Error *error);

int client_new(const char *metadata_directory, const char *metadata_url, Client **ret, Error *error);
Client *client_free(Client *client);
DEFINE_CLEANUP(Client *, client_free);

int client_refresh(Client *client, Error *error);

/* Puts the target into the directory, under its percent-encoded path. What is there already and is right is
 * not asked for; on failure what was there stays. */
int client_download(Client *client, const char *target, const char *url, const char *directory, Error *error);
