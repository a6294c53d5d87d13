/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "parts/trust/signer/content.h"
#include "parts/trust/signer/draft.h"

enum { SHORT_ID = 16, MISSING_SHOWN = 6 };

static const Root *root_of(const Repository *repository, const Update *update)
{
	const UpdateFile *file = update_find(update, "root");

	return file ? file->root : repository_root(repository);
}

/* As the update has the role, or else as it is published; NULL when it is neither. */
static const Targets *targets_of(const Repository *repository, const Update *update, const char *role)
{
	const UpdateFile *file = update_find(update, role);

	return file ? file->targets : repository_targets(repository, role);
}

static bool top_level(const char *role, TopLevelRole *ret)
{
	for (TopLevelRole each = 0; each < TOP_LEVEL_ROLES; each++)
		if (strcmp(root_role_name(each), role) == 0) {
			*ret = each;
			return true;
		}
	return false;
}

static Authority of_root(const Root *root, TopLevelRole role)
{
	return (Authority){&root->roles[role], &root->ring};
}

static bool delegated_by(const Targets *targets, const char *role, Authority *ret)
{
	const Role *found = targets ? delegations_role(&targets->delegations, role) : NULL;

	if (found)
		*ret = (Authority){found, &targets->delegations.ring};
	return found != NULL;
}

/* Mostly "targets" delegates; in repositories of other signers any role may. */
static bool delegated(const Repository *repository, const Update *update, const char *role, Authority *ret)
{
	size_t n = repository->published ? state_n_roles(repository->published) : 0;

	if (delegated_by(targets_of(repository, update, "targets"), role, ret))
		return true;
	for (size_t i = 0; i < n; i++)
		if (delegated_by(
			    targets_of(repository, update, state_role(repository->published, i)), role, ret))
			return true;
	return false;
}

int publish_authority(
	const Repository *repository, const Update *update, const char *role, Authority *ret, Error *error)
{
	const Root *root = root_of(repository, update);
	TopLevelRole known;

	if (top_level(role, &known) && root) {
		*ret = of_root(root, known);
		return 0;
	}
	if (root && delegated(repository, update, role, ret))
		return 0;
	(void)error_set(error, "nothing is delegated to a role %s", role);
	return PUBLISH_ABSENT;
}

static const Metadata *published_metadata(const Repository *repository, const char *role)
{
	const TrustedSet *set = repository->published ? state_set(repository->published) : NULL;
	const Targets *targets;

	if (!set)
		return NULL;
	if (strcmp(role, "root") == 0)
		return &trusted_set_root(set)->metadata;
	if (strcmp(role, "timestamp") == 0)
		return &trusted_set_timestamp(set)->metadata;
	if (strcmp(role, "snapshot") == 0)
		return &trusted_set_snapshot(set)->metadata;
	targets = trusted_set_targets(set, role);
	return targets ? &targets->metadata : NULL;
}

/* A role that was delegated before, and taken back, goes on from what clients have seen of it. */
static int64_t last_version(const Repository *repository, const char *role)
{
	const Metadata *metadata = published_metadata(repository, role);
	MetaFile file;

	if (metadata)
		return metadata->version;
	if (repository->published &&
		snapshot_find(trusted_set_snapshot(state_set(repository->published)), role, &file, NULL) == 0)
		return file.version;
	return 0;
}

int publish_next_version(const Repository *repository, const char *role, int64_t *ret, Error *error)
{
	if (__builtin_add_overflow(last_version(repository, role), 1, ret))
		return error_set(error, "%s metadata has no next version", role);
	return 0;
}

static int64_t lifetime_of(const Lifetimes *lifetimes, const char *role)
{
	if (strcmp(role, "root") == 0)
		return lifetimes->root;
	if (strcmp(role, "snapshot") == 0)
		return lifetimes->snapshot;
	return strcmp(role, "timestamp") == 0 ? lifetimes->timestamp : lifetimes->targets;
}

/* A new root is signed by those whom the old one and those whom it names itself; each once. */
static int sign_root(const Repository *repository, const Signing *signing, json_t *document, const Root *root,
	Error *error)
{
	const Root *old = repository_root(repository);
	Authority own = of_root(root, TOP_LEVEL_ROOT);

	if (old) {
		Authority before = of_root(old, TOP_LEVEL_ROOT);

		if (envelope_sign(document, &before, signing->keys, NULL, error) < 0)
			return -1;
	}
	return envelope_sign(document, &own, signing->keys, NULL, error);
}

static int sign_document(const Repository *repository, const Signing *signing, Update *update,
	const char *role, json_t *document, size_t *ret_n, Error *error)
{
	Authority authority;

	if (publish_authority(repository, update, role, &authority, error) != 0)
		return -1;
	return envelope_sign(document, &authority, signing->keys, ret_n, error);
}

