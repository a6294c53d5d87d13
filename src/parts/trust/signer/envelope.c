/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/envelope.h"

#include "base/json.h"
#include "parts/trust/canonical.h"

static int add_signature(json_t *signatures, const SignerKey *key, Bytes message, Error *error)
{
	CLEANUP_BUFFER Buffer raw = BUFFER_INIT;
	CLEANUP_FREE char *hex = NULL;
	json_t *signature = json_object();

	if (json_add(signatures, signature, error) < 0 || signer_key_sign(key, message, &raw, error) < 0)
		return -1;
	hex = malloc(2 * raw.size + 1);
	if (!hex)
		return error_memory(error);
	hex_encode(raw.data, raw.size, hex);
	if (json_put_text(signature, "keyid", signer_key_id(key), error) < 0)
		return -1;
	return json_put_text(signature, "sig", hex, error);
}

int envelope_sign(json_t *content, const SignerKey *const *keys, size_t n_keys, Buffer *ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_BUFFER Buffer message = BUFFER_INIT;
	json_t *signatures = json_array();

	if (json_put(document, "signatures", signatures, error) < 0 ||
		json_put(document, "signed", json_incref(content), error) < 0 ||
		canonical_write(content, &message, error) < 0)
		return -1;
	for (size_t i = 0; i < n_keys; i++)
		if (add_signature(signatures, keys[i], buffer_bytes(&message), error) < 0)
			return -1;
	return json_write(document, ret, error);
}
