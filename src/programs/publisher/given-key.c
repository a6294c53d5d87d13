/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/given-key.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/trust/canonical.h"
#include "parts/trust/public-key.h"
#include "parts/trust/signer/key-uri.h"

enum { FIRST_MAX = 2 * SIGNER_KEY_FILE_MAX };

static int is_public(const char *place, bool *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (key_uri_is_one(place)) {
		*ret = false;
		return 0;
	}
	if (file_read(AT_FDCWD, place, FIRST_MAX, &text, error) != 0)
		return -1;
	*ret = key_public_is_one(buffer_bytes(&text));
	return 0;
}

int given_key_both(const char *place, PublicHalf *ret, SignerKey **ret_key, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	bool public_half = false;

	if (is_public(place, &public_half, error) < 0)
		return -1;
	if (public_half) {
		*ret_key = NULL;
		return key_public_read(AT_FDCWD, place, ret, error);
	}
	if (signer_key_open(place, &key, error) < 0)
		return -1;
	ret->object = json_incref(signer_key_public(key));
	(void)strcpy(ret->id, signer_key_id(key));
	*ret_key = TAKE_PTR(key);
	return 0;
}

int given_key_public(const char *place, PublicHalf *ret, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	return given_key_both(place, ret, &key, error);
}

/* The scheme decides, as it does for clients; the field "keytype" may say anything. */
const char *given_key_type(const json_t *object, const char *id)
{
	const char *scheme = json_string_value(json_object_get(object, "scheme"));
	CLEANUP(public_key_free) PublicKey *key = NULL;
	char own[DIGEST_HEX_SIZE];
	Digest digest;

	if (!object || public_key_new(object, &key, NULL) != 0 ||
		canonical_digest((json_t *)(uintptr_t)object, &digest, NULL) < 0 ||
		strcmp(digest_to_hex(&digest, own), id) != 0)
		return "unusable";
	if (text_has_prefix(scheme, "ecdsa"))
		return "ecdsa";
	return text_has_prefix(scheme, "rsa") ? "rsa" : "ed25519";
}
