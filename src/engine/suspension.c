/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/suspension.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum { STAT_SIZE_MAX = 4096, TIME_SIZE_MAX = 64, FIELDS_TO_START_TIME = 19 };

static const char at_work[] = "at-work";
static const char mark[] = "suspended";

/* ROOT/run/suture; -1 with errno. */
static int open_directory(int root)
{
	CLEANUP_CLOSE int run = file_open_in_root(root, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return run < 0 ? -1 : openat(run, "suture", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int make_directory(int root)
{
	CLEANUP_CLOSE int run = -1;

	if (mkdirat(root, "run", 0755) < 0 && errno != EEXIST)
		return -1;
	run = file_open_in_root(root, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run < 0 || (mkdirat(run, "suture", 0755) < 0 && errno != EEXIST))
		return -1;
	return open_directory(root);
}

/* proc_pid_stat(5): "PID (NAME) STATE …", where the 22nd field is when the process started; a name may hold
 * blanks and parentheses. A zombie's work is over. */
static bool read_process(PackageManager *manager)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	char path[64], *name, *end, *field;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", manager->pid);
	if (file_read(AT_FDCWD, path, STAT_SIZE_MAX, &text, NULL) != 0 || text.size == 0)
		return false;
	text.data[text.size - 1] = '\0';
	name = strchr((char *)text.data, '(');
	end = name ? strrchr(name, ')') : NULL;
	if (!end || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X')
		return false;
	*end = '\0';
	(void)snprintf(manager->name, sizeof(manager->name), "%s", name + 1);
	field = end + 1;
	for (int i = 0; i < FIELDS_TO_START_TIME && field; i++)
		field = strchr(field + 1, ' ');
	return field && sscanf(field, "%llu", &manager->started) == 1;
}

/* The same process as the one that entered its name? What could not be read counts as the same. */
static bool is_at_work(int directory, const char *name, PackageManager *ret)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	PackageManager manager = {.pid = 0};
	unsigned long long started = 0;
	int64_t pid;

	if (text_to_integer(name, 1, INT32_MAX, &pid, NULL) < 0)
		return false;
	manager.pid = (pid_t)pid;
	if (!read_process(&manager))
		return false;
	if (file_read(directory, name, TIME_SIZE_MAX, &text, NULL) == 0 && text.size > 0 &&
		sscanf((const char *)text.data, "%llu", &started) == 1 && started != manager.started)
		return false;
	*ret = manager;
	return true;
}

static int open_list(int root, DIR **ret, Error *error)
{
	CLEANUP_CLOSE int directory = open_directory(root);
	int list = directory < 0
			   ? -1
			   : openat(directory, at_work, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (list < 0)
		return errno == ENOENT
			       ? SUSPENSION_NOBODY
			       : error_os(error, errno, "cannot tell whether a package manager is at work");
	*ret = fdopendir(list);
	if (*ret)
		return 0;
	(void)close_keeping_errno(list);
	return error_os(error, errno, "cannot tell whether a package manager is at work");
}

int suspension_find_manager(int root, PackageManager *ret, Error *error)
{
	CLEANUP(closedir) DIR *list = NULL;
	struct dirent *entry;
	int r = open_list(root, &list, error);

	if (r != 0)
		return r;
	while ((entry = readdir(list)))
		if (is_at_work(dirfd(list), entry->d_name, ret))
			return 0;
	return SUSPENSION_NOBODY;
}

static int wait_for(const PackageManager *manager, Error *error)
{
	CLEANUP_CLOSE int process = pidfd_open(manager->pid, 0);
	struct pollfd end = {.fd = process, .events = POLLIN};
	PackageManager now = {.pid = manager->pid};

	if (process < 0)
		return errno == ESRCH ? 0 : error_os(error, errno, "cannot wait for pid %d", manager->pid);
	/* It may have ended, and its number been given to another, before the descriptor was there. */
	if (!read_process(&now) || now.started != manager->started)
		return 0;
	while (poll(&end, 1, -1) < 0)
		if (errno != EINTR)
			return error_os(error, errno, "cannot wait for pid %d", manager->pid);
	return 0;
}

int suspension_wait(int root, Error *error)
{
	PackageManager manager;
	int r;

	while ((r = suspension_find_manager(root, &manager, error)) == 0)
		if (wait_for(&manager, error) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

int suspension_refuse(int root, Error *error)
{
	PackageManager manager;
	int r = suspension_find_manager(root, &manager, error);

	if (r == 0)
		return error_set(error,
			"a package manager is at work (%s, pid %d), and the base with it: run the command "
			"again when it is done",
			manager.name, manager.pid);
	return r < 0 ? -1 : 0;
}

bool suspension_is_on(int root)
{
	CLEANUP_CLOSE int directory = open_directory(root);

	return directory >= 0 && faccessat(directory, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int suspension_lock(int root, int *ret_fd, Error *error)
{
	CLEANUP_CLOSE int directory = make_directory(root);
	CLEANUP_CLOSE int lock = -1;

	if (directory >= 0)
		lock = openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0 && errno == EROFS) {
		*ret_fd = -1;
		return 0;
	}
	if (lock < 0)
		return error_os(error, errno, "cannot open run/suture/lock below the root");
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_os(error, errno, "cannot lock run/suture/lock below the root");
	*ret_fd = TAKE_FD(lock);
	return 0;
}

int suspension_begin(int root, Error *error)
{
	CLEANUP_CLOSE int directory = open_directory(root);
	CLEANUP_CLOSE int file =
		directory < 0 ? -1
			      : openat(directory, mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	return file < 0 ? error_os(error, errno, "cannot make run/suture/%s below the root", mark) : 0;
}

/* What is left here of those that were killed is nobody's. */
static void forget_ended(int root)
{
	CLEANUP(closedir) DIR *list = NULL;
	PackageManager ignored;
	struct dirent *entry;

	if (open_list(root, &list, NULL) != 0)
		return;
	while ((entry = readdir(list)))
		if (entry->d_name[0] != '.' && !is_at_work(dirfd(list), entry->d_name, &ignored))
			(void)unlinkat(dirfd(list), entry->d_name, 0);
}

void suspension_end(int root)
{
	CLEANUP_CLOSE int directory = open_directory(root);

	if (directory < 0)
		return;
	(void)unlinkat(directory, mark, 0);
	forget_ended(root);
}
