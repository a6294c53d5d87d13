/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/package/package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/text.h"
#include "programs/publisher/package/deb.h"
#include "programs/publisher/package/tree.h"

int package_set_new(PackageSet **ret, Error *error)
{
	CLEANUP(package_set_free) PackageSet *set = calloc(1, sizeof(*set));

	if (!set)
		return error_memory(error);
	set->spool = SPOOL_INIT;
	if (spool_open(&set->spool, PACKAGE_UNPACKED_MAX, error) < 0)
		return -1;
	*ret = TAKE_PTR(set);
	return 0;
}

void package_entry_clear(PackageEntry *entry)
{
	for (size_t i = 0; i < entry->n_attributes; i++) {
		free(entry->attributes[i].name);
		free(entry->attributes[i].value);
	}
	free(entry->attributes);
	free(entry->path);
	free(entry->target);
	free(entry->link);
	*entry = (PackageEntry){.path = NULL};
}

PackageSet *package_set_free(PackageSet *set)
{
	if (!set)
		return NULL;
	for (size_t i = 0; i < set->n_entries; i++)
		package_entry_clear(&set->entries[i]);
	free(set->entries);
	for (size_t i = 0; i < set->n_packages; i++)
		control_clear(&set->packages[i]);
	free(set->packages);
	spool_close(&set->spool);
	free(set);
	return NULL;
}

int package_add(PackageSet *set, PackageEntry *entry, Error *error)
{
	if (set->n_entries == PACKAGE_ENTRIES_MAX)
		return error_set(error, "holds more than the %d files allowed", PACKAGE_ENTRIES_MAX);
	if (set->n_entries == set->capacity) {
		size_t capacity = set->capacity ? set->capacity * 2 : 64;
		PackageEntry *entries = reallocarray(set->entries, capacity, sizeof(*entries));

		if (!entries)
			return error_memory(error);
		set->entries = entries;
		set->capacity = capacity;
	}
	if (entry->mtime > set->newest)
		set->newest = entry->mtime;
	set->entries[set->n_entries++] = *entry;
	*entry = (PackageEntry){.path = NULL};
	return 0;
}

static bool is_carried(const char *name)
{
	static const char *const carried[] = {"security.capability", "security.selinux",
		"system.posix_acl_access", "system.posix_acl_default"};

	for (size_t i = 0; i < ARRAY_SIZE(carried); i++)
		if (strcmp(name, carried[i]) == 0)
			return true;
	return text_has_prefix(name, "user.");
}

/* Extended attributes come in any order; few enough to insert each in its place. */
int package_add_attribute(PackageEntry *entry, const char *name, Bytes value, Error *error)
{
	PackageAttribute attribute = {.size = value.size};
	PackageAttribute *attributes;
	size_t at;

	if (text_has_prefix(name, "trusted.overlay.") || text_has_prefix(name, "user.overlay."))
		return error_set(error, "%s has the attribute %.100s, which would steer the overlay",
			entry->path, name);
	if (!is_carried(name))
		return 0;
	if (entry->n_attributes == PACKAGE_ATTRIBUTES_MAX || value.size > PACKAGE_ATTRIBUTE_MAX ||
		strnlen(name, 256) > 255)
		return error_set(error, "%s has too many or too large extended attributes", entry->path);
	attributes = reallocarray(entry->attributes, entry->n_attributes + 1, sizeof(*attributes));
	if (!attributes)
		return error_memory(error);
	entry->attributes = attributes;
	attribute.value = malloc(value.size + 1);
	attribute.name = strdup(name);
	if (!attribute.value || !attribute.name) {
		free(attribute.value);
		free(attribute.name);
		return error_memory(error);
	}
	if (value.size > 0)
		memcpy(attribute.value, value.data, value.size);
	for (at = entry->n_attributes; at > 0 && strcmp(attributes[at - 1].name, name) > 0; at--)
		attributes[at] = attributes[at - 1];
	attributes[at] = attribute;
	entry->n_attributes++;
	return 0;
}

static bool attributes_equal(const PackageEntry *a, const PackageEntry *b)
{
	if (a->n_attributes != b->n_attributes)
		return false;
	for (size_t i = 0; i < a->n_attributes; i++) {
		const PackageAttribute *x = &a->attributes[i];
		const PackageAttribute *y = &b->attributes[i];

		if (strcmp(x->name, y->name) != 0 ||
			!bytes_equal((Bytes){x->value, x->size}, (Bytes){y->value, y->size}))
			return false;
	}
	return true;
}

