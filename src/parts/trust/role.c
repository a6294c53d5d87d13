/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/role.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "parts/trust/canonical.h"

enum { SIGNATURE_BYTES_MAX = 2048 };

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const KeyRingEntry *)a)->id, ((const KeyRingEntry *)b)->id);
}

static inline void key_ring_clear_cleanup(KeyRing *ring)
{
	key_ring_clear(ring);
}

/* A key under an id that is not its own is as good as one of an unknown scheme (section 4.2.3). */
static int read_key(json_t *object, KeyRingEntry *entry, Error *error)
{
	char hex[DIGEST_HEX_SIZE];
	Digest digest;

	if (public_key_new(object, &entry->key, error) < 0 || canonical_digest(object, &digest, error) < 0)
		return -1;
	if (strcmp(digest_to_hex(&digest, hex), entry->id) != 0)
		entry->key = public_key_free(entry->key);
	return 0;
}

int key_ring_parse(json_t *keys, KeyRing *ret, Error *error)
{
	__attribute__((cleanup(key_ring_clear_cleanup))) KeyRing ring = {.entries = NULL};

	if (json_object_size(keys) > KEY_RING_MAX)
		return error_set(error, "has more than %d keys", KEY_RING_MAX);
	ring.entries = calloc(json_object_size(keys) + 1, sizeof(*ring.entries));
	if (!ring.entries)
		return error_memory(error);
	for (void *at = json_object_iter(keys); at; at = json_object_iter_next(keys, at)) {
		KeyRingEntry *entry = &ring.entries[ring.count];

		entry->id = json_object_iter_key(at);
		ring.count++;
		if (read_key(json_object_iter_value(at), entry, error) < 0)
			return error_in(error, "key %s", entry->id);
	}
	qsort(ring.entries, ring.count, sizeof(*ring.entries), compare_entries);
	*ret = ring;
	ring = (KeyRing){.entries = NULL};
	return 0;
}

void key_ring_clear(KeyRing *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		(void)public_key_free(ring->entries[i].key);
	free(ring->entries);
	*ring = (KeyRing){.entries = NULL};
}

static const PublicKey *key_ring_find(const KeyRing *ring, const char *id)
{
	KeyRingEntry wanted = {.id = id};
	KeyRingEntry *found = ring->count == 0 ? NULL
					       : bsearch(&wanted, ring->entries, ring->count, sizeof(wanted),
							 compare_entries);

	return found ? found->key : NULL;
}

static bool lists(const json_t *ids, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(json_string_value(json_array_get(ids, i)), id) == 0)
			return true;
	return false;
}

int role_parse(const json_t *object, Role *ret, Error *error)
{
	json_t *ids = NULL;
	int64_t threshold;

	if (json_array_field(object, "keyids", ROLE_KEYS_MAX, &ids, error) < 0 ||
		json_integer_field(object, "threshold", 1, INT32_MAX, &threshold, error) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(ids); i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		if (!id)
			return error_set(error, "field \"keyids\" has an entry that is not a string");
		if (lists(ids, i, id))
			return error_set(error, "field \"keyids\" lists %s twice", id);
	}
	*ret = (Role){ids, threshold};
	return 0;
}

static bool signed_by(const PublicKey *key, const json_t *signature, Bytes message)
{
	const char *hex = json_string_value(json_object_get(signature, "sig"));
	uint8_t raw[SIGNATURE_BYTES_MAX];
	size_t size = strlen(hex) / 2;

	if (size == 0 || size > sizeof(raw) || hex_decode(hex, raw, size, NULL) < 0)
		return false;
	return public_key_verifies(key, message, (Bytes){raw, size});
}

static bool is_counted(const PublicKey *const *counted, int64_t n, const PublicKey *key)
{
	for (int64_t i = 0; i < n; i++)
		if (public_key_same(counted[i], key))
			return true;
	return false;
}

int role_verify(
	const Role *role, const KeyRing *ring, const Metadata *metadata, const char *name, Error *error)
{
	const PublicKey *counted[ROLE_KEYS_MAX];
	CLEANUP_BUFFER Buffer message = BUFFER_INIT;
	int64_t n = 0;

	if (metadata_canonical(metadata, &message, error) < 0)
		return error_in(error, "%s metadata", name);
	for (size_t i = 0; i < json_array_size(metadata->signatures) && n < role->threshold; i++) {
		const json_t *signature = json_array_get(metadata->signatures, i);
		const char *id = json_string_value(json_object_get(signature, "keyid"));
		const PublicKey *key = key_ring_find(ring, id);

		if (!key || !lists(role->ids, json_array_size(role->ids), id) ||
			is_counted(counted, n, key) || !signed_by(key, signature, buffer_bytes(&message)))
			continue;
		counted[n++] = key;
	}
	if (n < role->threshold)
		return error_set(error, "%s metadata is signed by %lld of the %lld keys needed", name,
			(long long)n, (long long)role->threshold);
	return 0;
}
