/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/content.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KNOWN_MAX = 65536 };

/* As long as none of these changes, neither do the bytes. */
typedef struct Version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
} Version;

typedef struct Known {
	Version version;
	Digest digest;
} Known;

struct Content {
	Known *known; /* sorted by device and inode */
	size_t n;
	size_t capacity;
};

int content_new(Content **ret, Error *error)
{
	Content *content = calloc(1, sizeof(*content));

	if (!content)
		return error_memory(error);
	*ret = content;
	return 0;
}

Content *content_free(Content *content)
{
	if (content) {
		free(content->known);
		free(content);
	}
	return NULL;
}

const char *content_link(const MapsEntry *mapping, char name[static CONTENT_NAME_SIZE])
{
	/* Unlike maps, without leading zeros. */
	(void)snprintf(
		name, CONTENT_NAME_SIZE, "map_files/%" PRIx64 "-%" PRIx64, mapping->start, mapping->end);
	return name;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_version(const Version *a, const Version *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

/* Where the file is in the list, or belongs. */
static size_t place_of(const Content *content, const Version *version)
{
	size_t low = 0, high = content->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const Version *at = &content->known[middle].version;

		if (at->device < version->device ||
			(at->device == version->device && at->inode < version->inode))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Only saves work: where there is no memory for it, the file is read again. */
static void remember(Content *content, size_t place, const Known *known)
{
	if (content->n == content->capacity) {
		size_t capacity = content->capacity ? 2 * content->capacity : 64;
		Known *grown = NULL;

		if (capacity <= KNOWN_MAX)
			grown = reallocarray(content->known, capacity, sizeof(*grown));
		if (!grown)
			return;
		content->known = grown;
		content->capacity = capacity;
	}
	memmove(content->known + place + 1, content->known + place,
		(content->n - place) * sizeof(*content->known));
	content->known[place] = *known;
	content->n++;
}

static int digest_of(Content *content, int fd, const struct stat *status, Digest *ret)
{
	Known known = {{status->st_dev, status->st_ino, status->st_size, status->st_mtim, status->st_ctim}};
	size_t place = place_of(content, &known.version);

	if (place < content->n && same_version(&content->known[place].version, &known.version)) {
		*ret = content->known[place].digest;
		return 0;
	}
	if (hash_file(fd, (uint64_t)status->st_size, &known.digest, NULL, NULL) < 0)
		return -1;
	*ret = known.digest;
	remember(content, place, &known);
	return 0;
}

bool content_differs(Content *content, int directory, const MapsEntry *mapping, const CensusTarget *target)
{
	char name[CONTENT_NAME_SIZE];
	struct stat status;
	Digest digest;
	CLEANUP_CLOSE int fd = -1;

	/* Devices can be mapped too, and opening one may have effects. */
	if (fstatat(directory, content_link(mapping, name), &status, 0) < 0 || !S_ISREG(status.st_mode))
		return false;
	if ((uint64_t)status.st_size != target->size)
		return true;
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0 || digest_of(content, fd, &status, &digest) < 0)
		return false;
	return !digest_equal(&digest, &target->digest);
}
