/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/package/changes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "programs/publisher/package/version.h"

enum { LISTED_MAX = 8 };

void changes_clear(Changes *changes)
{
	free(changes->items);
	for (size_t i = 0; i < changes->n_warnings; i++)
		free(changes->warnings[i]);
	free(changes->warnings);
	*changes = (Changes){.items = NULL};
}

const char *change_path(const Change *change)
{
	return change->fixed ? change->fixed->path : change->base->path;
}

bool changes_is_docs(const char *path)
{
	static const char *const folders[] = {"usr/share/doc/", "usr/share/man/", "usr/share/locale/",
		"usr/share/lintian/", "usr/share/info/"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		size_t length = strlen(folders[i]);

		if (strncmp(path, folders[i], length) == 0 ||
			(strlen(path) == length - 1 && strncmp(path, folders[i], length - 1) == 0))
			return true;
	}
	return false;
}

int changes_warn(Changes *changes, Error *error, const char *format, ...)
{
	char **warnings = reallocarray(changes->warnings, changes->n_warnings + 1, sizeof(*warnings));
	char *text = NULL;
	va_list arguments;
	int n;

	if (!warnings)
		return error_memory(error);
	changes->warnings = warnings;
	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0)
		return error_memory(error);
	text_make_printable(text);
	warnings[changes->n_warnings++] = text;
	return 0;
}

static int add(Changes *changes, const PackageEntry *base, const PackageEntry *fixed, Error *error)
{
	Change *items = changes->items;

	/* The array grows by doubling: its capacity is the next power of two. */
	if ((changes->n_items & (changes->n_items - 1)) == 0) {
		size_t capacity = changes->n_items ? changes->n_items * 2 : 1;

		items = reallocarray(items, capacity, sizeof(*items));
		if (!items)
			return error_memory(error);
		changes->items = items;
	}
	items[changes->n_items++] = (Change){base, fixed};
	return 0;
}

/* What differs outside usr, as a list for one sentence. */
typedef struct Outside {
	Buffer list;
	size_t count;
} Outside;

static int note_outside(Outside *outside, const char *path, Error *error)
{
	if (outside->count++ >= LISTED_MAX)
		return 0;
	return buffer_append_format(&outside->list, error, "%s%s", outside->list.size ? ", " : "", path);
}

/* Written anew on each system, so that two trees of one release differ in it: not a part of any release. */
static bool is_generated(const char *path)
{
	return strcmp(path, "etc/ld.so.cache") == 0;
}

static int compare_outside(
	const PackageEntry *base, const PackageEntry *fixed, Outside *outside, Error *error)
{
	const PackageEntry *any = fixed ? fixed : base;

	if (any->type == PACKAGE_DIRECTORY && (!base || !fixed || base->type == fixed->type))
		return 0;
	if ((base && fixed && package_entry_equal(base, fixed)) || is_generated(any->path))
		return 0;
	return note_outside(outside, any->path, error);
}

/* A package's directory may hold other packages' files: it is never removed, and never replaced. */
static int compare_inside(Changes *changes, const PackageEntry *base, const PackageEntry *fixed, Error *error)
{
	if (base && fixed && package_entry_equal(base, fixed))
		return 0;
	if (base && base->type == PACKAGE_DIRECTORY && !fixed)
		return 0;
	if (base && base->type == PACKAGE_DIRECTORY && fixed->type != PACKAGE_DIRECTORY)
		return error_set(error, "turns the directory %s into %s, which an improvement cannot do",
			base->path, fixed->type == PACKAGE_SYMLINK ? "a symlink" : "a file");
	return add(changes, base, fixed, error);
}

static int compare_pair(Changes *changes, const PackageEntry *base, const PackageEntry *fixed, bool with_docs,
	Outside *outside, Error *error)
{
	const char *path = fixed ? fixed->path : base->path;

	if (strcmp(path, "usr") == 0)
		return 0;
	if (!text_has_prefix(path, "usr/"))
		return compare_outside(base, fixed, outside, error);
	if (!with_docs && changes_is_docs(path))
		return 0;
	return compare_inside(changes, base, fixed, error);
}

