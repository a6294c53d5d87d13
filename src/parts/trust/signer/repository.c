/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/repository.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/trust/metadata.h"

enum { FILE_MODE = 0644, DIRECTORY_MODE = 0755 };

static int lock(int directory, Repository *repository, Error *error)
{
	repository->metadata = openat(directory, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (repository->metadata < 0 && errno == ENOENT)
		return error_set(error, "there is no repository here: it has no directory \"metadata\"");
	if (repository->metadata < 0)
		return error_os(error, errno, "cannot open the directory \"metadata\"");
	if (flock(repository->metadata, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(error, "another publication to this repository is under way");
		return error_os(error, errno, "cannot lock the repository");
	}
	return 0;
}

/* version 0: a file without a version in its name. FILE_ABSENT when there is none. */
static int read_file(
	const Repository *repository, int64_t version, const char *role, Buffer *ret, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	if ((version == 0 ? text_format(&name, error, "%s.json", role)
			  : text_format(&name, error, "%lld.%s.json", (long long)version, role)) < 0)
		return -1;
	return file_read(repository->metadata, name, METADATA_SIZE_MAX, ret, error);
}

static int read_roots(Repository *repository, Error *error)
{
	for (int64_t version = 1;; version++) {
		CLEANUP_BUFFER Buffer root = BUFFER_INIT;
		int done = read_file(repository, version, "root", &root, error);

		if (done == FILE_ABSENT && version > 1)
			return trusted_set_finish_root(repository->set, error);
		if (done != 0)
			return -1;
		/* At the beginning of time nothing has expired: a publisher must be able to renew what has.
		 */
		if ((version == 1 ? trusted_set_new(buffer_bytes(&root), 0, &repository->set, error)
				  : trusted_set_update_root(repository->set, buffer_bytes(&root), error)) < 0)
			return -1;
	}
}

static int read_published(Repository *repository, Error *error)
{
	CLEANUP_BUFFER Buffer timestamp = BUFFER_INIT, snapshot = BUFFER_INIT, targets = BUFFER_INIT;
	TrustedSet *set = repository->set;
	MetaFile file;

	if (read_file(repository, 0, "timestamp", &timestamp, error) != 0 ||
		trusted_set_update_timestamp(set, buffer_bytes(&timestamp), error) != 0 ||
		trusted_set_expect_snapshot(set, &file, error) != 0 ||
		read_file(repository, file.version, "snapshot", &snapshot, error) != 0 ||
		trusted_set_update_snapshot(set, buffer_bytes(&snapshot), false, error) != 0 ||
		trusted_set_expect_targets(set, "targets", &file, error) != 0 ||
		read_file(repository, file.version, "targets", &targets, error) != 0)
		return -1;
	return trusted_set_update_targets(set, buffer_bytes(&targets), "targets", "root", error);
}

int repository_open(int directory, Repository *ret, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;

	if (lock(directory, &repository, error) < 0)
		return -1;
	if (read_roots(&repository, error) < 0 || read_published(&repository, error) < 0)
		return error_in(error, "the published metadata");
	*ret = repository;
	repository = REPOSITORY_INIT;
	return 0;
}

/* An init that was interrupted before it wrote timestamp.json has published nothing. */
int repository_create(int directory, Repository *ret, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;

	if (file_make_directories(directory, "metadata", DIRECTORY_MODE, NULL, error) < 0 ||
		lock(directory, &repository, error) < 0)
		return -1;
	if (faccessat(repository.metadata, "timestamp.json", F_OK, 0) == 0 ||
		faccessat(repository.metadata, "2.root.json", F_OK, 0) == 0)
		return error_set(error, "there is a repository here already");
	*ret = repository;
	repository = REPOSITORY_INIT;
	return 0;
}

void repository_close(Repository *repository)
{
	repository->metadata = close_keeping_errno(repository->metadata);
	repository->set = trusted_set_free(repository->set);
}

void repository_update_clear(RepositoryUpdate *update)
{
	buffer_clear(&update->root.content);
	buffer_clear(&update->targets.content);
	buffer_clear(&update->snapshot.content);
	buffer_clear(&update->timestamp.content);
}

/* The files as a client will meet them. */
static int check_files(TrustedSet *set, const RepositoryUpdate *update, Bytes targets, Error *error)
{
	if (trusted_set_update_timestamp(set, buffer_bytes(&update->timestamp.content), error) != 0 ||
		trusted_set_update_snapshot(set, buffer_bytes(&update->snapshot.content), false, error) != 0)
		return -1;
	return trusted_set_update_targets(set, targets, "targets", "root", error);
}

static int check(const Repository *repository, const RepositoryUpdate *update, int64_t now, Error *error)
{
	CLEANUP(trusted_set_free) TrustedSet *set = NULL;
	CLEANUP_BUFFER Buffer root = BUFFER_INIT, targets = BUFFER_INIT;
	const Buffer *new_root = &update->root.content, *new_targets = &update->targets.content;
	int done;

	if (new_root->size == 0) {
		if (read_file(repository, trusted_set_root(repository->set)->metadata.version, "root", &root,
			    error) != 0)
			return -1;
		new_root = &root;
	}
	if (new_targets->size == 0) {
		if (read_file(repository, update->targets.version, "targets", &targets, error) != 0)
			return -1;
		new_targets = &targets;
	}
	done = trusted_set_new(buffer_bytes(new_root), now, &set, error);
	if (done == 0)
		done = trusted_set_finish_root(set, error);
	if (done == 0)
		done = check_files(set, update, buffer_bytes(new_targets), error);
	return done < 0 ? error_in(error, "clients would refuse this publication") : 0;
}

static int write_file(
	const Repository *repository, const RepositoryFile *file, const char *role, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	if (file->content.size == 0)
		return 0;
	if (text_format(&name, error, "%lld.%s.json", (long long)file->version, role) < 0)
		return -1;
	return file_replace(repository->metadata, name, buffer_bytes(&file->content), FILE_MODE, error);
}

int repository_write(Repository *repository, const RepositoryUpdate *update, int64_t now, Error *error)
{
	if (check(repository, update, now, error) < 0 ||
		write_file(repository, &update->root, "root", error) < 0 ||
		write_file(repository, &update->targets, "targets", error) < 0 ||
		write_file(repository, &update->snapshot, "snapshot", error) < 0)
		return -1;
	return file_replace(repository->metadata, "timestamp.json", buffer_bytes(&update->timestamp.content),
		FILE_MODE, error);
}
