/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/image/build/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"

enum { UUID_SIZE = 16, UUID_TEXT_SIZE = 37, TIME_TEXT_SIZE = 32 };

/* A UUID of version 8 (RFC 9562: its maker's own rule): the first bytes of the name's SHA-256. */
static int derive_uuid(const char *name, char text[static UUID_TEXT_SIZE], Error *error)
{
	static const size_t group_sizes[] = {4, 2, 2, 2, 6};
	const uint8_t *from;
	Digest digest;

	if (hash_bytes(bytes_of_text(name), &digest, error) < 0)
		return -1;
	digest.bytes[6] = (digest.bytes[6] & 0x0f) | 0x80;
	digest.bytes[8] = (digest.bytes[8] & 0x3f) | 0x80;
	from = digest.bytes;
	for (size_t i = 0; i < ARRAY_SIZE(group_sizes); i++) {
		hex_encode(from, group_sizes[i], text);
		text += 2 * group_sizes[i];
		*text++ = '-';
		from += group_sizes[i];
	}
	text[-1] = '\0';
	return 0;
}

/* Is there an executable of this name in PATH, as execvp() will look for it? */
static bool is_installed(const char *program)
{
	const char *at = getenv("PATH");

	while (at && *at) {
		size_t length = strcspn(at, ":");
		CLEANUP_FREE char *path = NULL;

		if (text_format(&path, NULL, "%.*s/%s", (int)length, at, program) == 0 &&
			access(path, X_OK) == 0)
			return true;
		at += length + (at[length] == ':');
	}
	return false;
}

static int check_tree(const char *tree, Error *error)
{
	struct stat status;

	if (stat(tree, &status) < 0)
		return error_os(error, errno, "cannot read the staged tree %s", tree);
	if (!S_ISDIR(status.st_mode))
		return error_set(error, "the staged tree %s is not a directory", tree);
	return 0;
}

/* An empty new file, so that a place that cannot be written is named by us and not by the usage text that
 * mkfs.erofs prints behind its own complaint. */
static int create_anew(const char *image, Error *error)
{
	CLEANUP_CLOSE int fd = -1;

	if (file_remove(AT_FDCWD, image, error) < 0)
		return -1;
	fd = open(image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_os(error, errno, "cannot create %s", image);
	return 0;
}

/*
 * Uncompressed (no -z) with every file one run of whole blocks; attributes kept. -d1 leaves just errors,
 * which go to stderr. SOURCE_DATE_EPOCH would make mkfs.erofs write other inodes and times in spite of -T.
 */
static int run_mkfs(const char *tree, const char *uuid, int64_t time, const char *image, Error *error)
{
	char time_text[TIME_TEXT_SIZE];
	const char *argv[] = {"env", "-u", "SOURCE_DATE_EPOCH", "mkfs.erofs", "--quiet", "-d1", "-x2", "-T",
		time_text, "-U", uuid, "-E", "noinline_data", "--", image, tree, NULL};

	(void)snprintf(time_text, sizeof(time_text), "%lld", (long long)time);
	return process_run(argv, 0, NULL, error);
}

int image_build(const char *tree, const char *name, int64_t time, const char *image, Error *error)
{
	char uuid[UUID_TEXT_SIZE];

	if (time < 0)
		return error_set(error, "images cannot be older than 1970");
	if (check_tree(tree, error) < 0 || derive_uuid(name, uuid, error) < 0)
		return -1;
	if (!is_installed("mkfs.erofs"))
		return error_set(error, "mkfs.erofs is not installed; install the package erofs-utils");
	if (create_anew(image, error) < 0)
		return -1;
	if (run_mkfs(tree, uuid, time, image, error) < 0) {
		(void)file_remove(AT_FDCWD, image, NULL);
		return error_in(error, "cannot write the image %s", image);
	}
	return 0;
}
