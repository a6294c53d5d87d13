/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/trust/signer/draft.h"

/* What is merged, and into what. */
typedef struct Merge {
	Repository repository;
	Update update;
	Error waiting; /* why drafts were set aside */
} Merge;

static void merge_clear(Merge *merge)
{
	repository_close(&merge->repository);
	update_clear(&merge->update);
}
#define CLEANUP_MERGE __attribute__((cleanup(merge_clear)))

static int open_any(int directory, Repository *ret, Error *error)
{
	return repository_exists(directory) ? repository_open(directory, ret, error)
					    : repository_create(directory, ret, error);
}

/* The root before may sign as well as the new one. */
static int authorities_of(
	const Merge *merge, const char *role, Authority ret[static 2], size_t *ret_n, Error *error)
{
	const Root *old = repository_root(&merge->repository);
	size_t n = 0;

	if (strcmp(role, "root") == 0 && old)
		ret[n++] = (Authority){&old->roles[TOP_LEVEL_ROOT], &old->ring};
	if (publish_authority(&merge->repository, &merge->update, role, &ret[n], error) != 0)
		return -1;
	*ret_n = n + 1;
	return 0;
}

/* The signatures of a copy come into the file of the update, which may be the copy's own content without any:
 * each signature is looked at in any case. */
static int unite(Merge *merge, const char *role, const json_t *copy, Error *error)
{
	CLEANUP_JSON json_t *document = json_deep_copy(update_find(&merge->update, role)->document);
	Authority authorities[2];
	size_t n = 0;

	if (!document)
		return error_memory(error);
	if (authorities_of(merge, role, authorities, &n, error) < 0 ||
		envelope_unite(document, copy, authorities, n, error) < 0)
		return -1;
	return update_put(&merge->update, role, &document, error);
}

/* Begins with the draft that waits here, or else with the copy itself. */
static int begin_role(Merge *merge, const char *role, int64_t version, json_t *copy, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	int read;

	if (update_find(&merge->update, role))
		return 0;
	read = draft_read(merge->repository.directory, role, version, &merge->update, error);
	if (read != DRAFT_ABSENT)
		return read;
	document = json_deep_copy(copy);
	if (!document)
		return error_memory(error);
	return update_put(&merge->update, role, &document, error);
}

static bool same_role(const Role *a, const Role *b)
{
	return a->threshold == b->threshold && json_equal(a->ids, b->ids);
}

/* A draft of targets that changes who signs the role belongs to it: a role that is signed by its new keys
 * must not be published while its old ones stay. */
static int need_delegation(Merge *merge, const char *role, Error *error)
{
	CLEANUP_UPDATE Update draft = {NULL, 0};
	Authority published, drafted;
	int64_t next = 0;
	int known, read;

	if (strcmp(role, "root") == 0 || strcmp(role, "targets") == 0 ||
		update_find(&merge->update, "targets"))
		return 0;
	known = publish_authority(&merge->repository, &merge->update, role, &published, error);
	if (known < 0 || publish_next_version(&merge->repository, "targets", &next, error) < 0)
		return -1;
	read = draft_read(merge->repository.directory, "targets", next, &draft, known == 0 ? error : NULL);
	if (read < 0)
		return -1;
	if (read == 0 && publish_authority(&merge->repository, &draft, role, &drafted, NULL) == 0 &&
		(known != 0 || !same_role(published.role, drafted.role))) {
		CLEANUP_JSON json_t *document = json_deep_copy(draft.files[0].document);

		return document ? update_put(&merge->update, "targets", &document, error)
				: error_memory(error);
	}
	return known == 0 ? 0 : -1;
}

static int check_digest(int directory, const char *location, const TargetsFile *target, Error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, location, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	Digest digest;

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", location);
	if (hash_file(fd, target->length, &digest, NULL, error) < 0)
		return error_in(error, "%s", location);
	if (!digest_equal(&digest, &target->digest))
		return error_set(error, "%s has other bytes than its name says", location);
	return 0;
}

static int copy_target(int from, int to, const char *location, const TargetsFile *target, Error *error)
{
	CLEANUP_BUFFER Buffer content = BUFFER_INIT;
	CLEANUP_FREE char *parent = NULL;
	Digest digest;

	/* What lies elsewhere may change at any time: the bytes that are checked are those that are written.
	 */
	if (file_read(from, location, target->length, &content, error) != 0 ||
		hash_bytes(buffer_bytes(&content), &digest, error) < 0)
		return -1;
	if (!digest_equal(&digest, &target->digest))
		return error_set(error, "%s has other bytes than its name says", location);
	if (text_format(&parent, error, "%.*s", (int)(path_basename(location) - location), location) < 0 ||
		file_make_directories(to, parent, 0755, NULL, error) < 0)
		return -1;
	return file_replace(to, location, buffer_bytes(&content), 0644, error);
}

