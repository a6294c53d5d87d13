/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For the engine's unit tests: a store in a temporary directory, and manifests in it.
 */

#include "base/test.h"
#include "parts/manifest/manifest.h"
#include "parts/store/store.h"

typedef struct Fixture {
	char *path;
	Store *store;
	Error error;
} Fixture;

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Puts a small valid manifest of this component and letter into the store; gives its digest. */
Digest fixture_manifest(Fixture *fixture, const char *component, unsigned sequence);
