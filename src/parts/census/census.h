/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who is exposed: processes that still use bytes which an active improvement replaces, and mount namespaces
 * whose /usr is not the current generation. Identity is device and inode, never a path: detached, chrooted,
 * deleted and namespaced files are found alike, executables as well as libraries
 * (proc_pid_maps(5); docs/architecture.md, "Census").
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"

/* Bytes that must no longer be in use. The same file has one identity per way it can have been reached:
 * through the base's own mount, and through each generation's overlay. */
typedef struct CensusTarget {
	dev_t device; /* as /proc/PID/maps shows it */
	uint64_t inode;
	size_t subject; /* the caller's number for it: which file of which improvement */
	unsigned group; /* and for the improvement: below CENSUS_GROUPS_MAX */
	/* When an inode number may be shared by several files (of an overlay's layers, of btrfs's
	 * subvolumes), the file found is exposed only if its content has this digest and size; otherwise
	 * has_digest is false. */
	bool has_digest;
	uint64_t size;
	Digest digest;
} CensusTarget;

typedef struct CensusQuery {
	const char *root; /* "/" or the directory over whose usr generations are mounted */
	const CensusTarget *targets;
	size_t n_targets;
	dev_t current; /* the device of the generation that is active, 0 when the base is */
} CensusQuery;

typedef enum CensusKind {
	CENSUS_MAPPING,    /* a mapped file: library, or any other */
	CENSUS_EXECUTABLE, /* the program itself */
	CENSUS_NAMESPACE,  /* nothing mapped, but the process's mount namespace shows an old /usr */
} CensusKind;

enum { CENSUS_NAME_SIZE = 64, CENSUS_UNIT_SIZE = 256, CENSUS_GROUPS_MAX = 64 };

/* One exposed process (for CENSUS_NAMESPACE: one process of the namespace, the oldest). */
typedef struct CensusFinding {
	pid_t pid;
	uint64_t start_time; /* clock ticks since boot: with pid, the process's identity */
	uid_t uid;
	CensusKind kind;
	size_t subject;              /* of the first target found; SIZE_MAX for a namespace */
	size_t n_subjects;           /* how many different targets it uses */
	uint64_t groups;             /* of which groups: one bit each */
	bool keeps_old_usr;          /* it stands for a namespace that shows an old /usr, whatever its kind */
	dev_t old_usr;               /* the only old generation shown there; 0: the base, several, unknown */
	uint64_t namespace;          /* inode number of its mount namespace */
	char name[CENSUS_NAME_SIZE]; /* comm, printable */
	char unit[CENSUS_UNIT_SIZE]; /* systemd unit or session scope from its cgroup; "" when none */
} CensusFinding;

typedef struct Census {
	CensusFinding *findings; /* sorted by pid */
	size_t n_findings;
	size_t n_processes;  /* looked at */
	size_t n_unreadable; /* processes that this caller may not look into: not root */
} Census;

/* Looks at every process of this pid namespace. A process that ends meanwhile is not an error. */
int census_take(const CensusQuery *query, Census **ret, Error *error);
Census *census_free(Census *census);
DEFINE_CLEANUP(Census *, census_free);

/* The device number that /proc/PID/maps shows for files below this open directory's mount (which is not
 * always st_dev: btrfs). */
int census_device_of(int directory, dev_t *ret, Error *error);
