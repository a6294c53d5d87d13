/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/fixture-world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/test.h"

static void note(char *log, size_t size, const char *name)
{
	size_t used = strlen(log);

	(void)snprintf(log + used, size - used, "%s ", name);
}

static int give(const FixtureFiles *files, const char *name, Buffer *ret, Error *error)
{
	const Buffer *content = fixture_get(files, name);

	return content ? buffer_append(ret, content->data, content->size, error) : UPDATER_ABSENT;
}

static int fetch(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	FixtureWorld *world = userdata;

	note(world->asked, sizeof(world->asked), name);
	world->last_max = max;
	(void)snprintf(world->last_name, sizeof(world->last_name), "%s", name);
	if (world->endless_roots && strstr(name, ".root.json")) {
		*ret = fixture_sign(fixture_root(&world->keys, atoi(name)), &world->keys.root);
		return 0;
	}
	return world->broken ? error_set(error, "no route to the server")
			     : give(&world->server, name, ret, error);
}

static int load(void *userdata, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	(void)max;
	return give(&((FixtureWorld *)userdata)->device, name, ret, error);
}

static int store(void *userdata, const char *name, Bytes content, Error *error)
{
	FixtureWorld *world = userdata;
	Buffer copy = BUFFER_INIT;

	note(world->stored, sizeof(world->stored), name);
	assert_done(buffer_append(&copy, content.data, content.size, error), error);
	fixture_put(&world->device, name, copy);
	return 0;
}

void fixture_world_serve(FixtureWorld *world, const char *name, json_t *content, const FixtureKey *key)
{
	fixture_put(&world->server, name, fixture_sign(content, key));
}

void fixture_world_serve_version(FixtureWorld *world, int64_t version, json_t *targets, const char *more)
{
	json_t *snapshot = fixture_snapshot(version, version);
	char name[64], list[512];

	(void)snprintf(list, sizeof(list), "%s", more ? more : "");
	for (char *at = strtok(list, " "); at; at = strtok(NULL, " ")) {
		(void)snprintf(name, sizeof(name), "%s.json", at);
		(void)json_object_set_new(
			json_object_get(snapshot, "meta"), name, json_pack("{s:i}", "version", 1));
	}
	(void)snprintf(name, sizeof(name), "%lld.targets.json", (long long)version);
	fixture_world_serve(world, name, targets, &world->keys.targets);
	(void)snprintf(name, sizeof(name), "%lld.snapshot.json", (long long)version);
	fixture_world_serve(world, name, snapshot, &world->keys.snapshot);
	fixture_world_serve(
		world, "timestamp.json", fixture_timestamp(version, version), &world->keys.timestamp);
}

int fixture_world_set_up(void **state)
{
	FixtureWorld *world = calloc(1, sizeof(*world));

	fixture_make(&world->keys);
	fixture_put(
		&world->device, "root.json", fixture_sign(fixture_root(&world->keys, 1), &world->keys.root));
	fixture_world_serve_version(world, 1, fixture_targets(1), NULL);
	*state = world;
	return 0;
}

int fixture_world_tear_down(void **state)
{
	FixtureWorld *world = *state;

	(void)updater_free(world->updater);
	fixture_files_clear(&world->server);
	fixture_files_clear(&world->device);
	fixture_clear(&world->keys);
	free(world);
	return 0;
}

UpdaterIo fixture_world_io(FixtureWorld *world)
{
	return (UpdaterIo){fetch, load, store, world};
}

Updater *fixture_world_start(FixtureWorld *world)
{
	UpdaterIo io = fixture_world_io(world);

	world->updater = updater_free(world->updater);
	world->asked[0] = world->stored[0] = '\0';
	assert_done(updater_new(&io, FIXTURE_NOW, &world->updater, &world->error), &world->error);
	return world->updater;
}

int fixture_world_refresh(FixtureWorld *world)
{
	return updater_refresh(fixture_world_start(world), &world->error);
}
