/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the engine's files share: the device they work on.
 */

#include "base/progress.h"
#include "engine/config.h"
#include "engine/engine.h"
#include "parts/fetch/fetch.h"
#include "parts/manifest/manifest.h"
#include "parts/store/store.h"

struct Engine {
	char *root; /* absolute, without a slash at the end unless it is "/" */
	Config config;
	int root_fd;
	bool unattended; /* see EngineOptions */
	ManifestOs os;
	Store *store;       /* NULL: opened for reading, and there is no state yet */
	Fetcher *fetcher;   /* made when first needed */
	Progress *progress; /* never NULL */
	Progress quiet;
};

/* Opens the directory that is to be worked on; NULL is "/". root and root_fd are the engine's then. */
int context_set_root(Engine *engine, const char *root, Error *error);

/* Changing the system takes root: say so before anything is tried. */
int context_check_root(Error *error);
