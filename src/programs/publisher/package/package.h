/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of a set of packages (or of a directory tree) as they would be installed, in memory, with their
 * contents in a spool. Reading is done by deb.h and tree.h; nothing is ever unpacked to a path.
 *
 * Paths are canonical: relative to the root, and with /bin, /lib… where a system with a merged /usr has them:
 * "lib/x" is "usr/lib/x".
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "programs/publisher/package/control.h"
#include "programs/publisher/package/spool.h"

enum {
	PACKAGE_ENTRIES_MAX = 65536,
	PACKAGE_ATTRIBUTES_MAX = 16,       /* extended attributes of one file */
	PACKAGE_ATTRIBUTE_MAX = 64 * 1024, /* bytes of one */
	PACKAGE_TARGET_MAX = 4095,         /* bytes of a symlink's target */
	PACKAGE_DEPTH_MAX = 64,
};

static const uint64_t PACKAGE_UNPACKED_MAX = 4ull << 30; /* bytes of a whole set */

typedef enum PackageType { PACKAGE_FILE, PACKAGE_SYMLINK, PACKAGE_DIRECTORY } PackageType;

typedef struct PackageAttribute {
	char *name;
	uint8_t *value;
	size_t size;
} PackageAttribute;

typedef struct PackageEntry {
	char *path;
	PackageType type;
	uint32_t mode; /* permission bits with setuid, setgid and sticky */
	uint32_t uid, gid;
	int64_t mtime;
	char *target;    /* symlink, else NULL */
	char *link;      /* a hard link's other path until package_set_finish(), then NULL */
	uint64_t offset; /* file: of its content in the spool; hard links share it */
	uint64_t size;
	Digest digest;
	PackageAttribute *attributes; /* sorted by name */
	size_t n_attributes;
} PackageEntry;

typedef struct PackageSet {
	PackageEntry *entries; /* sorted by path once it is finished */
	size_t n_entries, capacity;
	Control *packages; /* none for trees */
	size_t n_packages;
	Spool spool;
	int64_t newest; /* the newest modification time, seconds since 1970, at least 0 */
} PackageSet;

/* Reads every word: a regular file as a .deb, a directory as a tree. */
int package_set_read(const char *const *words, size_t n, PackageSet **ret, Error *error);

PackageSet *package_set_free(PackageSet *set);
DEFINE_CLEANUP(PackageSet *, package_set_free);

/* The entry for a path, or NULL. */
const PackageEntry *package_find(const PackageSet *set, const char *path);

/* A file's content; belongs to the set. */
Bytes package_content(const PackageSet *set, const PackageEntry *entry);

/* Same type, owner, mode, content, target and attributes? Times do not count. */
bool package_entry_equal(const PackageEntry *a, const PackageEntry *b);

/* For the readers. */
int package_set_new(PackageSet **ret, Error *error);
void package_entry_clear(PackageEntry *entry);
/* Moves *entry into the set and clears it. */
int package_add(PackageSet *set, PackageEntry *entry, Error *error);
/* Copies an extended attribute. Those that mean something to this machine only are left out; those that would
 * steer the overlay on a device are refused. */
int package_add_attribute(PackageEntry *entry, const char *name, Bytes value, Error *error);
/* Sorts, resolves hard links, maps the spool. Refuses two different things at one path, and anything below
 * what is no directory. */
int package_set_finish(PackageSet *set, Error *error);

enum { PACKAGE_SKIP = 1 };

/* A path as packages write it ("./lib/x", "usr/bin/") in its canonical form. PACKAGE_SKIP for the root
 * itself. */
int package_canonical(const char *raw, char **ret, Error *error);
