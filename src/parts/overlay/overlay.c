/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/overlay/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "parts/overlay/generation.h"
#include "parts/overlay/stack.h"

/* Puts a tree on top of whatever ROOT/usr shows, in one step. Nothing below is detached: a program that was
 * started from there would lose the "/usr" of its own path, and $ORIGIN with it. */
static int cover(const char *root, int tree, Error *error)
{
	CLEANUP_STACK Stack stack = STACK_INIT;

	if (stack_read(root, &stack, error) < 0)
		return -1;
	if (move_mount(tree, "", AT_FDCWD, stack.usr, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_os(error, errno, "cannot mount on %s", stack.usr);
	return 0;
}

int overlay_activate(
	const char *root, uint64_t number, const OverlayLayer *layers, size_t n_layers, Error *error)
{
	GenerationPlan plan = {root, number, layers, n_layers, LAYER_DIRECT};
	CLEANUP_CLOSE int tree = -1;

	if (number == 0 || number > INT64_MAX)
		return error_set(
			error, "%llu cannot be the number of a generation", (unsigned long long)number);
	if (n_layers == 0 || n_layers > OVERLAY_LAYERS_MAX)
		return error_set(
			error, "a generation has 1 to %d images, not %zu", OVERLAY_LAYERS_MAX, n_layers);
	if (generation_build(&plan, &tree, error) < 0 || cover(root, tree, error) < 0)
		return error_in(error, "cannot activate generation %llu", (unsigned long long)number);
	return 0;
}

int overlay_open_base(const char *root, int *ret_fd, Error *error)
{
	GenerationPlan plan = {.root = root};

	if (generation_build(&plan, ret_fd, error) < 0)
		return error_in(error, "cannot open the base");
	return 0;
}

/*
 * When nobody uses the generation and the base is what lies right below it, the kernel can take it away for
 * good, and does so in one step: not lazily, it refuses with EBUSY as soon as anybody uses it in this or any
 * namespace that follows. Mounts below usr lie on it, so it is in use then, too.
 */
static bool uncover(const Stack *stack)
{
	uint64_t ignored;

	if (stack->n > 1 && stack_is_generation(stack->levels[1], &ignored))
		return false;
	return !stack_has_submounts(stack) && umount2(stack->usr, UMOUNT_NOFOLLOW) == 0;
}

/* The base is on top already, unless somebody else mounted something over a generation. */
static int check_is_base(const char *root, const Stack *stack, Error *error)
{
	CLEANUP_CLOSE int base = -1;

	return stack_levels_to_base(stack) == 0 ? 0 : overlay_open_base(root, &base, error);
}

static int deactivate(const char *root, Error *error)
{
	CLEANUP_STACK Stack stack = STACK_INIT;
	CLEANUP_CLOSE int tree = -1;
	uint64_t ignored;

	if (stack_read(root, &stack, error) < 0)
		return -1;
	if (stack.n == 0 || !stack_is_generation(stack.levels[0], &ignored))
		return check_is_base(root, &stack, error);
	if (uncover(&stack))
		return 0;
	return overlay_open_base(root, &tree, error) < 0 ? -1 : cover(root, tree, error);
}

int overlay_deactivate(const char *root, Error *error)
{
	return deactivate(root, error) < 0 ? error_in(error, "cannot go back to the base") : 0;
}

int overlay_list(const char *root, OverlayGeneration **ret, size_t *ret_n, Error *error)
{
	CLEANUP_STACK Stack stack = STACK_INIT;
	CLEANUP_FREE OverlayGeneration *list = NULL;
	size_t n = 0;

	if (stack_read(root, &stack, error) < 0)
		return error_in(error, "cannot list the generations");
	list = calloc(stack.n + 1, sizeof(*list));
	if (!list)
		return error_memory(error);
	for (size_t i = stack.n; i > 0; i--) {
		const MountEntry *level = stack.levels[i - 1];
		uint64_t number;

		if (stack_is_generation(level, &number))
			list[n++] = (OverlayGeneration){number, level->device, i == 1};
	}
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

int overlay_current(const char *root, uint64_t *ret_number, Error *error)
{
	CLEANUP_STACK Stack stack = STACK_INIT;
	uint64_t number = 0;

	if (stack_read(root, &stack, error) < 0)
		return error_in(error, "cannot tell the current generation");
	if (stack.n == 0 || !stack_is_generation(stack.levels[0], &number))
		number = 0;
	*ret_number = number;
	return 0;
}
