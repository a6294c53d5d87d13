/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parts/census/test-process.h"

static const char FILE_NAME[] = "libold.so";

static Census *take(const CensusTarget *targets, size_t n)
{
	CensusQuery query = {.root = "/", .targets = targets, .n_targets = n};
	Error error = ERROR_INIT;
	Census *census = NULL;

	assert_done(census_take(&query, &census, &error), &error);
	assert_true(census->n_processes > 0);
	return census;
}

static bool is_found(const CensusTarget *target, pid_t pid)
{
	CLEANUP(census_free) Census *census = take(target, 1);

	return find_process(census, pid) != NULL;
}

static void finds_a_process_that_maps_a_file(void **state)
{
	const Place *place = *state;
	CLEANUP(census_free) Census *census = NULL;
	const CensusFinding *finding;
	CensusTarget target;
	struct stat namespace;
	pid_t pid;

	place_write(place, FILE_NAME, "old");
	target = place_target(place, FILE_NAME, 7);
	pid = process_start(process_map, place, FILE_NAME);
	census = take(&target, 1);
	finding = find_process(census, pid);
	assert_non_null(finding);
	assert_int_equal(finding->kind, CENSUS_MAPPING);
	assert_int_equal(finding->subject, 7);
	assert_int_equal(finding->n_subjects, 1);
	assert_int_equal(finding->uid, geteuid());
	assert_true(finding->start_time > 0);
	assert_string_equal(finding->name, "census-census-t");
	assert_int_equal(stat("/proc/self/ns/mnt", &namespace), 0);
	assert_true(finding->namespace == namespace.st_ino);
	assert_null(find_process(census, getpid()));
	process_end(pid);
	assert_false(is_found(&target, pid));
}

static void finds_the_program_itself(void **state)
{
	const Place *place = *state;
	CLEANUP(census_free) Census *census = NULL;
	CensusTarget target;
	pid_t pid;

	place_copy_program(place, "program");
	target = place_target(place, "program", 1);
	pid = process_start(process_become, place, "program");
	census = take(&target, 1);
	assert_non_null(find_process(census, pid));
	assert_int_equal(find_process(census, pid)->kind, CENSUS_EXECUTABLE);
	assert_string_equal(find_process(census, pid)->name, "program");
	process_end(pid);
}

static void finds_a_program_that_was_deleted(void **state)
{
	const Place *place = *state;
	CLEANUP(census_free) Census *census = NULL;
	CensusTarget target;
	pid_t pid;

	place_copy_program(place, "program");
	target = place_target(place, "program", 1);
	pid = process_start(process_become, place, "program");
	assert_int_equal(unlinkat(place->directory, "program", 0), 0);
	census = take(&target, 1);
	assert_non_null(find_process(census, pid));
	assert_int_equal(find_process(census, pid)->kind, CENSUS_EXECUTABLE);
	process_end(pid);
}

static void finds_a_file_that_was_replaced(void **state)
{
	const Place *place = *state;
	CensusTarget target;
	pid_t old, new;

	place_write(place, FILE_NAME, "old");
	target = place_target(place, FILE_NAME, 0);
	old = process_start(process_map, place, FILE_NAME);
	place_write(place, FILE_NAME, "new");
	new = process_start(process_map, place, FILE_NAME);
	assert_true(is_found(&target, old));
	assert_false(is_found(&target, new));
	process_end(old);
	process_end(new);
}

static void tells_a_copy_from_the_file_and_its_links(void **state)
{
	const Place *place = *state;
	CensusTarget target;
	pid_t copy, link;

	place_write(place, FILE_NAME, "old");
	place_write(place, "copy", "old");
	assert_int_equal(linkat(place->directory, FILE_NAME, place->directory, "link", 0), 0);
	target = place_target(place, FILE_NAME, 0);
	copy = process_start(process_map, place, "copy");
	link = process_start(process_map, place, "link");
	assert_false(is_found(&target, copy));
	assert_true(is_found(&target, link));
	process_end(copy);
	process_end(link);
}

static int map_and_fork(const Place *place, const char *name)
{
	return process_map(place, name) < 0 || process_start(process_idle, place, NULL) < 0 ? -1 : 0;
}

static int map_and_become(const Place *place, const char *name)
{
	return process_map(place, name) < 0 ? -1 : process_become(place, "program");
}

static void follows_fork_but_not_exec(void **state)
{
	const Place *place = *state;
	CensusTarget target;
	CLEANUP(census_free) Census *census = NULL;
	size_t n_mapping = 0;
	pid_t forked, executed;

	place_copy_program(place, "program");
	place_write(place, FILE_NAME, "old");
	target = place_target(place, FILE_NAME, 0);
	executed = process_start(map_and_become, place, FILE_NAME);
	assert_false(is_found(&target, executed));
	process_end(executed);
	forked = process_start(map_and_fork, place, FILE_NAME);
	census = take(&target, 1);
	/* Tests that run at the same time may have namespaces that count. */
	for (size_t i = 0; i < census->n_findings; i++)
		n_mapping += census->findings[i].kind == CENSUS_MAPPING;
	assert_int_equal(n_mapping, 2);
	assert_non_null(find_process(census, forked));
	process_end(forked);
}

static void counts_different_subjects_and_names_their_groups(void **state)
{
	const Place *place = *state;
	CLEANUP(census_free) Census *census = NULL;
	CensusTarget targets[4];
	pid_t pid;

	place_copy_program(place, "program");
	pid = process_start(process_become, place, "program");
	place_write(place, FILE_NAME, "old");
	targets[0] = place_target(place, "program", 9);
	targets[1] = place_target(place, "program", 4);
	targets[2] = place_target(place, "program", 4);
	targets[3] = place_target(place, FILE_NAME, 1);
	targets[0].group = CENSUS_GROUPS_MAX - 1;
	targets[1].group = targets[2].group = 2;
	targets[3].group = 1;
	census = take(targets, 4);
	assert_non_null(find_process(census, pid));
	assert_true(find_process(census, pid)->groups == (UINT64_C(1) << (CENSUS_GROUPS_MAX - 1) | 1 << 2));
	assert_int_equal(find_process(census, pid)->subject, 4);
	assert_int_equal(find_process(census, pid)->n_subjects, 2);
	process_end(pid);
}

