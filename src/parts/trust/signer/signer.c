/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/signer.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "parts/trust/signer/draft.h"
#include "parts/trust/signer/role-list.h"

enum { DAY = 24 * 3600 };

const Lifetimes SIGNER_DEFAULT_LIFETIMES = {
	.root = 365 * DAY,
	.targets = 90 * DAY,
	.snapshot = 14 * DAY,
	.timestamp = 7 * DAY,
};

/* Publishes the update, or keeps it as drafts where signatures are missing. */
static int settle(Repository *repository, const Signing *signing, Update *update, bool renew, Error *error)
{
	int done = publish_update(repository, signing, update, renew, error);

	if (done == PUBLISH_INCOMPLETE && update->count > 0)
		return draft_write(repository->directory, update, error) < 0 ? -1 : SIGNER_DRAFT;
	if (done != 0)
		return -1;
	return draft_remove(repository->directory, update, error);
}

int signer_begin(int directory, const Signing *signing, json_t *root, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;
	CLEANUP_UPDATE Update update = {NULL, 0};

	if (repository_create(directory, &repository, error) < 0 ||
		publish_sign_next(&repository, signing, &update, "root", root, NULL, error) < 0)
		return -1;
	return settle(&repository, signing, &update, false, error);
}

/* The draft of a role's next version. */
static int read_draft(const Repository *repository, const char *role, Update *ret, Error *error)
{
	int64_t version = 0;

	return publish_next_version(repository, role, &version, error) < 0
		       ? -1
		       : draft_read(repository->directory, role, version, ret, error);
}

/* A release beside a draft of the same version would make the draft void, and what is in it. */
static int check_no_draft(const Repository *repository, const char *role, Error *error)
{
	CLEANUP_UPDATE Update draft = {NULL, 0};
	int read = read_draft(repository, role, &draft, error);

	if (read == DRAFT_ABSENT)
		return 0;
	return read < 0
		       ? -1
		       : error_set(error,
				 "staged/%lld.%s.json waits for publication: publish it, or remove it, first",
				 (long long)draft.files[0].version, role);
}

/* A copy of what is published of a targets role, to change. */
static int begin_targets(const Repository *repository, const char *role, json_t **ret, Error *error)
{
	const Targets *published = repository_targets(repository, role);

	if (check_no_draft(repository, role, error) < 0)
		return -1;
	if (!published)
		return error_set(error, "nothing is delegated to a role %s", role);
	return content_copy(published->metadata.content, ret, error);
}

int signer_add_targets(int directory, const Signing *signing, const char *role, const SignerTarget *targets,
	size_t n_targets, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;
	CLEANUP_UPDATE Update update = {NULL, 0};
	CLEANUP_JSON json_t *content = NULL;
	size_t n_signed = 0;

	if (repository_open(directory, &repository, error) < 0 ||
		begin_targets(&repository, role, &content, error) < 0)
		return -1;
	for (size_t i = 0; i < n_targets; i++)
		if (content_add_target(content, &targets[i], error) < 0)
			return -1;
	if (publish_sign_next(&repository, signing, &update, role, content, &n_signed, error) < 0)
		return -1;
	if (n_signed == 0)
		return error_set(error, "none of the keys at hand may sign for role %s", role);
	return settle(&repository, signing, &update, false, error);
}

int signer_check_role(int directory, const char *role, const char *path, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;
	Update update = {NULL, 0};

	if (repository_open(directory, &repository, error) < 0 ||
		check_no_draft(&repository, role, error) < 0)
		return -1;
	return publish_check_path(&repository, &update, role, path, error);
}

/* A role that waits as a draft is left alone: it will be fresh when it is published. */
static int refresh_role(
	const Repository *repository, const Signing *signing, Update *update, const char *role, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;
	bool can = false;

	if (publish_can_sign(repository, update, signing, role, &can, error) < 0)
		return -1;
	if (!can || check_no_draft(repository, role, NULL) < 0)
		return 0;
	if (begin_targets(repository, role, &content, error) < 0)
		return -1;
	return publish_sign_next(repository, signing, update, role, content, NULL, error);
}

static int refresh_one(
	Repository *repository, const Signing *signing, Update *update, const char *role, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;
	size_t n_signed = 0;

	if (begin_targets(repository, role, &content, error) < 0 ||
		publish_sign_next(repository, signing, update, role, content, &n_signed, error) < 0)
		return -1;
	if (n_signed == 0)
		return error_set(error, "none of the keys at hand may sign for role %s", role);
	return 0;
}

int signer_refresh(int directory, const Signing *signing, const char *role, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;
	CLEANUP_UPDATE Update update = {NULL, 0};

	if (repository_open(directory, &repository, error) < 0)
		return -1;
	if (role && refresh_one(&repository, signing, &update, role, error) < 0)
		return -1;
	for (size_t i = 0; !role && i < state_n_roles(repository.published); i++)
		if (refresh_role(&repository, signing, &update, state_role(repository.published, i), error) <
			0)
			return -1;
	return settle(&repository, signing, &update, true, error);
}