int publish_sign_next(const Repository *repository, const Signing *signing, Update *update, const char *role,
	json_t *content, size_t *ret_n, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	bool is_root = strcmp(role, "root") == 0;
	int64_t version = 0;

	if (publish_next_version(repository, role, &version, error) < 0 ||
		content_date(content, version, signing->now, lifetime_of(&signing->lifetimes, role), error) <
			0 ||
		envelope_new(content, &document, error) < 0)
		return -1;
	if (is_root) {
		/* Its own keys are known once it is parsed. */
		CLEANUP_JSON json_t *unsigned_copy = json_deep_copy(document);

		if (!unsigned_copy)
			return error_memory(error);
		if (update_put(update, role, &unsigned_copy, error) < 0 ||
			sign_root(repository, signing, document, update_find(update, role)->root, error) < 0)
			return -1;
	} else if (sign_document(repository, signing, update, role, document, ret_n, error) < 0) {
		return -1;
	}
	return update_put(update, role, &document, error);
}

static size_t count_at_hand(const Authority *authority, const KeySet *keys)
{
	size_t n = 0;

	for (size_t i = 0; i < keys->count; i++) {
		CLEANUP(public_key_free) PublicKey *key = NULL;

		if (public_key_new(signer_key_public(keys->keys[i]), &key, NULL) == 0 &&
			envelope_id_of(authority, key))
			n++;
	}
	return n;
}

int publish_can_sign(const Repository *repository, const Update *update, const Signing *signing,
	const char *role, bool *ret, Error *error)
{
	Authority authority;

	if (publish_authority(repository, update, role, &authority, error) != 0)
		return -1;
	*ret = count_at_hand(&authority, signing->keys) >= (size_t)authority.role->threshold;
	return 0;
}

static int say_missing(const UpdateFile *file, const EnvelopeState *state, const char *asks, Error *error)
{
	CLEANUP_BUFFER Buffer keys = BUFFER_INIT;
	size_t n = json_array_size(state->missing), left = state->n_needed - state->n_valid;

	for (size_t i = 0; i < n && i < MISSING_SHOWN; i++)
		if (buffer_append_format(&keys, error, "%s%.*s", i > 0 ? ", " : "", SHORT_ID,
			    json_string_value(json_array_get(state->missing, i))) < 0)
			return -1;
	(void)error_set(error,
		"%s version %lld has %zu of the %zu signatures%s; %zu more %s needed, of %s%s%s", file->role,
		(long long)file->version, state->n_valid, state->n_needed, asks, left,
		left == 1 ? "is" : "are", n == 1 ? "the key " : "the keys ",
		n > 0 ? (const char *)keys.data : "that nobody has", n > MISSING_SHOWN ? ", …" : "");
	return PUBLISH_INCOMPLETE;
}

static int check_signed(const UpdateFile *file, const Authority *authority, const char *asks, Error *error)
{
	CLEANUP_ENVELOPE_STATE EnvelopeState state = {.missing = NULL};

	if (envelope_examine(file->document, authority, &state, error) < 0)
		return -1;
	return state.n_valid >= state.n_needed ? 0 : say_missing(file, &state, asks, error);
}

/* Clients fail at a role that is delegated and has no metadata that its keys have signed. */
static int check_delegated(
	const Repository *repository, const Update *update, const UpdateFile *file, Error *error)
{
	const Delegations *delegations = &file->targets->delegations;

	for (size_t i = 0; i < delegations->count; i++) {
		const DelegatedRole *each = &delegations->roles[i];
		const Targets *published = repository_targets(repository, each->name);

		if (update_find(update, each->name) ||
			(published && role_verify(&each->role, &delegations->ring, &published->metadata,
					      each->name, NULL) == 0))
			continue;
		(void)error_set(error,
			"%s version %lld waits for metadata of role %s that its keys have signed", file->role,
			(long long)file->version, each->name);
		return PUBLISH_INCOMPLETE;
	}
	return 0;
}

int publish_check_file(
	const Repository *repository, const Update *update, const UpdateFile *file, Error *error)
{
	const Root *old = file->root ? repository_root(repository) : NULL;
	Authority authority;
	int done;

	if (old) {
		authority = of_root(old, TOP_LEVEL_ROOT);
		done = check_signed(file, &authority, " that the root before it asks for", error);
		if (done != 0)
			return done;
	}
	/* The delegation may come yet, or have been taken back while the role's draft was waiting. */
	if (publish_authority(repository, update, file->role, &authority, error) != 0)
		return PUBLISH_INCOMPLETE;
	done = check_signed(file, &authority, "", error);
	return done == 0 && file->targets ? check_delegated(repository, update, file, error) : done;
}