bool package_entry_equal(const PackageEntry *a, const PackageEntry *b)
{
	if (a->type != b->type || a->mode != b->mode || a->uid != b->uid || a->gid != b->gid)
		return false;
	if (a->type == PACKAGE_SYMLINK && strcmp(a->target, b->target) != 0)
		return false;
	if (a->type == PACKAGE_FILE && (a->size != b->size || !digest_equal(&a->digest, &b->digest)))
		return false;
	return attributes_equal(a, b);
}

/* PackageEntry begins with its path. */
static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const PackageEntry *package_find(const PackageSet *set, const char *path)
{
	_Static_assert(offsetof(PackageEntry, path) == 0, "path comes first");
	if (set->n_entries == 0)
		return NULL;
	return bsearch(&path, set->entries, set->n_entries, sizeof(*set->entries), by_path);
}

Bytes package_content(const PackageSet *set, const PackageEntry *entry)
{
	if (entry->size == 0)
		return (Bytes){NULL, 0};
	return (Bytes){set->spool.map.data + entry->offset, entry->size};
}

static int resolve_link(const PackageSet *set, PackageEntry *entry, Error *error)
{
	const PackageEntry *other = package_find(set, entry->link);

	if (!other || other->type != PACKAGE_FILE || other->link)
		return error_set(
			error, "%s is a hard link to %s, which is no file of it", entry->path, entry->link);
	entry->offset = other->offset;
	entry->size = other->size;
	entry->digest = other->digest;
	return 0;
}

static int resolve_links(PackageSet *set, Error *error)
{
	for (size_t i = 0; i < set->n_entries; i++)
		if (set->entries[i].link && resolve_link(set, &set->entries[i], error) < 0)
			return -1;
	for (size_t i = 0; i < set->n_entries; i++) {
		free(set->entries[i].link);
		set->entries[i].link = NULL;
	}
	return 0;
}

/* Packages share directories; anything else may be there twice only if it is the same. */
static int merge_twins(PackageSet *set, Error *error)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n_entries; i++) {
		PackageEntry *entry = &set->entries[i];
		const PackageEntry *before = kept > 0 ? &set->entries[kept - 1] : NULL;

		if (!before || strcmp(before->path, entry->path) != 0) {
			if (kept != i) {
				set->entries[kept] = *entry;
				*entry = (PackageEntry){.path = NULL};
			}
			kept++;
			continue;
		}
		if (before->type != entry->type ||
			(entry->type != PACKAGE_DIRECTORY && !package_entry_equal(before, entry)))
			return error_set(error, "%s is there twice, as two different things", entry->path);
		package_entry_clear(entry);
	}
	set->n_entries = kept;
	return 0;
}

static int check_parents(const PackageSet *set, const char *path, Error *error)
{
	CLEANUP_FREE char *parent = NULL;
	char *slash;

	if (text_copy(path, &parent, error) < 0)
		return -1;
	while ((slash = strrchr(parent, '/'))) {
		const PackageEntry *entry;

		*slash = '\0';
		entry = package_find(set, parent);
		if (entry && entry->type != PACKAGE_DIRECTORY)
			return error_set(error, "%s lies below %s, which is %s and no directory", path,
				parent, entry->type == PACKAGE_SYMLINK ? "a symlink" : "a file");
	}
	return 0;
}

int package_set_finish(PackageSet *set, Error *error)
{
	if (set->n_entries > 0)
		qsort(set->entries, set->n_entries, sizeof(*set->entries), by_path);
	if (resolve_links(set, error) < 0 || merge_twins(set, error) < 0)
		return -1;
	for (size_t i = 0; i < set->n_entries; i++)
		if (check_parents(set, set->entries[i].path, error) < 0)
			return -1;
	return spool_map(&set->spool, error);
}

static int read_word(PackageSet *set, const char *word, Error *error)
{
	struct stat status;

	if (stat(word, &status) < 0)
		return error_os(error, errno, "cannot open %s", word);
	if (S_ISDIR(status.st_mode))
		return tree_read(set, word, error);
	if (S_ISREG(status.st_mode))
		return deb_read(set, word, error);
	return error_set(error, "%s is neither a .deb file nor a directory", word);
}

int package_set_read(const char *const *words, size_t n, PackageSet **ret, Error *error)
{
	CLEANUP(package_set_free) PackageSet *set = NULL;

	if (package_set_new(&set, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (read_word(set, words[i], error) < 0)
			return -1;
	if (package_set_finish(set, error) < 0)
		return n == 1 ? error_in(error, "%s", words[0]) : -1;
	*ret = TAKE_PTR(set);
	return 0;
}
