/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/old-usr.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { CANDIDATES_MAX = 256 };

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

static int list_known(OldUsr *usr, const Mountinfo *own, Error *error)
{
	usr->known = calloc(own->n_entries + 1, sizeof(*usr->known));
	if (!usr->known)
		return error_memory(error);
	for (size_t i = 0; i < own->n_entries; i++)
		if (is_generation(&own->entries[i]) && strcmp(own->entries[i].point, usr->path) == 0)
			usr->known[usr->n_known++] = own->entries[i].device;
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
	return list_known(usr, own, error);
}

void old_usr_clear(OldUsr *usr)
{
	free(usr->path);
	free(usr->base_directory);
	free(usr->known);
	*usr = OLD_USR_INIT;
}

/* Are these the base's bytes, although a generation is active? */
static bool is_bare_base(const OldUsr *usr, const MountEntry *entry, const char *path)
{
	return usr->current != 0 && usr->base_directory && entry->device == usr->base_device &&
	       shows_directory(entry, path, usr->base_directory);
}

static bool is_known(const OldUsr *usr, dev_t device)
{
	for (size_t i = 0; i < usr->n_known; i++)
		if (usr->known[i] == device)
			return true;
	return false;
}

/* Is it mounted over the usr of another system? In a sandbox, whose root is a tmpfs, there is no other system
 * than the one that its usr was taken from. */
static bool is_over_another(const OldUsr *usr, const Mountinfo *mounts, const MountEntry *entry)
{
	const MountEntry *beneath = find_base(mounts, entry->point);
	const MountEntry *root = mountinfo_at(mounts, "/");

	if (!beneath || !usr->base_directory || !text_has_suffix(entry->point, USR) ||
		(root && strcmp(root->type, "tmpfs") == 0))
		return false;
	return beneath->device != usr->base_device ||
	       !shows_directory(beneath, entry->point, usr->base_directory);
}

static bool is_old_generation(const OldUsr *usr, const Mountinfo *mounts, const MountEntry *entry)
{
	return is_generation(entry) && entry->device != usr->current &&
	       (is_known(usr, entry->device) || !is_over_another(usr, mounts, entry));
}

/* What of a table is old. */
typedef struct Shown {
	bool any;
	dev_t generation; /* the only one; 0: the base, or several */
} Shown;

static void note(Shown *shown, dev_t generation)
{
	shown->generation = !shown->any || shown->generation == generation ? generation : 0;
	shown->any = true;
}

static void look_at(const OldUsr *usr, const Mountinfo *mounts, const char *path, Shown *shown)
{
	const MountEntry *entry = mountinfo_at(mounts, path);

	if (entry && is_old_generation(usr, mounts, entry))
		note(shown, entry->device);
	else if (entry && is_bare_base(usr, entry, path))
		note(shown, 0);
}

/* May it be an old usr that is mounted by itself, and does nothing lie right on it? Cheap to tell. */
static bool is_candidate(const OldUsr *usr, const Mountinfo *mounts, const MountEntry *entry)
{
	bool is_interesting =
		is_generation(entry) ? entry->device != usr->current : is_bare_base(usr, entry, entry->point);

	return is_interesting && !mountinfo_next(mounts, entry, entry->point);
}

bool old_usr_is_shown(const OldUsr *usr, const Mountinfo *mounts, dev_t *ret_generation)
{
	Shown shown = {.any = false};
	size_t n_candidates = 0;

	look_at(usr, mounts, USR, &shown);
	look_at(usr, mounts, usr->path, &shown);
	for (size_t i = 0; i < mounts->n_entries; i++) {
		const MountEntry *entry = &mounts->entries[i];

		if (!is_candidate(usr, mounts, entry))
			continue;
		look_at(usr, mounts, entry->point, &shown);
		/* More than anybody needs are there to keep us busy: reported, he gets the attention. */
		if (++n_candidates > CANDIDATES_MAX) {
			note(&shown, 0);
			break;
		}
	}
	*ret_generation = shown.generation;
	return shown.any;
}
