/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/manifest/base-check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"

/* open_below() found nothing at the path, or only through a symlink. */
enum { PATH_ABSENT = 1 };

/* Opens a path of the OS below its usr. Symlinks are never followed, not even inside: a package's own
 * directories are real ones, and a symlink in their place would make the bytes those of another path. */
static int open_below(int usr, const char *path, uint64_t flags, int *ret_fd, Error *error)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (path_check(path, error) < 0)
		return -1;
	if (!text_has_prefix(path, "usr/"))
		return error_set(error, "\"%.200s\" is not below usr/", path);
	fd = syscall(SYS_openat2, usr, path + strlen("usr/"), &how, sizeof(how));
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
		(void)error_os(error, errno, "cannot open %s", path);
		return PATH_ABSENT;
	}
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	*ret_fd = (int)fd;
	return 0;
}

/* What stands at the path, without opening it: its type in *ret_mode. */
static int look_at(int usr, const char *path, mode_t *ret_mode, Error *error)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat status;
	int r = open_below(usr, path, O_PATH, &fd, error);

	if (r != 0)
		return r;
	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine %s", path);
	*ret_mode = status.st_mode;
	return 0;
}

int base_open_file(int usr, const char *path, int *ret_fd, Error *error)
{
	CLEANUP_CLOSE int fd = -1;
	mode_t mode;
	int r = look_at(usr, path, &mode, error);

	if (r != 0)
		return -1;
	/* Looked at first: opening a device or a FIFO has effects of its own. */
	if (!S_ISREG(mode))
		return error_set(error, "%s is not a regular file", path);
	if (open_below(usr, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd, error) != 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int differs(const Manifest *manifest, const char *path, const char *why, Error *error)
{
	(void)error_set(error, "%s is not the file this improvement was made for (%s %s): %s", path,
		manifest->component, manifest->base_version, why);
	return BASE_DIFFERS;
}

static int check_base_file(const Manifest *manifest, const ManifestBaseFile *file, int usr, Error *error)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat status;
	Digest digest;
	mode_t mode;
	int r = look_at(usr, file->path, &mode, error);

	if (r < 0)
		return -1;
	if (r == PATH_ABSENT)
		return differs(manifest, file->path, "it is missing", error);
	if (!S_ISREG(mode))
		return differs(manifest, file->path, "it is not a regular file", error);
	if (base_open_file(usr, file->path, &fd, error) < 0)
		return -1;
	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine %s", file->path);
	if ((uint64_t)status.st_size != file->size)
		return differs(manifest, file->path, "its size differs", error);
	if (hash_file(fd, file->size, &digest, NULL, error) < 0)
		return error_in(error, "%s", file->path);
	if (!digest_equal(&digest, &file->digest))
		return differs(manifest, file->path, "its bytes differ", error);
	return 0;
}

/* Without one of its files the component is not installed; with some of them, it is another version. */
static int is_installed(const Manifest *manifest, int usr, Error *error)
{
	for (size_t i = 0; i < manifest->n_base_files; i++) {
		mode_t mode;
		int r = look_at(usr, manifest->base_files[i].path, &mode, error);

		if (r <= 0)
			return r;
	}
	(void)error_set(error, "%s is not installed", manifest->component);
	return BASE_ABSENT;
}

/* Only regular files of the base are named in a manifest. What stands at another path that the improvement
 * brings may be a symlink of the base, which is replaced, or a directory, which is merged; anything else
 * would be hidden though nobody has looked at it. */
static int check_added(const Manifest *manifest, const ManifestFile *file, int usr, Error *error)
{
	mode_t mode;
	int r = look_at(usr, file->path, &mode, error);

	if (r < 0)
		return -1;
	if (r == PATH_ABSENT || S_ISLNK(mode) || (S_ISDIR(mode) && file->type == MANIFEST_DIRECTORY))
		return 0;
	(void)error_set(error, "%s stands where the improvement for %s %s adds one", file->path,
		manifest->component, manifest->base_version);
	return BASE_DIFFERS;
}

int base_check(const Manifest *manifest, int usr, Error *error)
{
	int r = is_installed(manifest, usr, error);

	for (size_t i = 0; r == 0 && i < manifest->n_base_files; i++)
		r = check_base_file(manifest, &manifest->base_files[i], usr, error);
	for (size_t i = 0; r == 0 && i < manifest->n_files; i++) {
		const ManifestFile *file = &manifest->files[i];

		if (file->type != MANIFEST_REMOVED && !manifest_find_base_file(manifest, file->path))
			r = check_added(manifest, file, usr, error);
	}
	return r;
}
