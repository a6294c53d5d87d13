/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/fixture-config.h"

#include <fcntl.h>

#include "base/file.h"

int config_fixture_set_up(void **state)
{
	static const char *const places[] = {
		"usr/lib/suture/policy.d", "etc/suture/suture.conf.d", "etc/suture/policy.d"};
	ConfigFixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || file_temporary_directory("suture-config", &fixture->path, &fixture->error) < 0)
		return -1;
	fixture->root = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = fixture;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (file_make_directories(fixture->root, places[i], 0755, NULL, &fixture->error) < 0)
			return -1;
	return 0;
}

int config_fixture_tear_down(void **state)
{
	ConfigFixture *fixture = *state;

	config_clear(&fixture->config);
	(void)close_keeping_errno(fixture->root);
	(void)file_remove_tree(AT_FDCWD, fixture->path, NULL);
	free(fixture->path);
	free(fixture);
	return 0;
}

void config_fixture_put(ConfigFixture *fixture, const char *name, const char *text)
{
	assert_done(file_replace(fixture->root, name, bytes_of_text(text), 0644, &fixture->error),
		&fixture->error);
}

int config_fixture_load(ConfigFixture *fixture)
{
	config_clear(&fixture->config);
	return config_load(fixture->root, "/some/root", &fixture->config, &fixture->error);
}
