/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which mount namespaces still show an old /usr. A clean process there can load old bytes any time.
 */

#include "base/cleanup.h"
#include "parts/census/old-usr.h"

/* A process and its view: what is mounted where is the same for all with equal namespace and root. */
typedef struct NamespaceMember {
	uint64_t namespace; /* inode number */
	uint64_t root_mount;
	uint64_t root_inode;
	uint64_t start_time;
	pid_t pid;
	pid_t task;    /* the thread that was asked, pid unless that one has ended */
	dev_t old_usr; /* the old generation that its view shows; 0: the base, several, unknown */
} NamespaceMember;

typedef struct Namespaces {
	NamespaceMember *members;
	size_t n;
	size_t capacity;
} Namespaces;

#define NAMESPACES_INIT \
	(Namespaces) \
	{ \
		.members = NULL \
	}

void namespaces_clear(Namespaces *namespaces);
static inline void namespaces_clear_cleanup(Namespaces *namespaces)
{
	namespaces_clear(namespaces);
}
#define CLEANUP_NAMESPACES __attribute__((cleanup(namespaces_clear_cleanup)))

/* Records a process: pid, task and start_time of member are set, the rest is read from the task's open
 * directory. PROC_GONE or PROC_DENIED. */
int namespaces_add(Namespaces *namespaces, int directory, NamespaceMember member, Error *error);

/* The oldest process of each namespace that shows an old /usr, into a new array (free()). A namespace whose
 * mounts cannot be read, although a process lives there, counts as old. */
int namespaces_find_old(Namespaces *namespaces, int proc, const OldUsr *usr, NamespaceMember **ret,
	size_t *ret_n, Error *error);
