/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "parts/overlay/errand.h"
#include "parts/overlay/fs-context.h"
#include "parts/overlay/stack.h"
#include "parts/overlay/workspace.h"

enum { SUBMOUNTS_MAX = 128, NAME_SIZE = 24 };

/* In the workspace; the layers are "1", "2"… They are attached to it because Linux 6.12 refuses detached
 * ones. */
#define TREE_NAME "tree"

/* A mount below ROOT/usr, cloned before ROOT/usr is covered. */
typedef struct Submount {
	const char *point; /* relative to usr; lies in the stack */
	int tree;
	bool is_directory;
} Submount;

typedef struct Work {
	const GenerationPlan *plan;
	int images[OVERLAY_LAYERS_MAX];
	Stack stack;
	Submount submounts[SUBMOUNTS_MAX];
	size_t n_submounts;
	unsigned int attributes; /* MOUNT_ATTR_*, those of the base */
} Work;

/*
 * All of this runs in the child of an errand, which ends when it is done: descriptors and memory of Work are
 * left to that end, and so are the private namespace and what is mounted in it.
 */

static int open_images(Work *work, Error *error)
{
	for (size_t i = 0; i < work->plan->n_layers; i++)
		if (layer_open(work->plan->layers[i].path, &work->images[i], error) < 0)
			return -1;
	return 0;
}

