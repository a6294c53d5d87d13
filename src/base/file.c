/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"

enum { COPY_SIZE = 128 * 1024 };

int file_read(int directory, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0 && errno == ENOENT) {
		(void)error_os(error, ENOENT, "%s", name);
		return FILE_ABSENT;
	}
	if (fd < 0)
		return error_os(error, errno, "cannot open %s", name);
	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine %s", name);
	if (!S_ISREG(status.st_mode))
		return error_set(error, "%s is not a regular file", name);
	if ((uint64_t)status.st_size > max)
		return error_set(error, "%s has %lld bytes, more than the %llu allowed", name,
			(long long)status.st_size, (unsigned long long)max);
	/* One byte beyond the size shows the end, or that the file has grown meanwhile. */
	for (uint64_t got = 0;;) {
		size_t want = (size_t)status.st_size > got ? (size_t)status.st_size - got + 1 : 4096;
		ssize_t n;

		if (buffer_reserve(ret, want, error) < 0)
			return -1;
		n = read(fd, ret->data + ret->size, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot read %s", name);
		ret->data[ret->size + (size_t)n] = 0;
		if (n == 0)
			return 0;
		ret->size += (size_t)n;
		got += (uint64_t)n;
		if (got > max)
			return error_set(error, "%s has more than the %llu bytes allowed", name,
				(unsigned long long)max);
	}
}

