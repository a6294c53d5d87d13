/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { TEXT_FILE_MAX = 256 * 1024 };

int proc_condition(int os_error)
{
	switch (os_error) {
	case ENOENT:
	case ESRCH:
		return PROC_GONE;
	case EACCES:
	case EPERM:
		return PROC_DENIED;
	default:
		return 0;
	}
}

static int condition_or_error(int os_error, const char *name, Error *error)
{
	int condition = proc_condition(os_error);

	return condition ? condition : error_os(error, os_error, "cannot look at %s of a process", name);
}

int proc_open_root(int *ret_fd, Error *error)
{
	CLEANUP_CLOSE int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;

	if (fd < 0 || fstatfs(fd, &status) < 0)
		return error_os(error, errno, "cannot open /proc");
	if (status.f_type != PROC_SUPER_MAGIC)
		return error_set(error, "/proc is not mounted, therefore no process can be seen");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int proc_open_process(int proc, pid_t pid, int *ret_fd, Error *error)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "%d", (int)pid);
	return proc_open(proc, name, O_RDONLY | O_DIRECTORY, ret_fd, error);
}

int proc_open(int directory, const char *name, int flags, int *ret_fd, Error *error)
{
	int fd = openat(directory, name, flags | O_CLOEXEC);

	if (fd < 0)
		return condition_or_error(errno, name, error);
	*ret_fd = fd;
	return 0;
}

int proc_examine(int directory, const char *name, struct statx *ret, Error *error)
{
	int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;

	if (statx(directory, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, ret) < 0)
		return condition_or_error(errno, name, error);
	return 0;
}

int proc_namespace(int directory, uint64_t *ret, Error *error)
{
	struct statx status;
	int r = proc_examine(directory, "ns/mnt", &status, error);

	if (r == 0)
		*ret = status.stx_ino;
	return r;
}

static int read_text(int directory, const char *name, Buffer *ret, Error *error)
{
	Error failure = ERROR_INIT;
	int r = file_read(directory, name, TEXT_FILE_MAX, ret, &failure);
	int condition = proc_condition(failure.os_error);

	if (r == 0)
		return 0;
	return condition ? condition : error_set(error, "%s", failure.text);
}

int proc_stat(int directory, ProcStat *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int r = read_text(directory, "stat", &text, error);

	return r == 0 ? proc_text_stat(buffer_bytes(&text), ret, error) : r;
}

int proc_uid(int directory, uid_t *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int r = read_text(directory, "status", &text, error);

	return r == 0 ? proc_text_uid(buffer_bytes(&text), ret, error) : r;
}

int proc_unit(int directory, char unit[static CENSUS_UNIT_SIZE], Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int r = read_text(directory, "cgroup", &text, error);

	if (r == 0)
		proc_text_unit(buffer_bytes(&text), unit);
	return r;
}
