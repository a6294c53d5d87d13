/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/repository.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/trust/signer/pending.h"

enum { DIRECTORY_MODE = 0755 };

static int lock(int directory, Repository *repository, Error *error)
{
	repository->directory = directory;
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

int repository_open(int directory, Repository *ret, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;

	if (lock(directory, &repository, error) < 0 || pending_replay(directory, error) < 0)
		return -1;
	if (state_read(repository.metadata, NULL, NULL, &repository.published, error) < 0)
		return error_in(error, "the published metadata");
	*ret = repository;
	repository = REPOSITORY_INIT;
	return 0;
}

/* The timestamp comes last: without it, nothing has been published. */
bool repository_exists(int directory)
{
	return faccessat(directory, "metadata/timestamp.json", F_OK, 0) == 0 ||
	       faccessat(directory, "metadata/2.root.json", F_OK, 0) == 0;
}

int repository_create(int directory, Repository *ret, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;

	if (file_make_directories(directory, "metadata", DIRECTORY_MODE, NULL, error) < 0 ||
		lock(directory, &repository, error) < 0)
		return -1;
	if (repository_exists(directory))
		return error_set(error, "there is a repository here already");
	*ret = repository;
	repository = REPOSITORY_INIT;
	return 0;
}

void repository_close(Repository *repository)
{
	repository->published = state_free(repository->published);
	repository->metadata = close_keeping_errno(repository->metadata);
}

const Root *repository_root(const Repository *repository)
{
	return repository->published ? trusted_set_root(state_set(repository->published)) : NULL;
}

const Targets *repository_targets(const Repository *repository, const char *role)
{
	return repository->published ? trusted_set_targets(state_set(repository->published), role) : NULL;
}

static bool is_updated(const Update *update, const char *role)
{
	return update_find(update, role) != NULL;
}

/* What every client looks at, and what is new: a team that lets its own role expire must not keep the others
 * from publishing. */
static int check_expiry(
	const TrustedSet *set, const State *state, const Update *update, int64_t now, Error *error)
{
	const struct {
		const char *role;
		const Metadata *metadata;
	} always[] = {
		{"root", &trusted_set_root(set)->metadata},
		{"timestamp", &trusted_set_timestamp(set)->metadata},
		{"snapshot", &trusted_set_snapshot(set)->metadata},
		{"targets", &trusted_set_targets(set, "targets")->metadata},
	};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (metadata_check_expiry(always[i].metadata, always[i].role, now, error) != 0)
			return -1;
	for (size_t i = 0; i < state_n_roles(state); i++) {
		const char *role = state_role(state, i);

		if (is_updated(update, role) &&
			metadata_check_expiry(&trusted_set_targets(set, role)->metadata, role, now, error) !=
				0)
			return -1;
	}
	return 0;
}

/* Is a target of the published file, as it is now? */
static bool is_old(const Targets *old, const TargetsFile *file)
{
	TargetsFile before;

	return old && targets_find(old, file->path, &before, NULL) == 0 && before.length == file->length &&
	       digest_equal(&before.digest, &file->digest);
}

/* A target that another role speaks for first, or that nobody delegated, would be published in vain. */
static int check_found(
	const Repository *repository, State *state, const UpdateFile *file, const char *path, Error *error)
{
	TargetsFile target;
	int found;

	if (targets_find(file->targets, path, &target, error) < 0)
		return -1;
	if (is_old(repository_targets(repository, file->role), &target))
		return 0;
	found = state_finds(state, path, target.length, &target.digest, error);
	if (found == STATE_OTHER)
		return error_set(error,
			"%s of role %s is not what they find: the path is not delegated to it, or another "
			"role speaks for it first",
			path, file->role);
	return found;
}

static int check_targets(const Repository *repository, State *state, const Update *update, Error *error)
{
	for (size_t i = 0; i < update->count; i++) {
		const UpdateFile *file = &update->files[i];

		if (!file->targets)
			continue;
		if (!trusted_set_targets(state_set(state), file->role))
			return error_set(error, "nothing is delegated to role %s", file->role);
		for (void *at = json_object_iter(file->targets->files); at;
			at = json_object_iter_next(file->targets->files, at))
			if (check_found(repository, state, file, json_object_iter_key(at), error) < 0)
				return -1;
	}
	return 0;
}

static int check(const Repository *repository, const Update *update, int64_t now, Error *error)
{
	CLEANUP(state_free) State *state = NULL;

	if (state_read(repository->metadata, NULL, update, &state, error) < 0 ||
		check_expiry(state_set(state), state, update, now, error) < 0 ||
		check_targets(repository, state, update, error) < 0)
		return error_in(error, "clients would refuse this publication");
	return 0;
}

/* Where one rename does not do: between a new root and the timestamp that its keys have signed, clients would
 * be at a loss, so that an interruption there must be mended by whoever comes next. */
static bool needs_pending(const Repository *repository, const Update *update)
{
	return repository->published && is_updated(update, "root") && is_updated(update, "timestamp");
}

int repository_write(Repository *repository, const Update *update, int64_t now, Error *error)
{
	if (check(repository, update, now, error) < 0)
		return -1;
	if (needs_pending(repository, update)) {
		if (pending_write(repository->directory, update, error) < 0)
			return -1;
		return pending_replay(repository->directory, error);
	}
	return pending_put_in_place(repository->metadata, update, error);
}
