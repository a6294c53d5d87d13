/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"

enum { COPY_SIZE = 128 * 1024, IN_ROOT_TRIES_MAX = 1000 };

/* Appends what is behind the offset of fd. size is what it should have: one byte beyond shows the end, or
 * that the file has grown meanwhile. */
static int read_to_end(int fd, const char *name, uint64_t size, uint64_t max, Buffer *ret, Error *error)
{
	for (uint64_t got = 0;;) {
		size_t want = (size_t)(size > got ? size - got + 1 : 4096);
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

int file_read(int directory, const char *name, uint64_t max, Buffer *ret, Error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t before = ret->size;
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
	if (read_to_end(fd, name, (uint64_t)status.st_size, max, ret, error) < 0) {
		buffer_cut(ret, before);
		return -1;
	}
	return 0;
}

int file_open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int tries = 0;
	long fd;

	/* EAGAIN: something was renamed or mounted anywhere while the kernel went up a "..", and it cannot be
	 * sure of having stayed below the root. */
	do
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN && ++tries < IN_ROOT_TRIES_MAX);
	return (int)fd;
}

int file_write_all(int fd, Bytes bytes, const char *what, Error *error)
{
	while (bytes.size > 0) {
		ssize_t n = write(fd, bytes.data, bytes.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_os(error, n < 0 ? errno : EIO, "cannot write %s", what);
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

int file_replace_with_next(int directory, const char *name, Bytes content, mode_t mode, Error *error)
{
	CLEANUP_FREE char *temporary = NULL;
	CLEANUP_CLOSE int fd = -1;
	const char *base = path_basename(name);
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return error_os(error, errno, "cannot get random bytes");
	if (text_format(&temporary, error, "%.*s.%.200s.%08x.tmp", (int)(base - name), name, base, random) <
		0)
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
	return 0;

fail:
	(void)unlinkat(directory, temporary, 0);
	return -1;
}

int file_replace(int directory, const char *name, Bytes content, mode_t mode, Error *error)
{
	if (file_replace_with_next(directory, name, content, mode, error) < 0)
		return -1;
	return file_sync_parent(directory, name, error);
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
		next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			return error_os(error, errno, "cannot open the directory %s", path);
		(void)close(at);
		at = next;
		rest += n + strspn(rest + n, "/");
	}
	if (ret_fd) {
		int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return error_os(error, errno, "cannot open the directory %s", path);
		*ret_fd = fd;
	}
	return 0;
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
