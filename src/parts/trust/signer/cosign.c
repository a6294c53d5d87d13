/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/cosign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/json.h"
#include "parts/trust/signer/draft.h"
#include "parts/trust/signer/publish.h"

void cosign_close(Cosign *cosign)
{
	repository_close(&cosign->repository);
	update_clear(&cosign->update);
}

/* The first root has nothing before it. The lock keeps two who sign in one place, or a change of what they
 * sign, from overwriting each other. */
static int read_published(Cosign *cosign, Error *error)
{
	Repository *repository = &cosign->repository;

	if (repository->directory < 0)
		return 0;
	repository->metadata = openat(repository->directory, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (repository->metadata < 0)
		return error_os(error, errno, "cannot open the directory \"metadata\"");
	if (flock(repository->metadata, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return error_set(error, "somebody publishes or signs in this repository; try again");
	if (!repository_exists(repository->directory))
		return 0;
	if (state_read(repository->metadata, NULL, NULL, &repository->published, error) < 0)
		return error_in(error, "the published metadata");
	return 0;
}

/* A draft of targets may delegate to the role that signs here, and a draft of root may name new keys. */
static int take_draft(void *userdata, const char *name, Error *error)
{
	Cosign *cosign = userdata;
	CLEANUP_FREE char *role = NULL;
	int64_t version = 0;

	(void)error;
	if (draft_parse_name(name, &role, &version, NULL) < 0 || update_find(&cosign->update, role))
		return 0;
	(void)draft_read(cosign->repository.directory, role, version, &cosign->update, NULL);
	return 0;
}

int cosign_open(int directory, const char *path, Cosign *ret, Error *error)
{
	CLEANUP_COSIGN Cosign cosign = {.repository = REPOSITORY_INIT, .path = path};
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_FREE char *role = NULL;

	cosign.repository.directory = directory;
	if (read_published(&cosign, error) < 0 || draft_read_file(path, &document, &role, error) < 0)
		return -1;
	if (update_put(&cosign.update, role, &document, error) < 0)
		return error_in(error, "%s", path);
	if (directory >= 0 && draft_list(directory, take_draft, &cosign, error) < 0)
		return -1;
	*ret = cosign;
	cosign = (Cosign){.repository = REPOSITORY_INIT};
	return 0;
}

const Metadata *cosign_before(const Cosign *cosign)
{
	const UpdateFile *file = &cosign->update.files[0];
	const Root *root = repository_root(&cosign->repository);
	const Targets *targets = repository_targets(&cosign->repository, file->role);

	if (file->root)
		return root ? &root->metadata : NULL;
	return targets ? &targets->metadata : NULL;
}

/* Who may sign, as is published and as is drafted. */
static size_t authorities_of(const Cosign *cosign, Authority ret[static 2])
{
	static const Update nothing = {NULL, 0};
	const char *role = cosign->update.files[0].role;
	size_t n = 0;

	if (publish_authority(&cosign->repository, &nothing, role, &ret[n], NULL) == 0)
		n++;
	if (publish_authority(&cosign->repository, &cosign->update, role, &ret[n], NULL) == 0)
		n++;
	return n;
}

static int sign_with(Cosign *cosign, json_t *document, SignerKey *key, Error *error)
{
	KeySet one = {&key, 1};
	Authority authorities[2];
	size_t n = authorities_of(cosign, authorities), total = 0;
	const char *role = cosign->update.files[0].role;

	if (n == 0)
		return error_set(error,
			"who signs %s is not known here: say --repository=DIR, with the repository or a copy",
			role);
	for (size_t i = 0; i < n; i++) {
		size_t signed_now = 0;

		if (envelope_sign(document, &authorities[i], &one, &signed_now, error) < 0)
			return -1;
		total += signed_now;
	}
	if (total == 0)
		return error_set(
			error, "the key %.16s is none of those that sign %s", signer_key_id(key), role);
	return 0;
}

int cosign_sign(Cosign *cosign, const KeySet *keys, Error *error)
{
	CLEANUP_JSON json_t *document = json_deep_copy(cosign->update.files[0].document);
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (!document)
		return error_memory(error);
	for (size_t i = 0; i < keys->count; i++)
		if (sign_with(cosign, document, keys->keys[i], error) < 0)
			return error_in(error, "%s", cosign->path);
	if (json_write(document, &text, error) < 0)
		return -1;
	return file_replace(AT_FDCWD, cosign->path, buffer_bytes(&text), 0644, error);
}
