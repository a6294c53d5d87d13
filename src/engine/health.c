/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/health.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/health-run.h"
#include "parts/manifest/letter.h"

static const char *const moments[] = {
	[HEALTH_BEFORE] = "before", [HEALTH_AFTER] = "after", [HEALTH_BOOT] = "boot"};

void health_clear(Health *health)
{
	free(health->checks);
	*health = HEALTH_INIT;
}

static HealthCheck *find(const Health *health, const char *name)
{
	for (size_t i = 0; i < health->n; i++)
		if (strcmp(health->checks[i].name, name) == 0)
			return &health->checks[i];
	return NULL;
}

static void drop(Health *health, HealthCheck *check)
{
	size_t behind = health->n - (size_t)(check - health->checks) - 1;

	memmove(check, check + 1, behind * sizeof(*check));
	health->n--;
}

static int add(Health *health, const char *folder, const char *name, Error *error)
{
	HealthCheck *checks;

	if (health->n == HEALTH_CHECKS_MAX)
		return error_set(error, "more than %d checks", HEALTH_CHECKS_MAX);
	checks = reallocarray(health->checks, health->n + 1, sizeof(*checks));
	if (!checks)
		return error_memory(error);
	health->checks = checks;
	checks[health->n] = (HealthCheck){.folder = folder};
	(void)snprintf(checks[health->n].name, sizeof(checks[0].name), "%s", name);
	health->n++;
	return 0;
}

/* It runs as root: nobody else may have had a say in it. */
static bool is_roots(const struct stat *status)
{
	return status->st_uid == 0 && !(status->st_mode & (S_IWGRP | S_IWOTH));
}

/* A symlink is none: what it points to may lie where others write. One to /dev/null, or an empty file, undoes
 * the vendor's. */
static int take(Health *health, int directory, const char *folder, const char *name, Error *error)
{
	HealthCheck *former = find(health, name);
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (former)
		drop(health, former);
	if (!S_ISREG(status.st_mode) || status.st_size == 0 || !(status.st_mode & S_IXUSR))
		return 0;
	if (!is_roots(&status)) {
		log_warning("the check %s/%s is not run: somebody else than root may write it", folder, name);
		return 0;
	}
	return add(health, folder, name, error);
}

static bool is_name_of_check(const char *name)
{
	return name[0] != '.' && !text_has_suffix(name, "~") && !strstr(name, ".dpkg-");
}

static int read_folder(Health *health, int root_fd, const char *folder, Error *error)
{
	CLEANUP_CLOSE int fd = file_open_in_root(root_fd, folder, O_RDONLY | O_DIRECTORY);
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot open %s", folder);
	if (!is_roots(&status)) {
		log_warning("no check in %s is run: somebody else than root may write there", folder);
		return 0;
	}
	listing = fdopendir(fd);
	if (!listing)
		return error_os(error, errno, "cannot list %s", folder);
	fd = -1;
	while ((entry = readdir(listing)))
		if (is_name_of_check(entry->d_name) &&
			take(health, dirfd(listing), folder, entry->d_name, error) < 0)
			return -1;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const HealthCheck *)a)->name, ((const HealthCheck *)b)->name);
}

int health_collect(int root_fd, Health *ret, Error *error)
{
	static const char *const folders[] = {"usr/lib/suture/health.d", "etc/suture/health.d"};
	CLEANUP_HEALTH Health health = HEALTH_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (read_folder(&health, root_fd, folders[i], error) < 0)
			return -1;
	if (health.n > 1)
		qsort(health.checks, health.n, sizeof(health.checks[0]), compare_names);
	*ret = health;
	health = HEALTH_INIT;
	return 0;
}

/* SUTURE_COMPONENTS="libxml2 openssl" SUTURE_LETTERS="a c" SUTURE_WHEN=after */
static int describe(const HealthSubject *subject, HealthRun *run, Error *error)
{
	CLEANUP_BUFFER Buffer components = BUFFER_INIT, letters = BUFFER_INIT;

	if (buffer_append_format(&components, error, "SUTURE_COMPONENTS=") < 0 ||
		buffer_append_format(&letters, error, "SUTURE_LETTERS=") < 0)
		return -1;
	for (size_t i = 0; i < subject->letters->n; i++) {
		const Manifest *manifest = subject->letters->items[i].manifest;
		char letter[LETTER_SIZE];

		if (buffer_append_format(&components, error, "%s%s", i ? " " : "", manifest->component) < 0 ||
			buffer_append_format(&letters, error, "%s%s", i ? " " : "",
				letter_from_sequence(manifest->sequence, letter)) < 0)
			return -1;
	}
	(void)snprintf(run->when, sizeof(run->when), "SUTURE_WHEN=%s", moments[subject->moment]);
	if (text_copy((char *)components.data, &run->components, error) < 0 ||
		text_copy((char *)letters.data, &run->letters, error) < 0)
		return -1;
	return 0;
}

static int run_one(const HealthCheck *check, const HealthSubject *subject, Error *error)
{
	CLEANUP_HEALTH_RUN HealthRun run = {.root = subject->root, .seconds = HEALTH_SECONDS};
	CLEANUP_FREE char *path = NULL;

	if (describe(subject, &run, error) < 0 ||
		text_format(&path, error, "/%s/%s", check->folder, check->name) < 0)
		return -1;
	run.path = path;
	if (health_run(&run, error) < 0)
		return error_in(error, "the check %s failed", check->name);
	return 0;
}

int health_measure(Health *health, const HealthSubject *subject, Error *error)
{
	(void)error;
	for (size_t i = 0; i < health->n; i++) {
		Error why = ERROR_INIT;

		health->checks[i].failed = run_one(&health->checks[i], subject, &why) < 0;
		if (health->checks[i].failed)
			log_warning("%s, before anything was changed: it does not count", why.text);
	}
	return 0;
}

int health_judge(Health *health, const HealthSubject *subject, Error *error)
{
	for (size_t i = 0; i < health->n; i++) {
		HealthCheck *check = &health->checks[i];

		if (check->failed)
			continue;
		check->failed = run_one(check, subject, error) < 0;
		if (check->failed)
			return -1;
	}
	return 0;
}

int health_failed_to_json(const Health *health, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *names = json_array();

	if (!names)
		return error_memory(error);
	for (size_t i = 0; i < health->n; i++) {
		CLEANUP_FREE char *name = NULL;

		if (!health->checks[i].failed)
			continue;
		if (text_copy(health->checks[i].name, &name, error) < 0)
			return -1;
		text_make_printable(name);
		if (json_add(names, json_string(name), error) < 0)
			return -1;
	}
	*ret = TAKE_PTR(names);
	return 0;
}

void health_failed_from_json(Health *health, const json_t *names)
{
	size_t index;
	json_t *name;

	json_array_foreach(names, index, name)
	{
		HealthCheck *check = json_is_string(name) ? find(health, json_string_value(name)) : NULL;

		if (check)
			check->failed = true;
	}
}