int file_write_all(int fd, Bytes bytes, const char *what, Error *error)
{
	while (bytes.size > 0) {
		ssize_t n = write(fd, bytes.data, bytes.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot write %s", what);
		bytes.data += n;
		bytes.size -= (size_t)n;
	}
	return 0;
}

int file_sync(int fd, const char *what, Error *error)
{
	if (fsync(fd) < 0)
		return error_os(error, errno, "cannot make %s durable", what);
	return 0;
}

int file_sync_parent(int directory, const char *name, Error *error)
{
	const char *base = path_basename(name);
	CLEANUP_FREE char *parent = NULL;
	CLEANUP_CLOSE int fd = -1;

	if (text_format(&parent, error, "%.*s", (int)(base - name), name) < 0)
		return -1;
	fd = openat(directory, *parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_os(error, errno, "cannot open the directory of %s", name);
	return file_sync(fd, name, error);
}

int file_replace(int directory, const char *name, Bytes content, mode_t mode, Error *error)
{
	CLEANUP_FREE char *temporary = NULL;
	CLEANUP_CLOSE int fd = -1;
	const char *base = path_basename(name);
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return error_os(error, errno, "cannot get random bytes");
	if (text_format(&temporary, error, "%.*s.%s.%08x.tmp", (int)(base - name), name, base, random) < 0)
		return -1;
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_os(error, errno, "cannot create %s", name);
	/* fchmod: the umask must not decide who may read trusted metadata. */
	if (file_write_all(fd, content, name, error) < 0)
		goto fail;
	if (fchmod(fd, mode) < 0) {
		(void)error_os(error, errno, "cannot set the mode of %s", name);
		goto fail;
	}
	if (file_sync(fd, name, error) < 0)
		goto fail;
	if (renameat(directory, temporary, directory, name) < 0) {
		(void)error_os(error, errno, "cannot replace %s", name);
		goto fail;
	}
	return file_sync_parent(directory, name, error);

fail:
	(void)unlinkat(directory, temporary, 0);
	return -1;
}

int file_rename(int directory, const char *from, const char *to, Error *error)
{
	if (renameat(directory, from, directory, to) < 0)
		return error_os(error, errno, "cannot rename %s to %s", from, to);
	return file_sync_parent(directory, to, error);
}

int file_remove(int directory, const char *name, Error *error)
{
	if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
		return error_os(error, errno, "cannot remove %s", name);
	return 0;
}

int file_make_directories(int directory, const char *path, mode_t mode, int *ret_fd, Error *error)
{
	CLEANUP_CLOSE int at = openat(directory, *path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *rest = path + strspn(path, "/");

	if (at < 0)
		return error_os(error, errno, "cannot open the directory above %s", path);
	while (*rest) {
		size_t n = strcspn(rest, "/");
		CLEANUP_FREE char *name = strndup(rest, n);
		int next;

		if (!name)
			return error_memory(error);
		if (mkdirat(at, name, mode) == 0) {
			if (file_sync_parent(at, name, error) < 0)
				return -1;
		} else if (errno != EEXIST) {
			return error_os(error, errno, "cannot make the directory %s", path);
		}
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			return error_os(error, errno, "cannot open the directory %s", path);
		(void)close(at);
		at = next;
		rest += n + strspn(rest + n, "/");
	}
	if (ret_fd)
		*ret_fd = TAKE_FD(at);
	return 0;
}

static int remove_tree_on(int directory, const char *name, dev_t device, Error *error);

static int remove_entries(int fd, dev_t device, Error *error)
{
	CLEANUP(closedir) DIR *listing = NULL;
	struct dirent *entry;
	int own = dup(fd);

	listing = own < 0 ? NULL : fdopendir(own);
	if (!listing) {
		(void)error_os(error, errno, "cannot list a directory");
		return close_keeping_errno(own);
	}
	while ((entry = readdir(listing))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (remove_tree_on(fd, entry->d_name, device, error) < 0)
			return -1;
	}
	return 0;
}

static int remove_tree_on(int directory, const char *name, dev_t device, Error *error)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat status;

	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_os(error, errno, "cannot remove %s", name);
	fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot remove %s", name);
	if (status.st_dev != device)
		return error_set(error, "cannot remove %s: something is mounted there", name);
	if (remove_entries(fd, device, error) < 0)
		return error_in(error, "in %s", name);
	if (unlinkat(directory, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_os(error, errno, "cannot remove %s", name);
	return 0;
}

int file_remove_tree(int directory, const char *name, Error *error)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_os(error, errno, "cannot remove %s", name);
	}
	return remove_tree_on(directory, name, status.st_dev, error);
}

int file_copy(int from, int to, uint64_t max, const char *what, Error *error)
{
	CLEANUP_FREE uint8_t *block = malloc(COPY_SIZE);
	uint64_t done = 0;

	if (!block)
		return error_memory(error);
	for (;;) {
		ssize_t n = read(from, block, COPY_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot read %s", what);
		if (n == 0)
			return 0;
		done += (uint64_t)n;
		if (done > max)
			return error_set(error, "%s has more than the %llu bytes allowed", what,
				(unsigned long long)max);
		if (file_write_all(to, (Bytes){block, (size_t)n}, what, error) < 0)
			return -1;
	}
}

int file_map(int fd, uint64_t max, const char *what, FileMap *ret, Error *error)
{
	struct stat status;
	void *data;

	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine %s", what);
	if (!S_ISREG(status.st_mode))
		return error_set(error, "%s is not a regular file", what);
	if ((uint64_t)status.st_size > max || (uint64_t)status.st_size > SIZE_MAX / 2)
		return error_set(error, "%s has %lld bytes, more than the %llu allowed", what,
			(long long)status.st_size, (unsigned long long)max);
	if (status.st_size == 0) {
		*ret = (FileMap){NULL, 0};
		return 0;
	}
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return error_os(error, errno, "cannot map %s", what);
	*ret = (FileMap){data, (size_t)status.st_size};
	return 0;
}

void file_unmap(FileMap *map)
{
	if (map->data)
		(void)munmap((void *)(uintptr_t)map->data, map->size);
	*map = (FileMap){NULL, 0};
}

int file_temporary_directory(const char *prefix, char **ret_path, Error *error)
{
	const char *base = getenv("TMPDIR");
	CLEANUP_FREE char *path = NULL;

	if (text_format(&path, error, "%s/%s-XXXXXX", base && *base == '/' ? base : "/var/tmp", prefix) < 0)
		return -1;
	if (!mkdtemp(path))
		return error_os(error, errno, "cannot make the temporary directory %s", path);
	*ret_path = TAKE_PTR(path);
	return 0;
}
