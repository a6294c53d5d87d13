/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: a device with an updater, and the server that it asks, in memory. As cmocka's set-up
 * and tear-down functions want it.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "parts/trust/fixture.h"
#include "parts/trust/updater.h"

typedef struct FixtureWorld {
	Fixture keys;
	FixtureFiles server, device;
	Updater *updater;
	char asked[4096], stored[1024]; /* names, each with a blank behind it */
	uint64_t last_max;
	char last_name[64];
	bool broken;        /* the server is away */
	bool endless_roots; /* it has every version of root */
	Error error;
} FixtureWorld;

/* The device trusts root version 1; the server has version 1 of the other roles. */
int fixture_world_set_up(void **state);
int fixture_world_tear_down(void **state);

/* An io for an updater of one's own. */
UpdaterIo fixture_world_io(FixtureWorld *world);

/* A new updater in world->updater, with empty logs; and one that is refreshed as well. */
Updater *fixture_world_start(FixtureWorld *world);
int fixture_world_refresh(FixtureWorld *world);

/* Signs and puts a file on the server. Takes content. */
void fixture_world_serve(FixtureWorld *world, const char *name, json_t *content, const FixtureKey *key);

/* Timestamp, snapshot and targets of one version. Takes targets. more: further roles for the snapshot, each
 * with version 1, separated by blanks; may be NULL. */
void fixture_world_serve_version(FixtureWorld *world, int64_t version, json_t *targets, const char *more);
