/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/trust/signer/content.h"
#include "parts/trust/signer/envelope.h"
#include "parts/trust/signer/repository.h"

enum { DAY = 24 * 3600 };

const SignerLifetimes SIGNER_DEFAULT_LIFETIMES = {
	.root = 365 * DAY,
	.targets = 90 * DAY,
	.snapshot = 14 * DAY,
	.timestamp = 7 * DAY,
};

/* With what and when an operation signs. */
typedef struct Signing {
	const SignerKeys *keys;
	const SignerLifetimes *lifetimes;
	int64_t now;
} Signing;

static int need(const SignerKey *key, const char *role, Error *error)
{
	return key ? 0 : error_set(error, "the %s key is needed for this", role);
}

static int need_index_keys(const SignerKeys *keys, Error *error)
{
	if (need(keys->snapshot, "snapshot", error) < 0)
		return -1;
	return need(keys->timestamp, "timestamp", error);
}

/* Signs content, which is dated, as the next file of a role. */
static int sign(json_t *content, const SignerKey *key, RepositoryFile *ret, Error *error)
{
	if (json_integer_field(content, "version", 1, INT64_MAX, &ret->version, error) < 0)
		return -1;
	return envelope_sign(content, &key, 1, &ret->content, error);
}

/* previous: NULL when the role has none yet. */
static int64_t version_of(const Metadata *previous)
{
	return previous ? previous->version : 0;
}

static int sign_timestamp(
	const Signing *signing, const Timestamp *previous, RepositoryUpdate *update, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;
	const Metadata *metadata = previous ? &previous->metadata : NULL;

	if ((metadata ? content_copy(metadata->content, &content, error)
		      : content_new_index("timestamp", &content, error)) < 0 ||
		content_date(content, version_of(metadata), signing->now, signing->lifetimes->timestamp,
			error) < 0 ||
		content_index_file(content, "snapshot", &update->snapshot, error) < 0)
		return -1;
	return sign(content, signing->keys->timestamp, &update->timestamp, error);
}

/* Signs snapshot and timestamp for what update holds of the other roles. set: NULL in a new repository. */
static int sign_index(const Signing *signing, const TrustedSet *set, RepositoryUpdate *update, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;
	const Snapshot *snapshot = set ? trusted_set_snapshot(set) : NULL;
	const Metadata *metadata = snapshot ? &snapshot->metadata : NULL;

	if ((metadata ? content_copy(metadata->content, &content, error)
		      : content_new_index("snapshot", &content, error)) < 0 ||
		content_date(
			content, version_of(metadata), signing->now, signing->lifetimes->snapshot, error) < 0)
		return -1;
	if (update->targets.content.size > 0 &&
		content_index_file(content, "targets", &update->targets, error) < 0)
		return -1;
	if (sign(content, signing->keys->snapshot, &update->snapshot, error) < 0)
		return -1;
	return sign_timestamp(signing, set ? trusted_set_timestamp(set) : NULL, update, error);
}

int signer_init(
	int repository, const SignerKeys *keys, const SignerLifetimes *lifetimes, int64_t now, Error *error)
{
	Signing signing = {keys, lifetimes, now};
	CLEANUP_REPOSITORY Repository created = REPOSITORY_INIT;
	CLEANUP_UPDATE RepositoryUpdate update = {.root.version = 1};
	CLEANUP_JSON json_t *root = NULL, *targets = NULL;

	if (need(keys->root, "root", error) < 0 || need(keys->targets, "targets", error) < 0 ||
		need_index_keys(keys, error) < 0)
		return -1;
	if (content_new_root(keys, &root, error) < 0 ||
		content_date(root, 0, now, lifetimes->root, error) < 0 ||
		sign(root, keys->root, &update.root, error) < 0 || content_new_targets(&targets, error) < 0 ||
		content_date(targets, 0, now, lifetimes->targets, error) < 0 ||
		sign(targets, keys->targets, &update.targets, error) < 0 ||
		sign_index(&signing, NULL, &update, error) < 0)
		return -1;
	if (repository_create(repository, &created, error) < 0)
		return -1;
	return repository_write(&created, &update, now, error);
}

int signer_target_location(const SignerTarget *target, char **ret, Error *error)
{
	const char *base = path_basename(target->path);
	char hex[DIGEST_HEX_SIZE];

	if (path_check(target->path, error) < 0)
		return -1;
	return text_format(ret, error, "targets/%.*s%s.%s", (int)(base - target->path), target->path,
		digest_to_hex(&target->digest, hex), base);
}

/* A target that clients cannot download would break them for every component. */
static int check_bytes(int repository, const SignerTarget *target, Error *error)
{
	CLEANUP_FREE char *location = NULL;
	struct stat status;

	if (signer_target_location(target, &location, error) < 0)
		return -1;
	if (fstatat(repository, location, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_os(error, errno, "cannot examine %s", location);
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != target->length)
		return error_set(error, "%s is not a file of %llu bytes", location,
			(unsigned long long)target->length);
	return 0;
}

static int sign_targets(const Signing *signing, const TrustedSet *set, const SignerTarget *targets,
	size_t n_targets, RepositoryUpdate *update, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;
	const Metadata *published = &trusted_set_targets(set, "targets")->metadata;

	if (content_copy(published->content, &content, error) < 0 ||
		content_date(content, published->version, signing->now, signing->lifetimes->targets, error) <
			0)
		return -1;
	for (size_t i = 0; i < n_targets; i++)
		if (content_add_target(content, &targets[i], error) < 0)
			return -1;
	return sign(content, signing->keys->targets, &update->targets, error);
}

int signer_publish(int repository, const SignerKeys *keys, const SignerLifetimes *lifetimes, int64_t now,
	const SignerTarget *targets, size_t n_targets, Error *error)
{
	Signing signing = {keys, lifetimes, now};
	CLEANUP_REPOSITORY Repository opened = REPOSITORY_INIT;
	CLEANUP_UPDATE RepositoryUpdate update = {.root.version = 0};

	if (need(keys->targets, "targets", error) < 0 || need_index_keys(keys, error) < 0)
		return -1;
	for (size_t i = 0; i < n_targets; i++)
		if (check_bytes(repository, &targets[i], error) < 0)
			return -1;
	if (repository_open(repository, &opened, error) < 0 ||
		sign_targets(&signing, opened.set, targets, n_targets, &update, error) < 0 ||
		sign_index(&signing, opened.set, &update, error) < 0)
		return -1;
	return repository_write(&opened, &update, now, error);
}

int signer_refresh(
	int repository, const SignerKeys *keys, const SignerLifetimes *lifetimes, int64_t now, Error *error)
{
	Signing signing = {keys, lifetimes, now};
	CLEANUP_REPOSITORY Repository opened = REPOSITORY_INIT;
	CLEANUP_UPDATE RepositoryUpdate update = {.root.version = 0};

	if (need_index_keys(keys, error) < 0 || repository_open(repository, &opened, error) < 0)
		return -1;
	update.targets.version = trusted_set_targets(opened.set, "targets")->metadata.version;
	if (sign_index(&signing, opened.set, &update, error) < 0)
		return -1;
	return repository_write(&opened, &update, now, error);
}
