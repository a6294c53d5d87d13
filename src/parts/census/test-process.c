/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/test-process.h"

#include "base/test.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"

int place_setup(void **state)
{
	Place *place = calloc(1, sizeof(*place));
	Error error = ERROR_INIT;

	assert_non_null(place);
	assert_done(file_temporary_directory("census-test", &place->path, &error), &error);
	place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->directory >= 0);
	assert_done(census_device_of(place->directory, &place->device, &error), &error);
	*state = place;
	return 0;
}

int place_teardown(void **state)
{
	Place *place = *state;
	Error error = ERROR_INIT;

	(void)close(place->directory);
	assert_done(file_remove_tree(AT_FDCWD, place->path, &error), &error);
	free(place->path);
	free(place);
	return 0;
}

void place_make_directory(const Place *place, const char *name)
{
	Error error = ERROR_INIT;

	assert_done(file_make_directories(place->directory, name, 0755, NULL, &error), &error);
}

void place_write(const Place *place, const char *name, const char *text)
{
	CLEANUP_FREE char *parent = strndup(name, (size_t)(path_basename(name) - name));
	Error error = ERROR_INIT;

	assert_non_null(parent);
	place_make_directory(place, parent);
	assert_done(file_replace(place->directory, name, bytes_of_text(text), 0644, &error), &error);
}

void place_copy_program(const Place *place, const char *name)
{
	CLEANUP_CLOSE int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int to = openat(place->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	Error error = ERROR_INIT;

	assert_true(from >= 0 && to >= 0);
	assert_done(file_copy(from, to, INT_MAX, name, &error), &error);
}

CensusTarget place_target(const Place *place, const char *name, size_t subject)
{
	struct stat status;

	assert_int_equal(fstatat(place->directory, name, &status, 0), 0);
	return (CensusTarget){.device = place->device, .inode = status.st_ino, .subject = subject};
}

pid_t process_start(ProcessWork work, const Place *place, const char *argument)
{
	int ready[2];
	char answer = '\0';
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(ready[1], PROCESS_READY_FD) < 0 || work(place, argument) < 0)
			_exit(1);
		(void)!write(PROCESS_READY_FD, "y", 1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &answer, 1), 1);
	assert_int_equal(answer, 'y');
	(void)close(ready[0]);
	return pid;
}

void process_end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int process_map(const Place *place, const char *name)
{
	CLEANUP_CLOSE int fd = openat(place->directory, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}

bool enter_private_namespace(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int process_leave_namespace(const Place *place, const char *unused)
{
	(void)place;
	(void)unused;
	return enter_private_namespace() ? 0 : -1;
}

int process_idle(const Place *place, const char *unused)
{
	(void)place;
	(void)unused;
	return 0;
}

int process_map_in_namespace(const Place *place, const char *name)
{
	CLEANUP_FREE char *path = NULL;

	if (!enter_private_namespace() || path_join(place->path, name, &path, NULL) < 0)
		return -1;
	return process_map(place, path);
}

int process_become(const Place *place, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", place->path, name) >= (int)sizeof(path))
		return -1;
	return execl(path, path, "--become", NULL);
}

void process_continue(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "--become") != 0)
		return;
	(void)!write(PROCESS_READY_FD, "y", 1);
	for (;;)
		(void)pause();
}

const CensusFinding *find_process(const Census *census, pid_t pid)
{
	for (size_t i = 0; i < census->n_findings; i++) {
		assert_true(i == 0 || census->findings[i - 1].pid < census->findings[i].pid);
		if (census->findings[i].pid == pid)
			return &census->findings[i];
	}
	return NULL;
}

bool place_enter_private_namespace(Place *place)
{
	if (!enter_private_namespace())
		return false;
	(void)close(place->directory);
	place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->directory >= 0);
	return true;
}
