/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/content.h"

#include "base/json.h"
#include "base/text.h"
#include "parts/trust/root.h"

static int new_content(const char *type, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *content = json_object();

	if (json_put_text(content, "_type", type, error) < 0 ||
		json_put_text(content, "spec_version", "1.0.31", error) < 0)
		return -1;
	*ret = TAKE_PTR(content);
	return 0;
}

int content_new_root(json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;
	json_t *roles = json_object();

	if (new_content("root", &content, error) < 0) {
		json_decref(roles);
		return -1;
	}
	if (json_put(content, "roles", roles, error) < 0 ||
		json_put(content, "consistent_snapshot", json_true(), error) < 0 ||
		json_put(content, "keys", json_object(), error) < 0)
		return -1;
	for (TopLevelRole role = 0; role < TOP_LEVEL_ROLES; role++)
		if (json_put(roles, root_role_name(role), json_pack("{s:[], s:i}", "keyids", "threshold", 1),
			    error) < 0)
			return -1;
	*ret = TAKE_PTR(content);
	return 0;
}

int content_new_targets(json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;

	if (new_content("targets", &content, error) < 0 ||
		json_put(content, "targets", json_object(), error) < 0)
		return -1;
	*ret = TAKE_PTR(content);
	return 0;
}

int content_new_index(const char *type, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *content = NULL;

	if (new_content(type, &content, error) < 0 || json_put(content, "meta", json_object(), error) < 0)
		return -1;
	*ret = TAKE_PTR(content);
	return 0;
}

int content_copy(json_t *published, json_t **ret, Error *error)
{
	json_t *copy = json_deep_copy(published);

	if (!copy)
		return error_memory(error);
	*ret = copy;
	return 0;
}

int content_date(json_t *content, int64_t version, int64_t now, int64_t lifetime, Error *error)
{
	int64_t expires;

	if (lifetime <= 0 || __builtin_add_overflow(now, lifetime, &expires))
		return error_set(error, "a lifetime of %lld seconds is not possible", (long long)lifetime);
	if (json_put_integer(content, "version", version, error) < 0)
		return -1;
	return json_put_time(content, "expires", expires, error);
}

static int put_hash(json_t *object, const Digest *digest, Error *error)
{
	json_t *hashes = json_object();

	if (json_put(object, "hashes", hashes, error) < 0)
		return -1;
	return json_put_digest(hashes, "sha256", digest, error);
}

int content_add_target(json_t *targets, const SignerTarget *target, Error *error)
{
	json_t *file = json_object();

	if (target->length > INT64_MAX) {
		json_decref(file);
		return error_set(error, "%s is too long", target->path);
	}
	if (json_put(json_object_get(targets, "targets"), target->path, file, error) < 0 ||
		json_put_integer(file, "length", (int64_t)target->length, error) < 0)
		return -1;
	return put_hash(file, &target->digest, error);
}

int content_index_file(json_t *index, const char *role, int64_t version, Bytes file, Error *error)
{
	CLEANUP_FREE char *name = NULL;
	json_t *entry;
	Digest digest;

	if (text_format(&name, error, "%s.json", role) < 0 || hash_bytes(file, &digest, error) < 0)
		return -1;
	entry = json_object();
	if (json_put(json_object_get(index, "meta"), name, entry, error) < 0 ||
		json_put_integer(entry, "version", version, error) < 0 ||
		json_put_integer(entry, "length", (int64_t)file.size, error) < 0)
		return -1;
	return put_hash(entry, &digest, error);
}