static int map_in_empty_root(const Place *place, const char *name)
{
	if (mkdirat(place->directory, "empty", 0755) < 0 || fchdir(place->directory) < 0 ||
		chroot("empty") < 0 || chdir("/") < 0)
		return -1;
	return process_map(place, name);
}

static void finds_processes_wherever_they_live(void **state)
{
	static const ProcessWork works[] = {process_map_in_namespace, map_in_empty_root};
	const Place *place = *state;
	CensusTarget target;

	if (geteuid() != 0)
		skip();
	place_write(place, FILE_NAME, "old");
	target = place_target(place, FILE_NAME, 0);
	for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
		pid_t pid = process_start(works[i], place, FILE_NAME);

		assert_true(is_found(&target, pid));
		process_end(pid);
	}
}

static void compares_the_content_where_it_is_known(void **state)
{
	const Place *place = *state;
	Error error = ERROR_INIT;
	CensusTarget target;
	pid_t pid;

	place_write(place, FILE_NAME, "old");
	target = place_target(place, FILE_NAME, 0);
	target.has_digest = true;
	target.size = 3;
	pid = process_start(process_map, place, FILE_NAME);
	assert_done(hash_bytes(bytes_of_text("old"), &target.digest, &error), &error);
	assert_true(is_found(&target, pid));
	/* Who may not follow map_files stays on the safe side. */
	assert_done(hash_bytes(bytes_of_text("new"), &target.digest, &error), &error);
	assert_int_equal(is_found(&target, pid), geteuid() != 0);
	target.size = 4;
	assert_int_equal(is_found(&target, pid), geteuid() != 0);
	process_end(pid);
}

static void *wait_forever(void *unused)
{
	(void)unused;
	(void)!write(PROCESS_READY_FD, "y", 1);
	for (;;)
		(void)pause();
	return NULL;
}

static int map_and_end_first_thread(const Place *place, const char *name)
{
	pthread_t thread;

	if (process_map(place, name) < 0 || pthread_create(&thread, NULL, wait_forever, NULL) != 0)
		return -1;
	pthread_exit(NULL);
}

static bool is_zombie(pid_t pid)
{
	char path[64], text[512] = "";
	FILE *file;
	const char *state;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	(void)!fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	state = strrchr(text, ')');
	return state && state[2] == 'Z';
}

static void finds_a_process_whose_first_thread_has_ended(void **state)
{
	const Place *place = *state;
	CensusTarget target;
	pid_t pid;

	place_write(place, FILE_NAME, "old");
	target = place_target(place, FILE_NAME, 0);
	pid = process_start(map_and_end_first_thread, place, FILE_NAME);
	while (!is_zombie(pid))
		(void)sched_yield();
	assert_true(is_found(&target, pid));
	process_end(pid);
}

static void takes_no_zombie_for_a_process(void **state)
{
	CLEANUP(census_free) Census *census = NULL;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	while (!is_zombie(pid))
		(void)sched_yield();
	census = take(NULL, 0);
	assert_null(find_process(census, pid));
	process_end(pid);
}

/* Exits with 0 when a census without privileges tells that it could not look into more than n processes. */
static _Noreturn void take_unprivileged(size_t n)
{
	CensusQuery query = {.root = "/"};
	Census *census = NULL;

	if (setresuid(65534, 65534, 65534) < 0 || census_take(&query, &census, NULL) < 0)
		_exit(1);
	_exit(census->n_unreadable > n ? 0 : 2);
}

static void says_how_much_it_could_not_see(void **state)
{
	CLEANUP(census_free) Census *census = NULL;
	int status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	/* In a container, even root cannot look into everything. */
	census = take(NULL, 0);
	pid = fork();
	if (pid == 0)
		take_unprivileged(census->n_unreadable);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void knows_the_device_of_a_directory_from_another_namespace(void **state)
{
	const Place *place = *state;
	CLEANUP_CLOSE int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int away = -1;
	Error error = ERROR_INIT;
	dev_t device;

	if (!enter_private_namespace())
		skip();
	away = open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(away >= 0);
	assert_int_equal(setns(home, CLONE_NEWNS), 0);
	assert_done(census_device_of(away, &device, &error), &error);
	assert_true(device == place->device);
	assert_fails(census_device_of(-1, &device, &error), &error, "cannot examine");
}

#define PROCESS_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(finds_a_process_that_maps_a_file),
		PROCESS_TEST(finds_the_program_itself),
		PROCESS_TEST(finds_a_program_that_was_deleted),
		PROCESS_TEST(finds_a_file_that_was_replaced),
		PROCESS_TEST(tells_a_copy_from_the_file_and_its_links),
		PROCESS_TEST(follows_fork_but_not_exec),
		PROCESS_TEST(counts_different_subjects_and_names_their_groups),
		PROCESS_TEST(finds_processes_wherever_they_live),
		PROCESS_TEST(compares_the_content_where_it_is_known),
		PROCESS_TEST(finds_a_process_whose_first_thread_has_ended),
		PROCESS_TEST(takes_no_zombie_for_a_process),
		PROCESS_TEST(says_how_much_it_could_not_see),
		PROCESS_TEST(knows_the_device_of_a_directory_from_another_namespace),
	};

	process_continue(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
