/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/namespaces.h"

#include <stdlib.h>

#include "parts/census/proc.h"

void namespaces_clear(Namespaces *namespaces)
{
	free(namespaces->members);
	*namespaces = NAMESPACES_INIT;
}

static int make_room(Namespaces *namespaces, Error *error)
{
	size_t capacity = namespaces->capacity ? 2 * namespaces->capacity : 256;
	NamespaceMember *grown;

	if (namespaces->n < namespaces->capacity)
		return 0;
	grown = reallocarray(namespaces->members, capacity, sizeof(*grown));
	if (!grown)
		return error_memory(error);
	namespaces->members = grown;
	namespaces->capacity = capacity;
	return 0;
}

int namespaces_add(Namespaces *namespaces, int directory, NamespaceMember member, Error *error)
{
	struct statx root;
	int r = proc_namespace(directory, &member.namespace, error);

	if (r == 0)
		r = proc_examine(directory, "root", &root, error);
	if (r != 0)
		return r;
	/* A live mount's id is its own, thus this inode number needs no device. */
	member.root_mount = root.stx_mnt_id;
	member.root_inode = root.stx_ino;
	if (make_room(namespaces, error) < 0)
		return -1;
	namespaces->members[namespaces->n++] = member;
	return 0;
}

#define COMPARE(left, right) ((left) > (right)) - ((left) < (right))

static int compare_views(const NamespaceMember *a, const NamespaceMember *b)
{
	if (a->namespace != b->namespace)
		return COMPARE(a->namespace, b->namespace);
	if (a->root_mount != b->root_mount)
		return COMPARE(a->root_mount, b->root_mount);
	return COMPARE(a->root_inode, b->root_inode);
}

static int compare_ages(const NamespaceMember *a, const NamespaceMember *b)
{
	return a->start_time != b->start_time ? COMPARE(a->start_time, b->start_time)
					      : COMPARE(a->pid, b->pid);
}

static int compare_members(const void *a, const void *b)
{
	int order = compare_views(a, b);

	return order != 0 ? order : compare_ages(a, b);
}

/* Is it still the recorded process? */
static bool is_unchanged(const NamespaceMember *member, int proc)
{
	CLEANUP_CLOSE int directory = -1;
	ProcStat stat;

	return proc_open_process(proc, member->pid, &directory, NULL) == 0 &&
	       proc_stat(directory, &stat, NULL) == 0 && stat.start_time == member->start_time;
}

/* What a view shows. */
typedef struct View {
	bool is_old;
	dev_t old_usr; /* see NamespaceMember */
} View;

/* Looks at the view of this process; PROC_GONE when it can no longer be asked. */
static int ask(const NamespaceMember *member, int proc, const OldUsr *usr, View *ret, Error *error)
{
	CLEANUP_MOUNTINFO Mountinfo mounts = MOUNTINFO_INIT;
	CLEANUP_CLOSE int directory = -1;
	uint64_t namespace;
	int r = proc_open_process(proc, member->task, &directory, error);
	bool is_read;

	if (r != 0)
		return r < 0 ? r : PROC_GONE;
	is_read = mountinfo_read(directory, "mountinfo", &mounts, NULL) == 0;
	if (proc_namespace(directory, &namespace, NULL) != 0 || namespace != member->namespace ||
		!is_unchanged(member, proc))
		return PROC_GONE;
	/* A user who fills a namespace of his own with mounts must not be able to hide it. */
	*ret = (View){.is_old = true};
	if (is_read)
		ret->is_old = old_usr_is_shown(usr, &mounts, &ret->old_usr);
	return 0;
}

/* Asks the oldest process of a view, then the next oldest if that has ended. */
static int look_at_view(
	const NamespaceMember *members, size_t n, int proc, const OldUsr *usr, View *ret, Error *error)
{
	for (size_t i = 0; i < n; i++) {
		int r = ask(&members[i], proc, usr, ret, error);

		if (r <= 0)
			return r;
	}
	*ret = (View){.is_old = false};
	return 0;
}

static size_t count_view(const NamespaceMember *members, size_t n)
{
	size_t count = 1;

	while (count < n && compare_views(&members[0], &members[count]) == 0)
		count++;
	return count;
}

/* Two views of one namespace: its oldest process stands for both. */
static void merge(NamespaceMember *known, const NamespaceMember *other)
{
	dev_t old_usr = known->old_usr == other->old_usr ? known->old_usr : 0;

	if (compare_ages(other, known) < 0)
		*known = *other;
	known->old_usr = old_usr;
}

int namespaces_find_old(Namespaces *namespaces, int proc, const OldUsr *usr, NamespaceMember **ret,
	size_t *ret_n, Error *error)
{
	CLEANUP_FREE NamespaceMember *found = calloc(namespaces->n + 1, sizeof(*found));
	size_t n = 0, n_view;

	if (!found)
		return error_memory(error);
	qsort(namespaces->members, namespaces->n, sizeof(*namespaces->members), compare_members);
	for (size_t i = 0; i < namespaces->n; i += n_view) {
		NamespaceMember *members = &namespaces->members[i];
		NamespaceMember *last = n > 0 ? &found[n - 1] : NULL;
		View view = {.is_old = false};

		n_view = count_view(members, namespaces->n - i);
		if (look_at_view(members, n_view, proc, usr, &view, error) < 0)
			return -1;
		if (!view.is_old)
			continue;
		members->old_usr = view.old_usr;
		if (!last || last->namespace != members->namespace)
			found[n++] = *members;
		else
			merge(last, members);
	}
	*ret = TAKE_PTR(found);
	*ret_n = n;
	return 0;
}