static int check_complete(const Repository *repository, const Update *update, Error *error)
{
	int done = 0;

	for (size_t i = 0; done == 0 && i < update->count; i++)
		done = publish_check_file(repository, update, &update->files[i], error);
	return done;
}

int publish_location(const char *path, const Digest *digest, char **ret, Error *error)
{
	const char *base = path_basename(path);
	char hex[DIGEST_HEX_SIZE];

	if (path_check(path, error) < 0)
		return -1;
	return text_format(
		ret, error, "targets/%.*s%s.%s", (int)(base - path), path, digest_to_hex(digest, hex), base);
}

/* A target that clients cannot download would break them for every component. */
static int check_bytes(int directory, const TargetsFile *target, Error *error)
{
	CLEANUP_FREE char *location = NULL;
	struct stat status;

	if (publish_location(target->path, &target->digest, &location, error) < 0)
		return -1;
	if (fstatat(directory, location, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_os(error, errno, "cannot examine %s", location);
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != target->length)
		return error_set(error, "%s is not a file of %llu bytes", location,
			(unsigned long long)target->length);
	return 0;
}

static int covers(
	const Targets *targets, const DelegationsQuery *query, const char *role, bool *ret, Error *error)
{
	size_t at = 0;

	while (targets && !*ret) {
		CLEANUP_FREE char *name = NULL;
		bool terminating;
		int next = delegations_next(&targets->delegations, query, &at, &name, &terminating, error);

		if (next != 0)
			return next < 0 ? -1 : 0;
		*ret = strcmp(name, role) == 0;
	}
	return 0;
}

/* Clients look further: every delegation on the way must match. That is checked before it is published. */
int publish_check_path(
	const Repository *repository, const Update *update, const char *role, const char *path, Error *error)
{
	size_t n = repository->published ? state_n_roles(repository->published) : 0;
	DelegationsQuery query;
	bool found = strcmp(role, "targets") == 0;

	if (delegations_query(path, false, &query, error) < 0 ||
		covers(targets_of(repository, update, "targets"), &query, role, &found, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (covers(targets_of(repository, update, state_role(repository->published, i)), &query, role,
			    &found, error) < 0)
			return -1;
	return found ? 0
		     : error_set(error, "role %s may not sign %s: that path is not delegated to it", role,
			       path);
}

static int check_target(const Repository *repository, const Update *update, const UpdateFile *file,
	const char *path, Error *error)
{
	const Targets *published = repository_targets(repository, file->role);
	TargetsFile target, before;

	if (targets_find(file->targets, path, &target, error) < 0)
		return -1;
	if (published && targets_find(published, path, &before, NULL) == 0 &&
		before.length == target.length && digest_equal(&before.digest, &target.digest))
		return 0;
	if (publish_check_path(repository, update, file->role, path, error) < 0)
		return -1;
	return check_bytes(repository->directory, &target, error);
}

int publish_check_targets(const Repository *repository, const Update *update, Error *error)
{
	for (size_t i = 0; i < update->count; i++) {
		const UpdateFile *file = &update->files[i];

		if (!file->targets)
			continue;
		for (void *at = json_object_iter(file->targets->files); at;
			at = json_object_iter_next(file->targets->files, at))
			if (check_target(repository, update, file, json_object_iter_key(at), error) < 0)
				return -1;
	}
	return 0;
}

/* Does what is published of a role hold under a new root, without the signature of anybody who lost his place
 * in it? */
static bool stands(const Repository *repository, const Root *root, TopLevelRole role)
{
	const Metadata *metadata = published_metadata(repository, root_role_name(role));
	Authority authority = of_root(root, role);

	return metadata && root_verify(root, role, metadata, NULL) == 0 &&
	       !envelope_has_stranger(metadata->document, &authority);
}

static bool is_changed(const Repository *repository, const Root *root, TopLevelRole role)
{
	const Root *old = repository_root(repository);

	return !old || old->roles[role].threshold != root->roles[role].threshold ||
	       !json_equal(old->roles[role].ids, root->roles[role].ids);
}

/* The next version of a role that is in order but for its signatures and date. index: what of the update it
 * lists; NULL for targets. */
static int sign_anew(const Repository *repository, const Signing *signing, Update *update, const char *role,
	int (*index)(const Update *update, json_t *content, Error *error), Error *error)
{
	const Metadata *published = published_metadata(repository, role);
	CLEANUP_JSON json_t *content = NULL;
	int done;

	if (published)
		done = content_copy(published->content, &content, error);
	else
		done = strcmp(role, "targets") == 0 ? content_new_targets(&content, error)
						    : content_new_index(role, &content, error);
	if (done < 0 || (index && index(update, content, error) < 0) ||
		publish_sign_next(repository, signing, update, role, content, NULL, error) < 0)
		return -1;
	return publish_check_file(repository, update, update_find(update, role), error);
}

static int index_targets(const Update *update, json_t *content, Error *error)
{
	for (size_t i = 0; i < update->count; i++) {
		const UpdateFile *file = &update->files[i];

		if (file->targets && content_index_file(content, file->role, file->version,
					     buffer_bytes(&file->bytes), error) < 0)
			return -1;
	}
	return 0;
}

static int index_snapshot(const Update *update, json_t *content, Error *error)
{
	const UpdateFile *file = update_find(update, "snapshot");

	return content_index_file(content, "snapshot", file->version, buffer_bytes(&file->bytes), error);
}

static int draft_waits(
	const Repository *repository, const char *role, int64_t *ret_version, bool *ret, Error *error)
{
	CLEANUP_FREE char *name = NULL;

	if (publish_next_version(repository, role, ret_version, error) < 0 ||
		draft_name(role, *ret_version, &name, error) < 0)
		return -1;
	*ret = faccessat(repository->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return 0;
}

/* Targets are signed anew when they must be under the new root, and where its keys changed and are at hand:
 * then a key that is taken away later leaves nothing behind that only it has signed. Never in place of a
 * draft that waits, which would be void. */
static int follow_root(
	const Repository *repository, const Signing *signing, Update *update, const Root *root, Error *error)
{
	bool can = false, waits = false;
	bool must = !stands(repository, root, TOP_LEVEL_TARGETS);
	int64_t version = 0;

	if (update_find(update, "targets"))
		return 0;
	if (publish_can_sign(repository, update, signing, "targets", &can, error) < 0 ||
		draft_waits(repository, "targets", &version, &waits, error) < 0)
		return -1;
	if (!must && (waits || !can || !is_changed(repository, root, TOP_LEVEL_TARGETS)))
		return 0;
	if (!waits)
		return sign_anew(repository, signing, update, "targets", NULL, error);
	(void)error_set(error,
		"the new root has other keys of targets, and staged/%lld.targets.json waits: let the new "
		"keys sign it "
		"and publish both, or remove it",
		(long long)version);
	return PUBLISH_INCOMPLETE;
}

static bool has_targets(const Update *update)
{
	for (size_t i = 0; i < update->count; i++)
		if (update->files[i].targets)
			return true;
	return false;
}

static int need_index(
	const Repository *repository, const Signing *signing, const Update *update, bool *ret, Error *error)
{
	const Root *root = root_of(repository, update);
	bool snapshot = false, timestamp = false;

	*ret = has_targets(update) || !stands(repository, root, TOP_LEVEL_SNAPSHOT) ||
	       !stands(repository, root, TOP_LEVEL_TIMESTAMP);
	if (*ret || (!is_changed(repository, root, TOP_LEVEL_SNAPSHOT) &&
			    !is_changed(repository, root, TOP_LEVEL_TIMESTAMP)))
		return 0;
	if (publish_can_sign(repository, update, signing, "snapshot", &snapshot, error) < 0 ||
		publish_can_sign(repository, update, signing, "timestamp", &timestamp, error) < 0)
		return -1;
	*ret = snapshot && timestamp;
	return 0;
}

static int complete(
	const Repository *repository, const Signing *signing, Update *update, bool renew, Error *error)
{
	int done = check_complete(repository, update, error);
	bool index = renew;

	if (done == 0 && update_find(update, "root"))
		done = follow_root(repository, signing, update, update_find(update, "root")->root, error);
	if (done == 0 && !index)
		done = need_index(repository, signing, update, &index, error);
	if (done == 0 && index)
		done = sign_anew(repository, signing, update, "snapshot", index_targets, error);
	if (done == 0 && index)
		done = sign_anew(repository, signing, update, "timestamp", index_snapshot, error);
	return done;
}

/* What is published lives no longer than that, so that it was not made yet at this time. */
static int check_clock(const Repository *repository, int64_t now, Error *error)
{
	const Metadata *timestamp = published_metadata(repository, "timestamp");
	char text[CLOCK_TEXT_SIZE];

	if (!timestamp || timestamp->expires - LIFETIME_MAX <= now)
		return 0;
	return error_set(error, "the clock says %s, which is long before what is published was made: set it",
		clock_to_text(now, text));
}

int publish_update(Repository *repository, const Signing *signing, Update *update, bool renew, Error *error)
{
	size_t count = update->count;
	int done = check_clock(repository, signing->now, error);

	if (done == 0)
		done = publish_check_targets(repository, update, error);
	if (done == 0)
		done = complete(repository, signing, update, renew, error);
	if (done != 0) {
		update_cut(update, count);
		return done;
	}
	return repository_write(repository, update, signing->now, error);
}
