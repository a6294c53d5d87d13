/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a .deb: read or refused, and what was read holds together.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/path.h"
#include "programs/publisher/package/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const PackageSet *set)
{
	for (size_t i = 0; i < set->n_entries; i++) {
		const PackageEntry *entry = &set->entries[i];

		if (!path_is_safe(entry->path) || entry->link ||
			!range_within(entry->offset, entry->size, set->spool.size) ||
			(i > 0 && strcmp(entry[-1].path, entry->path) >= 0))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(package_set_free) PackageSet *set = NULL;
	CLEANUP_CLOSE int fd = memfd_create("deb", MFD_CLOEXEC);
	char path[64];
	const char *word = path;

	if (fd < 0 || file_write_all(fd, (Bytes){data, size}, "the input", NULL) < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (package_set_read(&word, 1, &set, NULL) == 0)
		check(set);
	return 0;
}
