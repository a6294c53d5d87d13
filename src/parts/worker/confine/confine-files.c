/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"

enum { PATH_SIZE_MAX = 512 };

/* The directories above path, which begins with a slash. */
static int make_directories(int root, const char *path, Error *error)
{
	char part[PATH_SIZE_MAX];

	if (strlen(path) >= sizeof(part))
		return error_set(error, "%s is too long a path", path);
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t size = (size_t)(slash - path) - 1;

		memcpy(part, path + 1, size);
		part[size] = '\0';
		if (mkdirat(root, part, 0755) < 0 && errno != EEXIST)
			return error_os(error, errno, "cannot make %s in its root", part);
	}
	return 0;
}

static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n == 0 ? 0 : -1;
}

/* What is not there, or no file, is left out. How much there is, is bounded by the file system that it goes
 * to. */
static int copy_file(int from_directory, const char *from, int to_directory, const char *to, Error *error)
{
	CLEANUP_CLOSE int in = openat(from_directory, from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEANUP_CLOSE int out = -1;
	struct stat status;

	if (in < 0 && errno == ENOENT)
		return 0;
	if (in < 0 || fstat(in, &status) < 0)
		return error_os(error, errno, "cannot open %s", from);
	if (!S_ISREG(status.st_mode))
		return 0;
	out = openat(to_directory, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (out < 0 && errno == EEXIST)
		return 0;
	if (out < 0 || copy_bytes(in, out) < 0)
		return error_os(error, errno, "cannot copy %s to its root", from);
	return 0;
}

int confine_copy_files(int root, const char *const *files, Error *error)
{
	for (; *files; files++)
		if (make_directories(root, *files, error) < 0 ||
			copy_file(AT_FDCWD, *files, root, *files + 1, error) < 0)
			return -1;
	return 0;
}

/* "2e4eed3c.0": OpenSSL looks a certificate up by a digest of its subject. */
static bool is_certificate(const char *name)
{
	for (size_t i = 0; i < 8; i++)
		if (!isxdigit((unsigned char)name[i]))
			return false;
	return name[8] == '.' && isdigit((unsigned char)name[9]);
}

static int copy_listed(DIR *from, int to, Error *error)
{
	const struct dirent *entry;

	for (errno = 0; (entry = readdir(from)); errno = 0)
		if (is_certificate(entry->d_name) &&
			copy_file(dirfd(from), entry->d_name, to, entry->d_name, error) < 0)
			return -1;
	return errno == 0 ? 0 : error_os(error, errno, "cannot list the certificates");
}

int confine_copy_certificates(int root, const char *directory, Error *error)
{
	CLEANUP(closedir) DIR *from = opendir(directory);
	CLEANUP_CLOSE int to = -1;

	if (!from && errno == ENOENT)
		return 0;
	if (!from)
		return error_os(error, errno, "cannot open %s", directory);
	if (make_directories(root, directory, error) < 0)
		return -1;
	if (mkdirat(root, directory + 1, 0755) < 0 && errno != EEXIST)
		return error_os(error, errno, "cannot make %s in its root", directory);
	to = openat(root, directory + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return error_os(error, errno, "cannot open %s in its root", directory);
	return copy_listed(from, to, error);
}
