/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/public-key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum {
	ED25519_SIZE = 32,
	NAME_SIZE_MAX = 64,
	PUBLIC_SIZE_MAX = 8192,
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 8192, /* verifying takes time that grows with the square of this */
};

typedef struct Scheme {
	const char *name;
	const char *digest; /* NULL: the scheme hashes by itself */
	const char *curve;
	int type; /* EVP_PKEY_… */
} Scheme;

static const Scheme schemes[] = {
	{.name = "ed25519", .type = EVP_PKEY_ED25519},
	{.name = "ecdsa-sha2-nistp256", .digest = "SHA256", .curve = "prime256v1", .type = EVP_PKEY_EC},
	{.name = "ecdsa-sha2-nistp384", .digest = "SHA384", .curve = "secp384r1", .type = EVP_PKEY_EC},
	{.name = "rsassa-pss-sha256", .digest = "SHA256", .type = EVP_PKEY_RSA},
};

struct PublicKey {
	const Scheme *scheme;
	EVP_PKEY *key;
};

static inline void bio_cleanup(BIO **place)
{
	(void)BIO_free(*place);
}

static inline void context_cleanup(EVP_MD_CTX **place)
{
	EVP_MD_CTX_free(*place);
}

/* Without it, libcrypto asks the terminal for the password of an encrypted PEM. */
static int no_password(char *password, int size, int writing, void *userdata)
{
	(void)password, (void)size, (void)writing, (void)userdata;
	return -1;
}

static EVP_PKEY *key_of_pem(const char *pem)
{
	__attribute__((cleanup(bio_cleanup))) BIO *bio = BIO_new_mem_buf(pem, -1);

	return bio ? PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL) : NULL;
}

static EVP_PKEY *key_of_hex(const char *hex)
{
	uint8_t raw[ED25519_SIZE];

	if (hex_decode(hex, raw, sizeof(raw), NULL) < 0)
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
}

static bool fits(const Scheme *scheme, const EVP_PKEY *key)
{
	char curve[32] = "";
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_get_base_id(key) != scheme->type)
		return false;
	if (scheme->type == EVP_PKEY_RSA)
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
	if (!scheme->curve)
		return true;
	return EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	       strcmp(curve, scheme->curve) == 0;
}

static const Scheme *find_scheme(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

/* The scheme alone decides: keytype "ecdsa" was called "ecdsa-sha2-nistp256" in earlier repositories. */
int public_key_new(const json_t *object, PublicKey **ret, Error *error)
{
	CLEANUP(public_key_free) PublicKey *key = NULL;
	const char *type, *scheme, *text;
	json_t *value = NULL;

	if (json_string_field(object, "keytype", NAME_SIZE_MAX, &type, error) < 0 ||
		json_string_field(object, "scheme", NAME_SIZE_MAX, &scheme, error) < 0 ||
		json_object_field(object, "keyval", &value, error) < 0)
		return -1;
	key = calloc(1, sizeof(*key));
	if (!key)
		return error_memory(error);
	key->scheme = find_scheme(scheme);
	if (!key->scheme) {
		(void)error_set(error, "the scheme \"%s\" is unknown", scheme);
		return PUBLIC_KEY_UNUSABLE;
	}
	if (json_string_field(value, "public", PUBLIC_SIZE_MAX, &text, error) < 0)
		return -1;
	key->key = key->scheme->type == EVP_PKEY_ED25519 ? key_of_hex(text) : key_of_pem(text);
	if (!key->key || !fits(key->scheme, key->key)) {
		(void)error_set(error, "is not a valid %s key", scheme);
		return PUBLIC_KEY_UNUSABLE;
	}
	*ret = TAKE_PTR(key);
	return 0;
}

PublicKey *public_key_free(PublicKey *key)
{
	if (key) {
		EVP_PKEY_free(key->key);
		free(key);
	}
	return NULL;
}

bool public_key_same(const PublicKey *a, const PublicKey *b)
{
	return EVP_PKEY_eq(a->key, b->key) == 1;
}

bool public_key_verifies(const PublicKey *key, Bytes message, Bytes signature)
{
	__attribute__((cleanup(context_cleanup))) EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL;

	if (!context || EVP_DigestVerifyInit_ex(
				context, &parameters, key->scheme->digest, NULL, NULL, key->key, NULL) != 1)
		return false;
	if (key->scheme->type == EVP_PKEY_RSA &&
		(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
			EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_AUTO) != 1))
		return false;
	return EVP_DigestVerify(context, signature.data, signature.size, message.data, message.size) == 1;
}
