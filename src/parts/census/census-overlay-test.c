/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/census/test-process.h"

/* Generations over root/usr of a place, mounted by hand in this program's own mount namespace. libx.so is
 * what each of them replaces; liby.so is the base's in all. */
typedef struct Stack {
	Place *place;
	char root[PATH_MAX];
	int base; /* its usr, opened before anything was mounted over it */
	CensusTarget base_x;
} Stack;

static const char X[] = "root/usr/lib/libx.so";
static const char Y[] = "root/usr/lib/liby.so";

static bool stack_begin(Stack *stack, void **state)
{
	*stack = (Stack){.place = *state, .base = -1};
	if (!place_enter_private_namespace(stack->place))
		return false;
	place_write(stack->place, X, "base");
	place_write(stack->place, Y, "untouched");
	(void)snprintf(stack->root, sizeof(stack->root), "%s/root", stack->place->path);
	stack->base = openat(stack->place->directory, "root/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	stack->base_x = place_target(stack->place, X, 0);
	return true;
}

static void stack_end(Stack *stack)
{
	char point[PATH_MAX];

	(void)snprintf(point, sizeof(point), "%.4000s/usr", stack->root);
	while (umount2(point, MNT_DETACH) == 0)
		;
	(void)close_keeping_errno(stack->base);
	stack->base = -1;
}

/* Mounts the generation with an image of its own over what root/usr shows; false without overlayfs. */
static bool stack_push(const Stack *stack, int number, dev_t *ret_device)
{
	char source[32], name[64], point[PATH_MAX], options[PATH_MAX];
	CLEANUP_CLOSE int fd = -1;
	Error error = ERROR_INIT;

	(void)snprintf(source, sizeof(source), "suture:%d", number);
	(void)snprintf(name, sizeof(name), "image%d/lib/libx.so", number);
	place_write(stack->place, name, source);
	if (snprintf(point, sizeof(point), "%s/usr", stack->root) >= (int)sizeof(point) ||
		snprintf(options, sizeof(options), "lowerdir=%s/image%d:/proc/self/fd/%d", stack->place->path,
			number, stack->base) >= (int)sizeof(options))
		return false;
	if (mount(source, point, "overlay", MS_RDONLY, options) < 0)
		return false;
	fd = openat(stack->place->directory, "root/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_done(census_device_of(fd, ret_device, &error), &error);
	return true;
}

/* The two identities that a generation's libx.so may have in maps: Linux 6.1 shows the image's. */
static void stack_targets(
	const Stack *stack, int number, dev_t device, size_t subject, CensusTarget targets[2])
{
	char name[64];

	(void)snprintf(name, sizeof(name), "image%d/lib/libx.so", number);
	targets[0] = place_target(stack->place, name, subject);
	targets[1] = targets[0];
	targets[1].device = device;
}

static Census *take(const Stack *stack, const CensusTarget *targets, size_t n, dev_t current)
{
	CensusQuery query = {.root = stack->root, .targets = targets, .n_targets = n, .current = current};
	Error error = ERROR_INIT;
	Census *census = NULL;

	assert_done(census_take(&query, &census, &error), &error);
	return census;
}

static bool is_found(const Census *census, pid_t pid, CensusKind kind)
{
	const CensusFinding *finding = find_process(census, pid);

	if (finding)
		assert_int_equal(finding->kind, kind);
	return finding != NULL;
}

static void finds_what_older_generations_are_used_for(void **state)
{
	Stack stack;
	CensusTarget targets[3];
	dev_t first = 0, second = 0;
	pid_t base, old, untouched, new;
	CLEANUP(census_free) Census *census = NULL;

	if (!stack_begin(&stack, state))
		skip();
	base = process_start(process_map, stack.place, X);
	if (!stack_push(&stack, 1, &first))
		skip();
	old = process_start(process_map, stack.place, X);
	untouched = process_start(process_map, stack.place, Y);
	assert_true(stack_push(&stack, 2, &second));
	new = process_start(process_map, stack.place, X);

	stack_targets(&stack, 1, first, 5, targets);
	targets[2] = stack.base_x;
	census = take(&stack, targets, ARRAY_SIZE(targets), second);
	assert_true(is_found(census, base, CENSUS_MAPPING));
	assert_int_equal(find_process(census, base)->subject, 0);
	assert_true(is_found(census, old, CENSUS_MAPPING));
	assert_int_equal(find_process(census, old)->subject, 5);
	assert_int_equal(find_process(census, old)->n_subjects, 1);
	assert_null(find_process(census, untouched));
	assert_null(find_process(census, new));

	/* Restarted, it uses the new generation. */
	process_end(old);
	old = process_start(process_map, stack.place, X);
	(void)census_free(census);
	census = take(&stack, targets, ARRAY_SIZE(targets), second);
	assert_null(find_process(census, old));
	process_end(base);
	process_end(old);
	process_end(untouched);
	process_end(new);
	stack_end(&stack);
}

static void finds_programs_started_from_an_older_generation(void **state)
{
	Stack stack;
	CensusTarget targets[2];
	dev_t first = 0, second = 0;
	pid_t pid;
	CLEANUP(census_free) Census *census = NULL;

	if (!stack_begin(&stack, state))
		skip();
	place_make_directory(stack.place, "image1/lib");
	place_copy_program(stack.place, "image1/lib/program");
	if (!stack_push(&stack, 1, &first))
		skip();
	pid = process_start(process_become, stack.place, "root/usr/lib/program");
	assert_true(stack_push(&stack, 2, &second));
	targets[0] = place_target(stack.place, "image1/lib/program", 3);
	targets[1] = targets[0];
	targets[1].device = first;
	census = take(&stack, targets, ARRAY_SIZE(targets), second);
	assert_true(is_found(census, pid, CENSUS_EXECUTABLE));
	process_end(pid);
	stack_end(&stack);
}

static void tells_files_of_one_overlay_with_equal_numbers_apart(void **state)
{
	Stack stack;
	CensusTarget targets[2];
	dev_t first = 0;
	pid_t pid;
	Error error = ERROR_INIT;

	if (!stack_begin(&stack, state) || !stack_push(&stack, 1, &first))
		skip();
	pid = process_start(process_map, stack.place, X);
	stack_targets(&stack, 1, first, 5, targets);
	for (int i = 0; i < 2; i++) {
		const char *text = i == 0 ? "suture:1" : "suture:X";
		CLEANUP(census_free) Census *census = NULL;

		targets[0].has_digest = targets[1].has_digest = true;
		targets[0].size = targets[1].size = strlen(text);
		assert_done(hash_bytes(bytes_of_text(text), &targets[0].digest, &error), &error);
		targets[1].digest = targets[0].digest;
		census = take(&stack, targets, 2, first);
		assert_int_equal(is_found(census, pid, CENSUS_MAPPING), i == 0);
	}
	process_end(pid);
	stack_end(&stack);
}

static int leave_and_fork(const Place *place, const char *unused)
{
	return process_leave_namespace(place, unused) < 0 || process_start(process_idle, place, NULL) < 0 ? -1
													  : 0;
}

static void finds_namespaces_that_stayed_behind(void **state)
{
	Stack stack;
	dev_t first = 0, second = 0;
	pid_t on_base, on_first, younger, on_second;
	CLEANUP(census_free) Census *census = NULL;

	if (!stack_begin(&stack, state))
		skip();
	on_base = process_start(process_leave_namespace, stack.place, NULL);
	if (!stack_push(&stack, 1, &first))
		skip();
	on_first = process_start(leave_and_fork, stack.place, NULL);
	younger = process_start(process_map_in_namespace, stack.place, X);
	assert_true(stack_push(&stack, 2, &second));
	on_second = process_start(process_leave_namespace, stack.place, NULL);

	census = take(&stack, NULL, 0, second);
	assert_true(is_found(census, on_base, CENSUS_NAMESPACE));
	assert_true(is_found(census, on_first, CENSUS_NAMESPACE));
	assert_int_equal(find_process(census, on_first)->subject, SIZE_MAX);
	assert_int_equal(find_process(census, on_first)->old_usr, first);
	assert_int_equal(find_process(census, on_base)->old_usr, 0);
	assert_true(find_process(census, on_base)->keeps_old_usr);
	assert_true(is_found(census, younger, CENSUS_NAMESPACE));
	assert_null(find_process(census, on_second));
	assert_null(find_process(census, getpid()));
	for (size_t i = 0; i < census->n_findings; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(census->findings[i].namespace != census->findings[k].namespace);
	process_end(on_base);
	process_end(on_first);
	process_end(younger);
	process_end(on_second);
	stack_end(&stack);
}

/* As container tools do it: a root of its own, in which only usr is the host's as it is now. */
static int enter_sandbox(const Place *place, const char *name)
{
	if (!enter_private_namespace() || chdir(place->path) < 0 || mkdir(name, 0755) < 0 ||
		mount("tmpfs", name, "tmpfs", 0, NULL) < 0 || chdir(name) < 0 || mkdir("usr", 0755) < 0 ||
		mount("../root/usr", "usr", NULL, MS_BIND, NULL) < 0)
		return -1;
	return chroot(".");
}

static void finds_sandboxes_that_were_given_an_older_generation(void **state)
{
	Stack stack;
	dev_t first = 0, second = 0;
	pid_t old, new;
	CLEANUP(census_free) Census *census = NULL;

	if (!stack_begin(&stack, state) || !stack_push(&stack, 1, &first))
		skip();
	old = process_start(enter_sandbox, stack.place, "old");
	assert_true(stack_push(&stack, 2, &second));
	new = process_start(enter_sandbox, stack.place, "new");
	census = take(&stack, NULL, 0, second);
	assert_true(is_found(census, old, CENSUS_NAMESPACE));
	assert_null(find_process(census, new));
	process_end(old);
	process_end(new);
	stack_end(&stack);
}

static void after_a_revert_generations_are_old_and_the_base_is_not(void **state)
{
	Stack stack;
	dev_t first = 0;
	pid_t on_base, on_first;
	CLEANUP(census_free) Census *census = NULL;

	if (!stack_begin(&stack, state))
		skip();
	on_base = process_start(process_leave_namespace, stack.place, NULL);
	if (!stack_push(&stack, 1, &first))
		skip();
	on_first = process_start(process_leave_namespace, stack.place, NULL);
	stack_end(&stack);
	census = take(&stack, NULL, 0, 0);
	assert_null(find_process(census, on_base));
	assert_null(find_process(census, getpid()));
	assert_true(is_found(census, on_first, CENSUS_NAMESPACE));
	process_end(on_base);
	process_end(on_first);
}

static void reports_a_process_once_for_mappings_and_namespace(void **state)
{
	Stack stack;
	CensusTarget targets[2];
	dev_t first = 0, second = 0;
	pid_t pid;
	CLEANUP(census_free) Census *census = NULL;

	if (!stack_begin(&stack, state) || !stack_push(&stack, 1, &first))
		skip();
	pid = process_start(process_map_in_namespace, stack.place, X);
	assert_true(stack_push(&stack, 2, &second));
	stack_targets(&stack, 1, first, 5, targets);
	census = take(&stack, targets, ARRAY_SIZE(targets), second);
	assert_true(is_found(census, pid, CENSUS_MAPPING));
	/* What it maps is not all that it can come to use. */
	assert_true(find_process(census, pid)->keeps_old_usr);
	assert_int_equal(find_process(census, pid)->old_usr, first);
	process_end(pid);
	stack_end(&stack);
}

#define PROCESS_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(finds_what_older_generations_are_used_for),
		PROCESS_TEST(finds_programs_started_from_an_older_generation),
		PROCESS_TEST(tells_files_of_one_overlay_with_equal_numbers_apart),
		PROCESS_TEST(finds_namespaces_that_stayed_behind),
		PROCESS_TEST(finds_sandboxes_that_were_given_an_older_generation),
		PROCESS_TEST(after_a_revert_generations_are_old_and_the_base_is_not),
		PROCESS_TEST(reports_a_process_once_for_mappings_and_namespace),
	};

	process_continue(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