/* Both sets are sorted: one walk over the two. */
static int compare(const PackageSet *base, const PackageSet *fixed, bool with_docs, Changes *changes,
	Outside *outside, Error *error)
{
	size_t i = 0, j = 0;

	while (i < base->n_entries || j < fixed->n_entries) {
		const PackageEntry *old = i < base->n_entries ? &base->entries[i] : NULL;
		const PackageEntry *new = j < fixed->n_entries ? &fixed->entries[j] : NULL;
		int order = !old ? 1 : !new ? -1 : strcmp(old->path, new->path);

		if (compare_pair(changes, order <= 0 ? old : NULL, order >= 0 ? new : NULL, with_docs,
			    outside, error) < 0)
			return -1;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

static bool has_capability(const PackageEntry *entry)
{
	for (size_t i = 0; entry && i < entry->n_attributes; i++)
		if (strcmp(entry->attributes[i].name, "security.capability") == 0)
			return true;
	return false;
}

/* A fix that gives a program more rights than it had needs a second look. */
static int warn_about_rights(Changes *changes, const Change *change, Error *error)
{
	const PackageEntry *base = change->base;
	const PackageEntry *fixed = change->fixed;
	uint32_t special = S_ISUID | S_ISGID;

	if (!fixed || fixed->type != PACKAGE_FILE)
		return 0;
	if ((fixed->mode & special & ~(base ? base->mode : 0)) != 0 &&
		changes_warn(changes, error, "%s becomes setuid or setgid (mode %04o)", fixed->path,
			fixed->mode) < 0)
		return -1;
	if (has_capability(fixed) && !has_capability(base) &&
		changes_warn(changes, error, "%s gets file capabilities", fixed->path) < 0)
		return -1;
	if ((fixed->mode & S_IWOTH) != 0 &&
		changes_warn(changes, error, "everybody may write to %s (mode %04o)", fixed->path,
			fixed->mode) < 0)
		return -1;
	return 0;
}

static int warn_about_owners(Changes *changes, Error *error)
{
	for (size_t i = 0; i < changes->n_items; i++) {
		const PackageEntry *fixed = changes->items[i].fixed;

		if (fixed && (fixed->uid >= 1000 || fixed->gid >= 1000))
			return changes_warn(changes, error,
				"%s belongs to user %u and group %u: was the tree made as root or under "
				"fakeroot?",
				fixed->path, fixed->uid, fixed->gid);
	}
	return 0;
}

static const Control *find_package(const PackageSet *set, const char *name)
{
	for (size_t i = 0; i < set->n_packages; i++)
		if (strcmp(set->packages[i].name, name) == 0)
			return &set->packages[i];
	return NULL;
}

static int warn_about_control(Changes *changes, const Control *base, const Control *fixed, Error *error)
{
	int order;

	for (size_t i = 0; i < CONTROL_SCRIPTS; i++) {
		bool same = base->has_script[i] == fixed->has_script[i] &&
			    (!base->has_script[i] || digest_equal(&base->scripts[i], &fixed->scripts[i]));

		if (!same && changes_warn(changes, error,
				     "the %s of %s changed, and an improvement runs no package scripts",
				     CONTROL_SCRIPT_NAMES[i], fixed->name) < 0)
			return -1;
	}
	if ((strcmp(base->depends, fixed->depends) != 0 ||
		    strcmp(base->pre_depends, fixed->pre_depends) != 0) &&
		changes_warn(changes, error,
			"the dependencies of %s changed, and an improvement does not install others",
			fixed->name) < 0)
		return -1;
	order = version_compare(base->version, fixed->version);
	if (order >= 0 && changes_warn(changes, error, "%s %s to %s: are base and fixed the right way round?",
				  fixed->name, order == 0 ? "goes from the same version" : "goes back",
				  fixed->version) < 0)
		return -1;
	return 0;
}

static int warn_about_packages(
	Changes *changes, const PackageSet *base, const PackageSet *fixed, Error *error)
{
	for (size_t i = 0; i < fixed->n_packages; i++) {
		const Control *old = find_package(base, fixed->packages[i].name);

		if (old && warn_about_control(changes, old, &fixed->packages[i], error) < 0)
			return -1;
		if (!old && base->n_packages > 0 &&
			changes_warn(changes, error, "the base has no package %s", fixed->packages[i].name) <
				0)
			return -1;
	}
	for (size_t i = 0; fixed->n_packages > 0 && i < base->n_packages; i++)
		if (!find_package(fixed, base->packages[i].name) &&
			changes_warn(changes, error,
				"there is no fixed package %s, so all its files are removed",
				base->packages[i].name) < 0)
			return -1;
	return 0;
}

static int refuse_outside(const Outside *outside, Error *error)
{
	char more[64] = "";

	if (outside->count > LISTED_MAX)
		(void)snprintf(more, sizeof(more), " and %zu more", outside->count - LISTED_MAX);
	return error_set(error,
		"the fix changes %s%s, which an improvement cannot carry: only /usr is replaced",
		(const char *)outside->list.data, more);
}

int changes_find(const PackageSet *base, const PackageSet *fixed, bool with_docs, Changes *ret, Error *error)
{
	Changes changes = {.items = NULL};
	Outside outside = {.list = BUFFER_INIT};
	int r = compare(base, fixed, with_docs, &changes, &outside, error);

	if (r == 0 && outside.count > 0)
		r = refuse_outside(&outside, error);
	if (r == 0 && changes.n_items == 0)
		r = error_set(error,
			"base and fixed do not differ in anything below /usr that an improvement carries%s",
			with_docs ? "" : " (documentation and translations are carried only --with-docs)");
	for (size_t i = 0; r == 0 && i < changes.n_items; i++)
		r = warn_about_rights(&changes, &changes.items[i], error);
	if (r == 0)
		r = warn_about_owners(&changes, error);
	if (r == 0)
		r = warn_about_packages(&changes, base, fixed, error);
	if (r == 0) {
		*ret = changes;
		changes = (Changes){.items = NULL};
	}
	buffer_clear(&outside.list);
	changes_clear(&changes);
	return r;
}
