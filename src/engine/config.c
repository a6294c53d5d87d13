/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/path.h"
#include "base/text.h"

enum { CONFIG_SIZE_MAX = 64 * 1024, DROP_INS_MAX = 256 };

static const char section[] = "Suture";
static const char drop_in_folder[] = "etc/suture/suture.conf.d";

typedef struct Key {
	const char *name;
	size_t offset;
} Key;

static const Key keys[] = {
	{"Repository", offsetof(Config, repository)},
	{"TrustedRoot", offsetof(Config, trust)},
	{"State", offsetof(Config, state)},
	{"TimeLimit", offsetof(Config, time_limit)},
};

int config_override(char **place, const char *value, Error *error)
{
	char *copy = NULL;

	if (!value)
		return 0;
	if (text_copy(value, &copy, error) < 0)
		return -1;
	free(*place);
	*place = copy;
	return 0;
}

static int set(void *userdata, const char *name, const char *value, Error *error)
{
	if (strcmp(name, "Integrity") == 0)
		return integrity_parse(value, &((Config *)userdata)->integrity, error);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(name, keys[i].name) == 0)
			return config_override((char **)((char *)userdata + keys[i].offset), value, error);
	return ini_unknown(name, error);
}

static int read_file(Config *config, int root_fd, const char *name, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	CLEANUP_MAP FileMap map = {NULL, 0};
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", name);
	if (file_map(fd, CONFIG_SIZE_MAX, name, &map, error) < 0 ||
		buffer_append(&text, map.data, map.size, error) < 0)
		return -1;
	return text.size > 0 ? ini_parse((char *)text.data, name, section, set, config, error) : 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int is_drop_in(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && text_has_suffix(entry->d_name, ".conf");
}

static int list_drop_ins(int root_fd, char *names[static DROP_INS_MAX], size_t *n, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, drop_in_folder, O_RDONLY | O_DIRECTORY);
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", drop_in_folder);
	listing = fdopendir(fd);
	if (!listing)
		return error_os(error, errno, "cannot list %s", drop_in_folder);
	fd = -1;
	while ((entry = readdir(listing))) {
		if (!is_drop_in(entry))
			continue;
		if (*n == DROP_INS_MAX)
			return error_set(error, "more than %d files in %s", DROP_INS_MAX, drop_in_folder);
		if (path_join(drop_in_folder, entry->d_name, &names[*n], error) < 0)
			return -1;
		++*n;
	}
	qsort(names, *n, sizeof(names[0]), compare_names);
	return 0;
}

static int read_drop_ins(Config *config, int root_fd, Error *error)
{
	char *names[DROP_INS_MAX];
	size_t n = 0;
	int r = list_drop_ins(root_fd, names, &n, error);

	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = read_file(config, root_fd, names[i], error);
		free(names[i]);
	}
	return r;
}

/* The vendor ships its root with the OS; an administrator's own one, for a fleet's repository, wins. */
static int default_trust(int root_fd, const char *root, Config *config, Error *error)
{
	static const char *const places[] = {"etc/suture/root.json", "usr/lib/suture/root.json"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (faccessat(root_fd, places[i], F_OK, 0) == 0)
			return path_join(root, places[i], &config->trust, error);
	return 0;
}

/* A symlink on the way is one of the root's: whoever works on another system's tree must not be led out of
 * it.
 */
static int default_state(int root_fd, const char *root, Config *config, Error *error)
{
	static const struct {
		const char *there, *rest;
	} places[] = {{"var/lib/suture", NULL}, {"var/lib", "suture"}, {"var", "lib/suture"}};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP_CLOSE int fd = file_open_in_root(root_fd, places[i].there, O_PATH | O_DIRECTORY);
		CLEANUP_FREE char *real = NULL;
		char link[40];

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		real = fd < 0 ? NULL : realpath(link, NULL);
		if (real && places[i].rest)
			return path_join(real, places[i].rest, &config->state, error);
		if (real) {
			config->state = TAKE_PTR(real);
			return 0;
		}
	}
	return path_join(root, "var/lib/suture", &config->state, error);
}

int config_load(int root_fd, const char *root, Config *ret, Error *error)
{
	Config config = {.repository = NULL};

	if (read_file(&config, root_fd, "usr/lib/suture/suture.conf", error) < 0 ||
		read_file(&config, root_fd, "etc/suture/suture.conf", error) < 0 ||
		read_drop_ins(&config, root_fd, error) < 0 ||
		(!config.state && default_state(root_fd, root, &config, error) < 0) ||
		(!config.trust && default_trust(root_fd, root, &config, error) < 0)) {
		config_clear(&config);
		return -1;
	}
	*ret = config;
	return 0;
}

void config_clear(Config *config)
{
	free(config->repository);
	free(config->trust);
	free(config->state);
	free(config->time_limit);
	*config = (Config){.repository = NULL};
}
