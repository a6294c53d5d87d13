/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/text.h"

enum { READ_ATTEMPTS = 16 };

/* The path of usr, free of symlinks: mountinfo knows no others, and a usr that is a symlink would move the
 * mount to somewhere the caller did not name. */
static int resolve_usr(const char *root, char **ret, Error *error)
{
	CLEANUP_FREE char *real = NULL, *usr = NULL;
	struct stat status;

	if (root[0] != '/')
		return error_set(error, "the root %s is not an absolute path", root);
	real = realpath(root, NULL);
	if (!real)
		return error_os(error, errno, "cannot use the root %s", root);
	if (path_join(real, "usr", &usr, error) < 0)
		return -1;
	if (lstat(usr, &status) < 0)
		return error_os(error, errno, "cannot use the root %s: cannot examine %s", root, usr);
	if (!S_ISDIR(status.st_mode))
		return error_set(error, "%s is %s, not a directory", usr,
			S_ISLNK(status.st_mode) ? "a symbolic link" : "a file");
	*ret = TAKE_PTR(usr);
	return 0;
}

static int mount_id(const char *path, int64_t *ret, Error *error)
{
	struct statx status;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) < 0)
		return error_os(error, errno, "cannot examine %s", path);
	if (!(status.stx_mask & STATX_MNT_ID))
		return error_set(error,
			"the kernel does not tell which mount %s lies on; Linux 6.1 is the oldest "
			"that is supported",
			path);
	*ret = (int64_t)status.stx_mnt_id;
	return 0;
}

/* The table and the mount that it puts at the top, from one moment: a swap in between is noticed. */
static int read_mounts(Stack *stack, Error *error)
{
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		int64_t before, after;

		mountinfo_clear(&stack->mounts);
		if (mount_id(stack->usr, &before, error) < 0 ||
			mountinfo_read(AT_FDCWD, "/proc/thread-self/mountinfo", &stack->mounts, error) < 0 ||
			mount_id(stack->usr, &after, error) < 0)
			return -1;
		if (before == after) {
			stack->top_id = after;
			return 0;
		}
	}
	return error_set(error, "what is mounted at %s changes too fast to be read", stack->usr);
}

/* The parent of a mount at ROOT/usr is the one that it covers there, down to the one that holds ROOT. */
static int collect_levels(Stack *stack, Error *error)
{
	const MountEntry *level = mountinfo_by_id(&stack->mounts, stack->top_id);

	stack->levels = calloc(stack->mounts.n_entries + 1, sizeof(const MountEntry *));
	if (!stack->levels)
		return error_memory(error);
	while (level && strcmp(level->point, stack->usr) == 0 && stack->n < stack->mounts.n_entries) {
		stack->levels[stack->n++] = level;
		level = mountinfo_by_id(&stack->mounts, level->parent);
	}
	return 0;
}

int stack_read(const char *root, Stack *ret, Error *error)
{
	CLEANUP_STACK Stack stack = STACK_INIT;

	if (resolve_usr(root, &stack.usr, error) < 0 || read_mounts(&stack, error) < 0 ||
		collect_levels(&stack, error) < 0)
		return -1;
	*ret = stack;
	stack = STACK_INIT;
	return 0;
}

bool stack_is_generation(const MountEntry *level, uint64_t *ret_number)
{
	int64_t number;

	if (strcmp(level->type, "overlay") != 0 || !text_has_prefix(level->source, STACK_SOURCE_PREFIX))
		return false;
	if (text_to_integer(level->source + strlen(STACK_SOURCE_PREFIX), 1, INT64_MAX, &number, NULL) < 0)
		return false;
	*ret_number = (uint64_t)number;
	return true;
}

size_t stack_levels_to_base(const Stack *stack)
{
	uint64_t ignored;

	for (size_t n = stack->n; n > 0; n--)
		if (stack_is_generation(stack->levels[n - 1], &ignored))
			return n;
	return 0;
}

static bool lies_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/' && path[length + 1];
}

static bool is_direct_submount(const Stack *stack, const MountEntry *entry)
{
	return entry->parent == stack->top_id && lies_below(entry->point, stack->usr);
}

/* Covered by another mount on the same parent, higher up the path. */
static bool is_covered(const Stack *stack, const MountEntry *entry)
{
	for (size_t i = 0; i < stack->mounts.n_entries; i++) {
		const MountEntry *other = &stack->mounts.entries[i];

		if (is_direct_submount(stack, other) && lies_below(entry->point, other->point))
			return true;
	}
	return false;
}

int stack_submounts(const Stack *stack, const MountEntry ***ret, size_t *ret_n, Error *error)
{
	CLEANUP_FREE const MountEntry **found = calloc(stack->mounts.n_entries + 1, sizeof(*found));
	size_t n = 0;

	if (!found)
		return error_memory(error);
	for (size_t i = 0; i < stack->mounts.n_entries; i++) {
		const MountEntry *entry = &stack->mounts.entries[i];

		if (is_direct_submount(stack, entry) && !is_covered(stack, entry))
			found[n++] = entry;
	}
	*ret = TAKE_PTR(found);
	*ret_n = n;
	return 0;
}

bool stack_has_submounts(const Stack *stack)
{
	for (size_t i = 0; i < stack->mounts.n_entries; i++)
		if (lies_below(stack->mounts.entries[i].point, stack->usr))
			return true;
	return false;
}

void stack_clear(Stack *stack)
{
	free(stack->usr);
	free(stack->levels);
	mountinfo_clear(&stack->mounts);
	*stack = STACK_INIT;
}