/* The bytes of a new target lie here already, or come from the targets directory beside the draft's. */
static int take_target(Merge *merge, int from, const Targets *published, const Targets *targets,
	const char *path, Error *error)
{
	CLEANUP_FREE char *location = NULL;
	int to = merge->repository.directory;
	TargetsFile target, before;

	if (targets_find(targets, path, &target, error) < 0)
		return -1;
	if (published && targets_find(published, path, &before, NULL) == 0 &&
		digest_equal(&before.digest, &target.digest))
		return 0;
	if (publish_location(path, &target.digest, &location, error) < 0)
		return -1;
	if (from >= 0 && faccessat(to, location, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		copy_target(from, to, location, &target, error) < 0)
		return -1;
	return check_digest(to, location, &target, error);
}

static int take_targets(Merge *merge, int from, const char *role, Error *error)
{
	const Targets *targets = update_find(&merge->update, role)->targets;

	if (!targets)
		return 0;
	for (void *at = json_object_iter(targets->files); at; at = json_object_iter_next(targets->files, at))
		if (take_target(merge, from, repository_targets(&merge->repository, role), targets,
			    json_object_iter_key(at), error) < 0)
			return -1;
	return 0;
}

/* The repository that a draft elsewhere belongs to: what "staged" lies in. */
static int open_beside(const char *path, int *ret, Error *error)
{
	const char *name = path_basename(path);
	CLEANUP_FREE char *parent = NULL;

	if (text_format(&parent, error, "%.*s..", (int)(name - path), path) < 0)
		return -1;
	*ret = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? error_os(error, errno, "cannot open %s", parent) : 0;
}

static int check_version(Merge *merge, const char *role, int64_t version, Error *error)
{
	int64_t next = 0;

	if (publish_next_version(&merge->repository, role, &next, error) < 0)
		return -1;
	if (version == next)
		return 0;
	return error_set(error, "it is version %lld of %s, and version %lld is published: %s",
		(long long)version, role, (long long)next - 1,
		version < next ? "make it anew" : "versions are missing in between");
}

static int take_file(Merge *merge, const char *path, Error *error)
{
	CLEANUP_UPDATE Update parsed = {NULL, 0};
	CLEANUP_JSON json_t *document = NULL, *copy = NULL;
	CLEANUP_FREE char *role = NULL;
	CLEANUP_CLOSE int from = -1;

	if (draft_read_file(path, &document, &role, error) < 0)
		return -1;
	copy = json_deep_copy(document);
	if (!copy)
		return error_memory(error);
	/* Parsed before anything is believed of it. */
	if (update_put(&parsed, role, &document, error) < 0 ||
		check_version(merge, role, parsed.files[0].version, error) < 0 ||
		begin_role(merge, role, parsed.files[0].version, copy, error) < 0 ||
		need_delegation(merge, role, error) < 0 || unite(merge, role, copy, error) < 0 ||
		open_beside(path, &from, error) < 0)
		return error_in(error, "%s", path);
	return take_targets(merge, from, role, error);
}

/* What waits here, but for what has been published or overtaken. */
static int take_draft(void *userdata, const char *name, Error *error)
{
	Merge *merge = userdata;
	CLEANUP_FREE char *role = NULL;
	int64_t version = 0, next = 0;

	if (draft_parse_name(name, &role, &version, error) < 0)
		return error_in(error, "staged/%s", name);
	if (publish_next_version(&merge->repository, role, &next, error) < 0)
		return -1;
	if (version != next)
		return 0;
	if (draft_read(merge->repository.directory, role, version, &merge->update, error) != 0)
		return -1;
	return take_targets(merge, -1, role, error);
}

static void set_aside(Merge *merge, size_t n, const Error *why)
{
	if (*merge->waiting.text)
		(void)error_set(&merge->waiting, "%s; %s", merge->waiting.text, why->text);
	else
		merge->waiting = *why;
	update_drop(&merge->update, n);
}

/* What one team has not finished must not hold up the others, nor a root. */
static int set_unfinished_aside(Merge *merge, Error *error)
{
	for (size_t i = 0; i < merge->update.count;) {
		int done = publish_check_file(
			&merge->repository, &merge->update, &merge->update.files[i], error);

		if (done < 0)
			return -1;
		i++;
		if (done == PUBLISH_INCOMPLETE) {
			/* Without it, others may sign the rest. */
			set_aside(merge, i - 1, error);
			i = 0;
		}
	}
	return 0;
}

/* Publishes of what waits here as much as can be. */
static int publish_finished(Merge *merge, const Signing *signing, Error *error)
{
	Update *update = &merge->update;
	int done;

	if (set_unfinished_aside(merge, error) < 0)
		return -1;
	done = update->count > 0 ? publish_update(&merge->repository, signing, update, false, error)
				 : PUBLISH_INCOMPLETE;
	/* A root that needs more than itself is not for now. */
	if (done == PUBLISH_INCOMPLETE && update->count > 1 && update_find(update, "root")) {
		set_aside(merge, (size_t)(update_find(update, "root") - update->files), error);
		done = publish_update(&merge->repository, signing, update, false, error);
	}
	if (done < 0 || (done == 0 && draft_remove(merge->repository.directory, update, error) < 0))
		return -1;
	if (!*merge->waiting.text)
		return done == 0 ? 0 : SIGNER_DRAFT;
	*error = merge->waiting;
	return done == 0 ? SIGNER_PARTLY : SIGNER_DRAFT;
}

static int publish_given(Merge *merge, const Signing *signing, Error *error)
{
	int directory = merge->repository.directory;
	int done = publish_update(&merge->repository, signing, &merge->update, false, error);

	if (done == PUBLISH_INCOMPLETE)
		return draft_write(directory, &merge->update, error) < 0 ? -1 : SIGNER_DRAFT;
	return done != 0 ? -1 : draft_remove(directory, &merge->update, error);
}

int merge_drafts(
	int directory, const Signing *signing, const char *const *paths, size_t n_paths, Error *error)
{
	CLEANUP_MERGE Merge merge = {.repository = REPOSITORY_INIT};

	if (open_any(directory, &merge.repository, error) < 0)
		return -1;
	if (n_paths == 0 && draft_list(directory, take_draft, &merge, error) < 0)
		return -1;
	for (size_t i = 0; i < n_paths; i++)
		if (take_file(&merge, paths[i], error) < 0)
			return -1;
	if (merge.update.count == 0)
		return SIGNER_IDLE;
	return (n_paths == 0 ? publish_finished : publish_given)(&merge, signing, error);
}