static int clone_submount(Work *work, const MountEntry *entry, Error *error)
{
	Submount *submount = &work->submounts[work->n_submounts];
	struct stat status;

	if (work->n_submounts == SUBMOUNTS_MAX)
		return error_set(error, "more than %d mounts lie below %s", SUBMOUNTS_MAX, work->stack.usr);
	submount->point = entry->point + strlen(work->stack.usr) + 1;
	submount->tree = open_tree(AT_FDCWD, entry->point,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
	if (submount->tree < 0)
		return error_os(error, errno, "cannot take the mount at %s along", entry->point);
	if (fstat(submount->tree, &status) < 0)
		return error_os(error, errno, "cannot examine %s", entry->point);
	submount->is_directory = S_ISDIR(status.st_mode);
	work->n_submounts++;
	return 0;
}

/* What is mounted below ROOT/usr now: that is more than lies on the base when somebody mounted it while a
 * generation was active. */
static int clone_submounts(Work *work, Error *error)
{
	CLEANUP_FREE const MountEntry **found = NULL;
	size_t n = 0;

	if (stack_submounts(&work->stack, &found, &n, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (clone_submount(work, found[i], error) < 0)
			return -1;
	return 0;
}

/* A generation lets programs do what the base lets them do: setuid programs live there. */
static int read_attributes(Work *work, Error *error)
{
	struct statvfs status;

	if (statvfs(WORKSPACE_BASE, &status) < 0)
		return error_os(error, errno, "cannot examine the base");
	work->attributes = MOUNT_ATTR_RDONLY | (status.f_flag & ST_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
			   (status.f_flag & ST_NODEV ? MOUNT_ATTR_NODEV : 0) |
			   (status.f_flag & ST_NOEXEC ? MOUNT_ATTR_NOEXEC : 0);
	return 0;
}

static int attach_layer(const Work *work, size_t i, LayerMethod method, Error *error)
{
	CLEANUP_CLOSE int tree = -1;
	char name[NAME_SIZE];
	int r = layer_mount(work->images[i], method, &tree, error);

	if (r < 0)
		return error_in(error, "the image %s", work->plan->layers[i].path);
	if (r > 0)
		return r;
	(void)snprintf(name, sizeof(name), "%zu", i + 1);
	return workspace_place(tree, name, error);
}

/* "1:2:base/usr" */
static int list_layers(size_t n, Buffer *to, Error *error)
{
	for (size_t i = 0; i < n; i++)
		if (buffer_append_format(to, error, "%zu:", i + 1) < 0)
			return -1;
	return buffer_append_format(to, error, WORKSPACE_BASE);
}

/*
 * What distributions set differently is set here, so that a generation is the same everywhere: inode numbers
 * are those of the layers (census relies on it), and nothing in a layer may point into another.
 */
static int configure_overlay(int context, const Work *work, Error *error)
{
	static const char *const options[][2] = {
		{"redirect_dir", "nofollow"},
		{"metacopy", "off"},
		{"xino", "off"},
		{"ro", NULL},
	};
	CLEANUP_BUFFER Buffer lower = BUFFER_INIT;
	char source[48];

	(void)snprintf(
		source, sizeof(source), STACK_SOURCE_PREFIX "%llu", (unsigned long long)work->plan->number);
	if (list_layers(work->plan->n_layers, &lower, error) < 0 ||
		fs_context_set(context, "source", source, error) < 0 ||
		fs_context_set(context, "lowerdir", (const char *)lower.data, error) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (fs_context_set(context, options[i][0], options[i][1], error) < 0)
			return -1;
	return 0;
}

static int mount_overlay(const Work *work, int *ret_tree, Error *error)
{
	CLEANUP_CLOSE int context = -1;

	if (fs_context_open("overlay", &context, error) < 0 || configure_overlay(context, work, error) < 0 ||
		fs_context_mount(context, work->attributes, ret_tree, error) < 0)
		return error_in(error, "the overlay for %s", work->stack.usr);
	return 0;
}

/* LAYER_NEEDS_LOOP when images have to be mounted over loop devices: because the kernel cannot do without, or
 * because a file-backed EROFS counts its file's file system as one more level than an overlay may have below
 * itself (which the kernel tells by no more than EINVAL). */
static int stack_layers(const Work *work, LayerMethod method, int *ret_tree, Error *error)
{
	int r;

	for (size_t i = 0; i < work->plan->n_layers; i++) {
		r = attach_layer(work, i, method, error);
		if (r != 0)
			return r;
	}
	r = mount_overlay(work, ret_tree, error);
	if (r < 0 && error->os_error == EINVAL)
		return method == LAYER_DIRECT
			       ? LAYER_NEEDS_LOOP
			       : error_in(error,
					 "perhaps the base is itself a stack of overlays, of which the "
					 "kernel allows only two levels");
	return r;
}

static int make_overlay(const Work *work, int *ret_tree, Error *error)
{
	int r = stack_layers(work, work->plan->method, ret_tree, error);

	return r == LAYER_NEEDS_LOOP ? stack_layers(work, LAYER_LOOP, ret_tree, error) : r;
}

static int make_base(int *ret_tree, Error *error)
{
	*ret_tree = open_tree(AT_FDCWD, WORKSPACE_BASE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return *ret_tree < 0 ? error_os(error, errno, "cannot copy the mount of the base") : 0;
}

/* The mount point in the new tree; an image must not lead it elsewhere. */
static int open_mount_point(int tree, const Submount *submount)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (submount->is_directory ? O_DIRECTORY : 0),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, tree, submount->point, &how, sizeof(how));
}

static int place_submounts(const Work *work, Error *error)
{
	CLEANUP_CLOSE int tree = open(TREE_NAME, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (tree < 0)
		return error_os(error, errno, "cannot open the new tree");
	for (size_t i = 0; i < work->n_submounts; i++) {
		const Submount *submount = &work->submounts[i];
		CLEANUP_CLOSE int point = open_mount_point(tree, submount);

		if (point < 0 || move_mount(submount->tree, "", point, "",
					 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
			return error_os(error, errno, "cannot take the mount at %s/%s along", work->stack.usr,
				submount->point);
	}
	return 0;
}

static int make_tree(Work *work, int *ret_tree, Error *error)
{
	CLEANUP_CLOSE int upper = -1;
	int tree;

	if ((work->plan->n_layers > 0 ? make_overlay(work, &upper, error) : make_base(&upper, error)) < 0 ||
		workspace_place(upper, TREE_NAME, error) < 0 || place_submounts(work, error) < 0)
		return -1;
	/* What is attached here cannot be moved to the caller's namespace, but a copy of it can. */
	tree = open_tree(AT_FDCWD, TREE_NAME, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return error_os(error, errno, "cannot copy the new tree");
	*ret_tree = tree;
	return 0;
}

static int build(void *userdata, int *ret_tree, Error *error)
{
	Work work = {.plan = userdata, .stack = STACK_INIT};

	if (open_images(&work, error) < 0 || workspace_enter_namespace(error) < 0 ||
		stack_read(work.plan->root, &work.stack, error) < 0 || clone_submounts(&work, error) < 0 ||
		workspace_make(&work.stack, error) < 0 || read_attributes(&work, error) < 0)
		return -1;
	return make_tree(&work, ret_tree, error);
}

int generation_build(const GenerationPlan *plan, int *ret_tree, Error *error)
{
	GenerationPlan copy = *plan;

	return errand_run(build, &copy, ret_tree, error);
}
