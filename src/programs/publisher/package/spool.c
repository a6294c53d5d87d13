/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/package/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

int spool_open(Spool *spool, uint64_t max, Error *error)
{
	CLEANUP_FREE char *directory = NULL;

	if (file_temporary_directory("suture-spool", &directory, error) < 0)
		return -1;
	spool->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spool->fd < 0)
		(void)error_os(error, errno, "cannot make a temporary file in %s", directory);
	(void)rmdir(directory);
	spool->max = max;
	return spool->fd < 0 ? -1 : 0;
}

void spool_close(Spool *spool)
{
	file_unmap(&spool->map);
	(void)hash_free(spool->hash);
	(void)close_keeping_errno(spool->fd);
	*spool = SPOOL_INIT;
}

int spool_begin(Spool *spool, Error *error)
{
	spool->hash = hash_free(spool->hash);
	spool->begun = spool->size;
	return hash_new(&spool->hash, error);
}

int spool_write(Spool *spool, Bytes bytes, Error *error)
{
	if (bytes.size > spool->max - spool->size)
		return error_set(
			error, "unpacks to more than the %llu bytes allowed", (unsigned long long)spool->max);
	if (hash_update(spool->hash, bytes, error) < 0 ||
		file_write_all(spool->fd, bytes, "a temporary file", error) < 0)
		return -1;
	spool->size += bytes.size;
	return 0;
}

int spool_end(Spool *spool, uint64_t *ret_offset, uint64_t *ret_size, Digest *ret_digest, Error *error)
{
	if (hash_finish(spool->hash, ret_digest, error) < 0)
		return -1;
	spool->hash = hash_free(spool->hash);
	*ret_offset = spool->begun;
	*ret_size = spool->size - spool->begun;
	return 0;
}

int spool_map(Spool *spool, Error *error)
{
	return file_map(spool->fd, spool->max, "a temporary file", &spool->map, error);
}
