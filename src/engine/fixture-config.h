/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For the engine's unit tests: a root with the directories of the configuration and of the policy, and what
 * is read from them.
 */

#include "base/test.h"
#include "engine/config.h"

typedef struct ConfigFixture {
	char *path;
	int root;
	Config config;
	Error error;
} ConfigFixture;

int config_fixture_set_up(void **state);
int config_fixture_tear_down(void **state);

/* Writes a file of the root. */
void config_fixture_put(ConfigFixture *fixture, const char *name, const char *text);

/* Reads all anew; returns as config_load() does. */
int config_fixture_load(ConfigFixture *fixture);
