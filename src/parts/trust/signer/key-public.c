/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key-public.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "parts/trust/canonical.h"
#include "parts/trust/public-key.h"
#include "parts/trust/signer/key.h"

static bool begins_with(Bytes text, const char *start)
{
	size_t at = 0;

	while (at < text.size && strchr(" \t\r\n", text.data[at]))
		at++;
	return text.size - at >= strlen(start) && memcmp(text.data + at, start, strlen(start)) == 0;
}

/* The second is what OpenSSL gives for an RSA key on a token. */
static bool is_pem(Bytes text)
{
	return begins_with(text, "-----BEGIN PUBLIC KEY-----") ||
	       begins_with(text, "-----BEGIN RSA PUBLIC KEY-----");
}

bool key_public_is_one(Bytes text)
{
	return begins_with(text, "{") || is_pem(text);
}

static int parse(Bytes text, PublicHalf *half, Error *error)
{
	CLEANUP(public_key_free) PublicKey *key = NULL;
	Digest id;
	int r = is_pem(text) ? signer_key_public_of_pem(text, &half->object, error)
			     : json_parse(text, SIGNER_KEY_FILE_MAX, &half->object, error);

	if (r < 0 || public_key_new(half->object, &key, error) != 0 ||
		canonical_digest(half->object, &id, error) < 0)
		return -1;
	(void)digest_to_hex(&id, half->id);
	return 0;
}

/* Whoever mixes the two up must not be shown a private key in an error, nor have it handed on. */
static int check_not_private(Bytes text, Error *error)
{
	static const char mark[] = "PRIVATE KEY";

	if (text.size > 0 && memmem(text.data, text.size, mark, strlen(mark)))
		return error_set(error, "is a private key; its public half is what is asked for");
	return 0;
}

int key_public_read(int directory, const char *name, PublicHalf *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP_PUBLIC_HALF PublicHalf half = {.object = NULL};

	if (file_read(directory, name, SIGNER_KEY_FILE_MAX, &text, error) != 0)
		return -1;
	if (check_not_private(buffer_bytes(&text), error) < 0 || parse(buffer_bytes(&text), &half, error) < 0)
		return error_in(error, "the public key %s", name);
	*ret = half;
	half.object = NULL;
	return 0;
}

int key_public_write(const json_t *object, int directory, const char *name, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	if (json_write(object, &text, error) < 0)
		return -1;
	if (faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_os(error, EEXIST, "cannot create the public key %s", name);
	return file_replace(directory, name, buffer_bytes(&text), 0644, error);
}

void key_public_clear(PublicHalf *half)
{
	json_decref(half->object);
	half->object = NULL;
}
