/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

mode_t output_mode(mode_t mode)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return mode & ~mask;
}

int output_temporary_name(const char *path, char **ret, Error *error)
{
	const char *base = path_basename(path);
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return error_os(error, errno, "cannot get random bytes");
	return text_format(ret, error, "%.*s.%.200s.%016llx.tmp", (int)(base - path), path, base,
		(unsigned long long)random);
}

static int create_beside(const char *path, char **ret_name, int *ret_fd, Error *error)
{
	CLEANUP_FREE char *name = NULL;
	int fd;

	if (output_temporary_name(path, &name, error) < 0)
		return -1;
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_os(error, errno, "cannot create %s", path);
	*ret_name = TAKE_PTR(name);
	*ret_fd = fd;
	return 0;
}

int output_open(const char *path, Output *ret, Error *error)
{
	struct stat status;
	Output output = {.path = path, .fd = -1};

	if (!*path_basename(path) || (stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
		return error_set(error, "%s is a directory", path);
	if (create_beside(path, &output.temporary, &output.fd, error) < 0)
		return -1;
	*ret = output;
	return 0;
}

int output_write(Output *output, Bytes bytes, Error *error)
{
	return file_write_all(output->fd, bytes, output->path, error);
}

int output_commit(Output *output, mode_t mode, Error *error)
{
	if (fchmod(output->fd, mode) < 0)
		return error_os(error, errno, "cannot set the mode of %s", output->path);
	if (file_sync(output->fd, output->path, error) < 0)
		return -1;
	if (rename(output->temporary, output->path) < 0)
		return error_os(error, errno, "cannot replace %s", output->path);
	free(output->temporary);
	output->temporary = NULL;
	return file_sync_parent(AT_FDCWD, output->path, error);
}

void output_clear(Output *output)
{
	if (output->temporary)
		(void)unlink(output->temporary);
	free(output->temporary);
	(void)close_keeping_errno(output->fd);
	*output = OUTPUT_INIT;
}

int output_scratch(const char *path, int *ret_fd, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	if (create_beside(path, &name, ret_fd, error) < 0)
		return -1;
	(void)unlink(name);
	return 0;
}
