/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

int place_enter(const Place *place, Error *error)
{
	CLEANUP_CLOSE int namespace = -1;

	if (!place->host_mounts)
		return 0;
	namespace = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (namespace < 0 || setns(namespace, CLONE_NEWNS) < 0)
		return error_os(error, errno, "cannot get to the mounts of this machine");
	return 0;
}

int place_open_mounts(const Place *place, int *ret_fd, Error *error)
{
	const char *path = place->host_mounts ? "/proc/1/mountinfo" : "/proc/self/mountinfo";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_os(error, errno, "cannot watch %s", path);
	*ret_fd = fd;
	return 0;
}

static _Noreturn void tell_generation(const Place *place, int out)
{
	uint64_t generation = 0;
	bool told = place_enter(place, NULL) == 0 &&
		    engine_generation(place->options.root, &generation, NULL) == 0 &&
		    write(out, &generation, sizeof(generation)) == sizeof(generation);

	_exit(told ? 0 : 1);
}

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Who has entered a mount namespace does not find back into that of his own: it takes another process. */
static int ask_process(const Place *place, uint64_t *ret, Error *error)
{
	CLEANUP_CLOSE int in = -1, out = -1;
	uint64_t generation = 0;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_os(error, errno, "cannot make a pipe");
	in = ends[0];
	out = ends[1];
	child = fork();
	if (child < 0)
		return error_os(error, errno, "cannot start a process");
	if (child == 0)
		tell_generation(place, out);
	if (wait_for(child) != 0 || read(in, &generation, sizeof(generation)) != sizeof(generation))
		return error_set(error, "cannot tell the current generation");
	*ret = generation;
	return 0;
}

int place_generation(const Place *place, uint64_t *ret, Error *error)
{
	return place->host_mounts ? ask_process(place, ret, error)
				  : engine_generation(place->options.root, ret, error);
}
