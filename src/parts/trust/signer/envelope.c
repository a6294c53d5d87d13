/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/envelope.h"

#include <string.h>

#include "base/json.h"
#include "parts/trust/canonical.h"

int envelope_new(json_t *content, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();

	if (json_put(document, "signatures", json_array(), error) < 0 ||
		json_put(document, "signed", json_incref(content), error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

json_t *envelope_content(const json_t *document)
{
	return json_object_get(document, "signed");
}

static const PublicKey *ring_key(const KeyRing *ring, const char *id)
{
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->entries[i].id, id) == 0)
			return ring->entries[i].key;
	return NULL;
}

/* The n-th key id of the role. */
static const char *role_id(const Authority *authority, size_t n)
{
	return json_string_value(json_array_get(authority->role->ids, n));
}

static size_t n_ids(const Authority *authority)
{
	return json_array_size(authority->role->ids);
}

const char *envelope_id_of(const Authority *authority, const PublicKey *key)
{
	for (size_t i = 0; i < n_ids(authority); i++) {
		const char *id = role_id(authority, i);
		const PublicKey *known = ring_key(authority->ring, id);

		if (known && public_key_same(known, key))
			return id;
	}
	return NULL;
}

static size_t find_signature(const json_t *signatures, const char *id)
{
	size_t at = 0;

	while (at < json_array_size(signatures) &&
		strcmp(json_string_value(json_object_get(json_array_get(signatures, at), "keyid")), id) != 0)
		at++;
	return at;
}

/* Puts a signature in the place of the one that the key id had, or behind the others. Takes it. */
static int put_signature(json_t *document, const char *id, json_t *signature, Error *error)
{
	json_t *signatures = json_object_get(document, "signatures");
	size_t at = find_signature(signatures, id);

	if (at == json_array_size(signatures))
		return json_add(signatures, signature, error);
	return json_array_set_new(signatures, at, signature) < 0 ? error_memory(error) : 0;
}

static int sign_once(json_t *document, const char *id, const SignerKey *key, Bytes message, Error *error)
{
	CLEANUP_BUFFER Buffer raw = BUFFER_INIT;
	CLEANUP_JSON json_t *signature = json_object();
	CLEANUP_FREE char *hex = NULL;

	if (signer_key_sign(key, message, &raw, error) < 0)
		return -1;
	hex = malloc(2 * raw.size + 1);
	if (!hex)
		return error_memory(error);
	hex_encode(raw.data, raw.size, hex);
	if (json_put_text(signature, "keyid", id, error) < 0 ||
		json_put_text(signature, "sig", hex, error) < 0)
		return -1;
	return put_signature(document, id, TAKE_PTR(signature), error);
}

int envelope_sign(
	json_t *document, const Authority *authority, const KeySet *keys, size_t *ret_n, Error *error)
{
	CLEANUP_BUFFER Buffer message = BUFFER_INIT;
	size_t n = 0;

	if (canonical_write(envelope_content(document), &message, error) < 0)
		return -1;
	for (size_t i = 0; i < keys->count; i++) {
		CLEANUP(public_key_free) PublicKey *key = NULL;
		const char *id;

		if (public_key_new(signer_key_public(keys->keys[i]), &key, error) != 0)
			return -1;
		id = envelope_id_of(authority, key);
		if (!id)
			continue;
		if (sign_once(document, id, keys->keys[i], buffer_bytes(&message), error) < 0)
			return -1;
		n++;
	}
	if (ret_n)
		*ret_n = n;
	return 0;
}

static bool is_valid(const json_t *signature, const PublicKey *key, Bytes message)
{
	const char *hex = json_string_value(json_object_get(signature, "sig"));
	size_t size = hex ? strlen(hex) / 2 : 0;
	CLEANUP_FREE uint8_t *raw = malloc(size + 1);

	return raw && size > 0 && hex_decode(hex, raw, size, NULL) == 0 &&
	       public_key_verifies(key, message, (Bytes){raw, size});
}

static bool is_counted(const PublicKey *const *counted, size_t n, const PublicKey *key)
{
	for (size_t i = 0; i < n; i++)
		if (public_key_same(counted[i], key))
			return true;
	return false;
}

int envelope_examine(const json_t *document, const Authority *authority, EnvelopeState *ret, Error *error)
{
	const json_t *signatures = json_object_get(document, "signatures");
	const PublicKey *counted[ROLE_KEYS_MAX];
	CLEANUP_BUFFER Buffer message = BUFFER_INIT;
	CLEANUP_ENVELOPE_STATE EnvelopeState state = {.n_needed = (size_t)authority->role->threshold};

	state.missing = json_array();
	if (!state.missing)
		return error_memory(error);
	if (canonical_write(envelope_content(document), &message, error) < 0)
		return -1;
	for (size_t i = 0; i < n_ids(authority); i++) {
		const char *id = role_id(authority, i);
		const PublicKey *key = ring_key(authority->ring, id);
		const json_t *signature = json_array_get(signatures, find_signature(signatures, id));

		if (!key || is_counted(counted, state.n_valid, key))
			continue;
		if (signature && is_valid(signature, key, buffer_bytes(&message)))
			counted[state.n_valid++] = key;
		else if (json_add(state.missing, json_string(id), error) < 0)
			return -1;
	}
	*ret = state;
	state.missing = NULL;
	return 0;
}

void envelope_state_clear(EnvelopeState *state)
{
	json_decref(state->missing);
	state->missing = NULL;
}

static bool lists(const Authority *authority, const char *id)
{
	for (size_t i = 0; i < n_ids(authority); i++)
		if (strcmp(role_id(authority, i), id) == 0)
			return true;
	return false;
}

bool envelope_has_stranger(const json_t *document, const Authority *authority)
{
	const json_t *signatures = json_object_get(document, "signatures");

	for (size_t i = 0; i < json_array_size(signatures); i++)
		if (!lists(authority,
			    json_string_value(json_object_get(json_array_get(signatures, i), "keyid"))))
			return true;
	return false;
}

static int take_over(json_t *document, json_t *signature, const Authority *authorities, size_t n_authorities,
	Bytes message, Error *error)
{
	const char *id = json_string_value(json_object_get(signature, "keyid"));

	for (size_t i = 0; i < n_authorities; i++) {
		const PublicKey *key = lists(&authorities[i], id) ? ring_key(authorities[i].ring, id) : NULL;

		if (!key)
			continue;
		if (!is_valid(signature, key, message))
			return error_set(error, "the signature of key %.16s is bad", id);
		return put_signature(document, id, json_incref(signature), error);
	}
	return error_set(error, "it is signed by key %.16s, which is none of the keys of this role", id);
}

int envelope_unite(json_t *document, const json_t *copy, const Authority *authorities, size_t n_authorities,
	Error *error)
{
	const json_t *signatures = json_object_get(copy, "signatures");
	CLEANUP_BUFFER Buffer message = BUFFER_INIT, other = BUFFER_INIT;

	if (canonical_write(envelope_content(document), &message, error) < 0 ||
		canonical_write(envelope_content(copy), &other, error) < 0)
		return -1;
	if (!bytes_equal(buffer_bytes(&message), buffer_bytes(&other)))
		return error_set(
			error, "what it signs is not what waits here: it is a copy of something else");
	for (size_t i = 0; i < json_array_size(signatures); i++)
		if (take_over(document, json_array_get(signatures, i), authorities, n_authorities,
			    buffer_bytes(&message), error) < 0)
			return -1;
	return 0;
}
