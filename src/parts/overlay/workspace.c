/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

/* In a chroot "/" need not be a mount, and what is none cannot be made private. The namespace's own root
 * always is one; joining the namespace it is already in takes a process there. */
static int make_private_from_outside(Error *error)
{
	CLEANUP_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || namespace < 0 || directory < 0)
		return error_os(error, errno, "cannot open the mount namespace");
	if (setns(namespace, CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_os(error, errno, "cannot make the mount namespace private");
	if (fchdir(root) < 0 || chroot(".") < 0 || fchdir(directory) < 0)
		return error_os(error, errno, "cannot go back to the root directory");
	return 0;
}

int workspace_enter_namespace(Error *error)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_os(error, errno, "cannot make a mount namespace%s",
			errno == EPERM ? " (only root, with CAP_SYS_ADMIN, may)" : "");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return error_os(error, errno, "cannot make the mount namespace private");
	return make_private_from_outside(error);
}

static int clone_mount(const char *path, int *ret_tree, Error *error)
{
	int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (tree < 0)
		return error_os(error, errno, "cannot copy the mount at %s", path);
	*ret_tree = tree;
	return 0;
}

/* The directory that holds usr, without what is mounted in it: there, usr is the base, be the stack as deep
 * as it may. */
static int clone_root(const char *usr, int *ret_tree, Error *error)
{
	CLEANUP_FREE char *root = NULL;

	if (text_copy(usr, &root, error) < 0)
		return -1;
	return clone_mount(dirname(root), ret_tree, error);
}

/* A base that is itself mounted at usr can only be reached by taking off what covers it. */
static int peel(const Stack *stack, size_t n, int *ret_tree, Error *error)
{
	for (; n > 0; n--)
		if (umount2(stack->usr, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return error_os(error, errno, "cannot look below the generation at %s", stack->usr);
	return clone_mount(stack->usr, ret_tree, error);
}

static int make_directories(bool base_is_mounted, Error *error)
{
	if (mkdir("base", 0700) < 0 || (base_is_mounted && mkdir(WORKSPACE_BASE, 0700) < 0))
		return error_os(error, errno, "cannot use the workspace");
	return 0;
}

static int attach(int tree, const char *name, Error *error)
{
	if (move_mount(tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_os(error, errno, "cannot mount %s in the workspace", name);
	return 0;
}

/* ROOT/usr itself is covered with it: a directory that no root lacks. */
static int cover_with_workspace(const Stack *stack, Error *error)
{
	if (mount("suture", stack->usr, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=1m") < 0)
		return error_os(error, errno, "cannot make a workspace (tmpfs)");
	if (chdir(stack->usr) < 0)
		return error_os(error, errno, "cannot enter the workspace");
	return 0;
}

/* Every level below the top one was looked at when it was covered. */
static int check_top(const Stack *stack, const struct stat *seen, Error *error)
{
	const MountEntry *top = stack->levels[0];
	struct stat base;
	uint64_t ignored;

	if (stack_is_generation(top, &ignored))
		return 0;
	if (lstat(WORKSPACE_BASE, &base) < 0)
		return error_os(error, errno, "cannot examine the base");
	if (base.st_dev != seen->st_dev || base.st_ino != seen->st_ino)
		return error_set(error,
			"something else (type %s, source \"%s\") is mounted over a generation at %s; unmount "
			"it "
			"first",
			top->type, top->source, stack->usr);
	return 0;
}

int workspace_make(const Stack *stack, Error *error)
{
	size_t n = stack_levels_to_base(stack);
	bool base_is_mounted = stack->n > n;
	CLEANUP_CLOSE int base = -1;
	struct stat seen;

	if (lstat(stack->usr, &seen) < 0)
		return error_os(error, errno, "cannot examine %s", stack->usr);
	if ((base_is_mounted ? peel(stack, n, &base, error) : clone_root(stack->usr, &base, error)) < 0 ||
		cover_with_workspace(stack, error) < 0 || make_directories(base_is_mounted, error) < 0 ||
		attach(base, base_is_mounted ? WORKSPACE_BASE : "base", error) < 0)
		return -1;
	return n > 0 ? check_top(stack, &seen, error) : 0;
}

int workspace_place(int tree, const char *name, Error *error)
{
	if (mkdir(name, 0700) < 0 && errno != EEXIST)
		return error_os(error, errno, "cannot use the workspace");
	return attach(tree, name, error);
}