static int apply(const RoleEntry *entry, const RoleChange *change, Error *error)
{
	for (size_t i = 0; i < change->n_add; i++)
		if (role_list_add_key(entry, &change->add[i], error) < 0)
			return -1;
	for (size_t i = 0; i < change->n_remove; i++)
		if (role_list_remove_key(entry, change->remove[i], error) < 0)
			return -1;
	if (change->threshold > 0 && role_list_set_threshold(entry, change->threshold, error) < 0)
		return -1;
	return role_list_check(entry, error);
}

/* The content that is to change: the draft's, which the change makes unsigned again, or the published one's.
 */
static int begin_change(
	const Repository *repository, const char *role, const Metadata *published, json_t **ret, Error *error)
{
	CLEANUP_UPDATE Update draft = {NULL, 0};
	int read = read_draft(repository, role, &draft, error);

	if (read < 0)
		return -1;
	return content_copy(
		read == 0 ? envelope_content(draft.files[0].document) : published->content, ret, error);
}

static int change_root(const Repository *repository, const Signing *signing, const char *role,
	const RoleChange *change, Error *error)
{
	static const KeySet nobody = {NULL, 0};
	Signing unsigned_yet = *signing;
	CLEANUP_UPDATE Update update = {NULL, 0};
	CLEANUP_JSON json_t *content = NULL;
	RoleEntry entry;

	unsigned_yet.keys = &nobody;
	if (begin_change(repository, "root", &repository_root(repository)->metadata, &content, error) < 0 ||
		role_list_find(content, role, &entry, error) != 0 || apply(&entry, change, error) < 0 ||
		publish_sign_next(repository, &unsigned_yet, &update, "root", content, NULL, error) < 0 ||
		draft_write(repository->directory, &update, error) < 0)
		return -1;
	return publish_check_file(repository, &update, &update.files[0], error) < 0 ? -1 : SIGNER_DRAFT;
}

/* Does what is published of a delegated role hold under the update's delegation, without the signature of a
 * key that it has lost? */
static bool stands(const Repository *repository, const Update *update, const char *role)
{
	const Targets *targets = repository_targets(repository, role);
	Authority authority;

	return targets && publish_authority(repository, update, role, &authority, NULL) == 0 &&
	       role_verify(authority.role, authority.ring, &targets->metadata, role, NULL) == 0 &&
	       !envelope_has_stranger(targets->metadata.document, &authority);
}

/* Clients fail at a role that is delegated and has no metadata with good signatures: what needs some waits,
 * and is published together with the delegation. */
static int sign_role_anew(
	const Repository *repository, const Signing *signing, Update *update, const char *role, Error *error)
{
	const Targets *published = repository_targets(repository, role);
	CLEANUP_UPDATE Update draft = {NULL, 0};
	CLEANUP_JSON json_t *content = NULL;
	int read;

	if (stands(repository, update, role))
		return 0;
	read = read_draft(repository, role, &draft, error);
	if (read < 0 || (read == 0 ? content_copy(envelope_content(draft.files[0].document), &content, error)
				: published ? content_copy(published->metadata.content, &content, error)
					    : content_new_targets(&content, error)) < 0)
		return -1;
	return publish_sign_next(repository, signing, update, role, content, NULL, error);
}

static int change_delegation(json_t *targets, const char *role, const RoleChange *change, Error *error)
{
	RoleEntry entry;

	if (change->end)
		return role_list_end_delegation(targets, role, error) == 0 ? 0 : -1;
	if (change->pattern &&
		role_list_delegate(targets, role, change->pattern, change->terminating, error) < 0)
		return -1;
	if (role_list_find(targets, role, &entry, error) != 0)
		return -1;
	return apply(&entry, change, error);
}

static int change_targets(Repository *repository, const Signing *signing, const char *role,
	const RoleChange *change, Error *error)
{
	const Targets *published = repository_targets(repository, "targets");
	CLEANUP_UPDATE Update update = {NULL, 0};
	CLEANUP_JSON json_t *content = NULL;

	if (begin_change(repository, "targets", &published->metadata, &content, error) < 0 ||
		change_delegation(content, role, change, error) < 0 ||
		publish_sign_next(repository, signing, &update, "targets", content, NULL, error) < 0)
		return -1;
	if (!change->end && sign_role_anew(repository, signing, &update, role, error) < 0)
		return -1;
	return settle(repository, signing, &update, false, error);
}

int signer_change_role(
	int directory, const Signing *signing, const char *role, const RoleChange *change, Error *error)
{
	CLEANUP_REPOSITORY Repository repository = REPOSITORY_INIT;

	if (repository_open(directory, &repository, error) < 0)
		return -1;
	return root_is_role_name(role) ? change_root(&repository, signing, role, change, error)
				       : change_targets(&repository, signing, role, change, error);
}
