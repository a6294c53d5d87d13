/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch-report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { REPORT_SIZE_MAX = 16 * 1024 };

static const char format_name[] = "suture-watch-1";
static const char folder[] = "run/suture";
static const char file_name[] = "watch.json";

static int open_folder(int root_fd)
{
	return file_open_in_root(root_fd, folder, O_RDONLY | O_DIRECTORY);
}

int watch_report_write(int root_fd, int64_t until, const char *limits, Error *error)
{
	CLEANUP_CLOSE int run = file_open_in_root(root_fd, "run", O_RDONLY | O_DIRECTORY);
	CLEANUP_CLOSE int directory = -1;
	CLEANUP_JSON json_t *report = json_object();
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (!report)
		return error_memory(error);
	if (run < 0)
		return error_os(error, errno, "cannot open /run");
	if (file_make_directories(run, "suture", 0755, &directory, error) < 0 ||
		json_put_text(report, "format", format_name, error) < 0 ||
		json_put_integer(report, "pid", getpid(), error) < 0 ||
		json_put_time(report, "until", until, error) < 0 ||
		(*limits && json_put_text(report, "limits", limits, error) < 0) ||
		json_write(report, &text, error) < 0)
		return -1;
	return file_replace(directory, file_name, buffer_bytes(&text), 0644, error);
}

void watch_report_remove(int root_fd)
{
	CLEANUP_CLOSE int directory = open_folder(root_fd);

	if (directory >= 0)
		(void)unlinkat(directory, file_name, 0);
}

/* A watch that was killed has left its report behind. */
static bool is_alive(int64_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64, pid);
	return access(path, F_OK) == 0;
}

int watch_report_read(int root_fd, json_t **ret, Error *error)
{
	CLEANUP_CLOSE int directory = open_folder(root_fd);
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_JSON json_t *report = NULL;
	int64_t pid, until;
	int r;

	*ret = NULL;
	if (directory < 0)
		return errno == ENOENT ? 0 : error_os(error, errno, "cannot open /%s", folder);
	r = file_read(directory, file_name, REPORT_SIZE_MAX, &text, error);
	if (r != 0)
		return r == FILE_ABSENT ? 0 : -1;
	if (json_parse(buffer_bytes(&text), REPORT_SIZE_MAX, &report, error) < 0 ||
		json_integer_field(report, "pid", 1, INT32_MAX, &pid, error) < 0 ||
		json_time_field(report, "until", &until, error) < 0)
		return error_in(error, "/%s/%s", folder, file_name);
	if (is_alive(pid))
		*ret = TAKE_PTR(report);
	return 0;
}
