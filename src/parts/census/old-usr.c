/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/old-usr.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char USR[] = "/usr";
static const char SOURCE_PREFIX[] = "suture:";

/* One of our generations? Anybody who may mount can name a source so: that gets him reported, no more. */
static bool is_generation(const MountEntry *entry)
{
	const char *number = entry->source + strlen(SOURCE_PREFIX);

	return strcmp(entry->type, "overlay") == 0 && text_has_prefix(entry->source, SOURCE_PREFIX) &&
	       *number != '\0' && number[strspn(number, "0123456789")] == '\0';
}

/* What of its file system a mount shows at a path below its point: "/" or "/…". */
static int directory_at(const MountEntry *entry, const char *path, char **ret, Error *error)
{
	const char *rest = mountinfo_below(path, entry->point);
	const char *root = strcmp(entry->root, "/") == 0 ? "" : entry->root;

	return text_format(ret, error, "%s%s", root, *root || *rest ? rest : "/");
}

/* The same comparison without memory. */
static bool shows_directory(const MountEntry *entry, const char *path, const char *directory)
{
	const char *rest = mountinfo_below(path, entry->point);
	const char *tail = mountinfo_below(directory, entry->root);

	return rest && tail && strcmp(rest, tail) == 0;
}

/* The mount that holds the base: the last on the way before the first of our generations. */
static const MountEntry *find_base(const Mountinfo *own, const char *path)
{
	const MountEntry *base = NULL, *at = NULL;

	for (size_t steps = 0; steps < own->n_entries; steps++) {
		at = mountinfo_next(own, at, path);
		if (!at || (is_generation(at) && strcmp(at->point, path) == 0))
			break;
		base = at;
	}
	return base;
}

static bool is_mounted_at(const Mountinfo *mounts, dev_t device, const char *point)
{
	for (size_t i = 0; i < mounts->n_entries; i++)
		if (mounts->entries[i].device == device && strcmp(mounts->entries[i].point, point) == 0)
			return true;
	return false;
}

/* Generations that this namespace has over the usr of another root, and never had over this one. */
static int find_others(OldUsr *usr, const Mountinfo *own, Error *error)
{
	for (size_t i = 0; i < own->n_entries; i++) {
		const MountEntry *entry = &own->entries[i];
		dev_t *grown;

		if (!is_generation(entry) || !text_has_suffix(entry->point, USR) ||
			is_mounted_at(own, entry->device, usr->path))
			continue;
		grown = reallocarray(usr->others, usr->n_others + 1, sizeof(*grown));
		if (!grown)
			return error_memory(error);
		usr->others = grown;
		usr->others[usr->n_others++] = entry->device;
	}
	return 0;
}

int old_usr_init(OldUsr *usr, const Mountinfo *own, const char *root, dev_t current, Error *error)
{
	const MountEntry *base;

	usr->current = current;
	if (text_format(&usr->path, error, "%s%s", strcmp(root, "/") == 0 ? "" : root, USR) < 0)
		return -1;
	base = find_base(own, usr->path);
	if (base) {
		usr->base_device = base->device;
		if (directory_at(base, usr->path, &usr->base_directory, error) < 0)
			return -1;
	}
	return find_others(usr, own, error);
}

void old_usr_clear(OldUsr *usr)
{
	free(usr->path);
	free(usr->base_directory);
	free(usr->others);
	*usr = OLD_USR_INIT;
}

/* Are these the base's bytes, although a generation is active? */
static bool is_bare_base(const OldUsr *usr, const MountEntry *entry, const char *path)
{
	return usr->current != 0 && usr->base_directory && entry->device == usr->base_device &&
	       shows_directory(entry, path, usr->base_directory);
}

static bool is_old_generation(const OldUsr *usr, const MountEntry *entry)
{
	if (!is_generation(entry) || entry->device == usr->current)
		return false;
	for (size_t i = 0; i < usr->n_others; i++)
		if (usr->others[i] == entry->device)
			return false;
	return true;
}

static bool is_old_at(const OldUsr *usr, const Mountinfo *mounts, const char *path)
{
	const MountEntry *entry = mountinfo_at(mounts, path);

	return entry && (is_old_generation(usr, entry) || is_bare_base(usr, entry, path));
}

/* What is mounted right over a mount is looked for first: it is cheap, and a user may have made many. */
static bool is_visible(const Mountinfo *mounts, const MountEntry *entry)
{
	return !mountinfo_next(mounts, entry, entry->point) && mountinfo_at(mounts, entry->point) == entry;
}

bool old_usr_is_shown(const OldUsr *usr, const Mountinfo *mounts)
{
	if (is_old_at(usr, mounts, USR) || is_old_at(usr, mounts, usr->path))
		return true;
	for (size_t i = 0; i < mounts->n_entries; i++) {
		const MountEntry *entry = &mounts->entries[i];

		if ((is_old_generation(usr, entry) || is_bare_base(usr, entry, entry->point)) &&
			is_visible(mounts, entry))
			return true;
	}
	return false;
}
