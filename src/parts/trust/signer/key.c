/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "parts/trust/canonical.h"
#include "parts/trust/signer/key-uri.h"

enum { ED25519_SIZE = 32, RSA_BITS = 3072, RSA_BITS_MAX = 8192 };

/* What metadata calls a kind of key, and what libcrypto does. */
typedef struct Kind {
	const char *type, *scheme;
	const char *algorithm, *digest;
} Kind;

static const Kind kinds[] = {
	{"ed25519", "ed25519", "ED25519", NULL},
	{"ecdsa", "ecdsa-sha2-nistp256", "EC", "SHA256"},
	{"rsa", "rsassa-pss-sha256", "RSA", "SHA256"},
};

struct SignerKey {
	EVP_PKEY *pair;
	const Kind *kind;
	json_t *public_half;
	char id[DIGEST_HEX_SIZE];
};

static inline void bio_cleanup(BIO **place)
{
	(void)BIO_free(*place);
}

static inline void pair_cleanup(EVP_PKEY **place)
{
	EVP_PKEY_free(*place);
}
#define CLEANUP_PAIR __attribute__((cleanup(pair_cleanup)))

SignerKey *signer_key_free(SignerKey *key)
{
	if (key) {
		EVP_PKEY_free(key->pair);
		json_decref(key->public_half);
		free(key);
	}
	return NULL;
}

/* NULL when clients would not use it. */
static const Kind *kind_of(const EVP_PKEY *pair)
{
	char curve[32] = "";
	int bits = EVP_PKEY_get_bits(pair);

	if (EVP_PKEY_is_a(pair, "ED25519"))
		return &kinds[0];
	if (EVP_PKEY_is_a(pair, "EC") && EVP_PKEY_get_group_name(pair, curve, sizeof(curve), NULL) == 1 &&
		(strcmp(curve, "prime256v1") == 0 || strcmp(curve, "P-256") == 0))
		return &kinds[1];
	if (EVP_PKEY_is_a(pair, "RSA") && bits >= RSA_BITS && bits <= RSA_BITS_MAX)
		return &kinds[2];
	return NULL;
}

static int write_hex(const EVP_PKEY *pair, json_t *value, Error *error)
{
	uint8_t raw[ED25519_SIZE];
	char hex[2 * ED25519_SIZE + 1];
	size_t size = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(pair, raw, &size) != 1 || size != sizeof(raw))
		return error_set(error, "libcrypto does not give the public half of the key");
	hex_encode(raw, sizeof(raw), hex);
	return json_put_text(value, "public", hex, error);
}

/* Put together here: a provider of tokens may write another kind of PEM, and the key's id would change. */
static int write_pem(EVP_PKEY *pair, json_t *value, Error *error)
{
	__attribute__((cleanup(bio_cleanup))) BIO *bio = BIO_new(BIO_s_mem());
	uint8_t *der = NULL;
	int der_size = i2d_PUBKEY(pair, &der);
	bool written = bio && der_size > 0 && PEM_write_bio(bio, "PUBLIC KEY", "", der, der_size) > 0;
	char *text = NULL;
	long size;

	OPENSSL_free(der);
	if (!written)
		return error_set(error, "libcrypto does not give the public half of the key");
	size = BIO_get_mem_data(bio, &text);
	return json_put(value, "public", json_stringn(text, (size_t)size), error);
}

static int describe_public(EVP_PKEY *pair, const Kind *kind, json_t *object, Error *error)
{
	json_t *value = json_object();

	if (json_put(object, "keyval", value, error) < 0 ||
		json_put_text(object, "keytype", kind->type, error) < 0 ||
		json_put_text(object, "scheme", kind->scheme, error) < 0)
		return -1;
	return kind->digest ? write_pem(pair, value, error) : write_hex(pair, value, error);
}

/* Takes over *pair when it succeeds. */
static int key_of_pair(EVP_PKEY **pair, SignerKey **ret, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = calloc(1, sizeof(*key));
	Digest id;

	if (!key)
		return error_memory(error);
	key->kind = kind_of(*pair);
	if (!key->kind)
		return error_set(error,
			"it is no key that clients use: Ed25519, ECDSA on P-256, or RSA of %d to %d bits",
			RSA_BITS, RSA_BITS_MAX);
	key->public_half = json_object();
	if (!key->public_half)
		return error_memory(error);
	if (describe_public(*pair, key->kind, key->public_half, error) < 0 ||
		canonical_digest(key->public_half, &id, error) < 0)
		return -1;
	(void)digest_to_hex(&id, key->id);
	key->pair = TAKE_PTR(*pair);
	*ret = TAKE_PTR(key);
	return 0;
}

int signer_key_public_of_pem(Bytes text, json_t **ret, Error *error)
{
	__attribute__((cleanup(bio_cleanup))) BIO *bio = NULL;
	CLEANUP_PAIR EVP_PKEY *pair = NULL;
	CLEANUP(signer_key_free) SignerKey *key = NULL;

	if (text.size > SIGNER_KEY_FILE_MAX)
		return error_set(error, "is larger than %d bytes", SIGNER_KEY_FILE_MAX);
	bio = BIO_new_mem_buf(text.data, (int)text.size);
	pair = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	if (!pair)
		return error_set(error, "is not a public key in PEM");
	if (key_of_pair(&pair, &key, error) < 0)
		return -1;
	*ret = json_incref(key->public_half);
	return 0;
}

static EVP_PKEY *generate(const char *type)
{
	if (strcmp(type, "ecdsa") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (strcmp(type, "rsa") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

int signer_key_check_type(const char *type, Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return 0;
	return error_set(error, "there is no type of key \"%s\": say ed25519, ecdsa or rsa", type);
}

int signer_key_generate(const char *type, SignerKey **ret, Error *error)
{
	CLEANUP_PAIR EVP_PKEY *pair = NULL;

	if (signer_key_check_type(type, error) < 0)
		return -1;
	pair = generate(type);
	if (!pair)
		return error_set(error, "libcrypto cannot generate an %s key", type);
	return key_of_pair(&pair, ret, error);
}

/* Without it, libcrypto asks the terminal for the password of an encrypted PEM. */
static int no_password(char *password, int size, int writing, void *userdata)
{
	(void)password, (void)size, (void)writing, (void)userdata;
	return -1;
}

static int check_mode(int directory, const char *name, Error *error)
{
	struct stat status;

	if (fstatat(directory, name, &status, 0) < 0)
		return error_os(error, errno, "cannot examine the key file %s", name);
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(error, "others may read the private key %s: make its mode 0600", name);
	return 0;
}

int signer_key_load(int directory, const char *name, SignerKey **ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	__attribute__((cleanup(bio_cleanup))) BIO *bio = NULL;
	CLEANUP_PAIR EVP_PKEY *pair = NULL;
	int done;

	if (check_mode(directory, name, error) < 0 ||
		file_read(directory, name, SIGNER_KEY_FILE_MAX, &text, error) != 0)
		return -1;
	bio = BIO_new_mem_buf(text.data, (int)text.size);
	if (bio)
		pair = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	if (!pair)
		done = error_set(error, "%s holds no private key in PEM without a password", name);
	else
		done = key_of_pair(&pair, ret, error) < 0 ? error_in(error, "%s", name) : 0;
	OPENSSL_cleanse(text.data, text.size);
	return done;
}

int signer_key_open(const char *place, SignerKey **ret, Error *error)
{
	CLEANUP_PAIR EVP_PKEY *pair = NULL;

	if (!key_uri_is_one(place))
		return signer_key_load(AT_FDCWD, place, ret, error);
	if (key_uri_load(place, &pair, error) < 0)
		return -1;
	return key_of_pair(&pair, ret, error) < 0 ? error_in(error, "%s", place) : 0;
}

static int write_new(int directory, const char *name, Bytes content, Error *error)
{
	CLEANUP_CLOSE int fd =
		openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return error_os(error, errno, "cannot create the key file %s", name);
	if (fchmod(fd, 0600) < 0) {
		(void)error_os(error, errno, "cannot set the mode of %s", name);
		goto fail;
	}
	if (file_write_all(fd, content, name, error) < 0 || file_sync(fd, name, error) < 0)
		goto fail;
	return file_sync_parent(directory, name, error);

fail:
	(void)unlinkat(directory, name, 0);
	return -1;
}

int signer_key_save(const SignerKey *key, int directory, const char *name, Error *error)
{
	__attribute__((cleanup(bio_cleanup))) BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	long size;

	if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, NULL, NULL) != 1)
		return error_set(error, "libcrypto does not write the private key");
	size = BIO_get_mem_data(bio, &text);
	return write_new(directory, name, (Bytes){(const uint8_t *)text, (size_t)size}, error);
}

json_t *signer_key_public(const SignerKey *key)
{
	return key->public_half;
}

const char *signer_key_id(const SignerKey *key)
{
	return key->id;
}

static bool set_padding(EVP_PKEY_CTX *parameters)
{
	return EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
}

int signer_key_sign(const SignerKey *key, Bytes message, Buffer *ret, Error *error)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL;
	size_t size = (size_t)EVP_PKEY_get_size(key->pair);
	bool done;

	if (buffer_reserve(ret, size, error) < 0) {
		EVP_MD_CTX_free(context);
		return -1;
	}
	done = context &&
	       EVP_DigestSignInit_ex(context, &parameters, key->kind->digest, NULL, NULL, key->pair, NULL) ==
		       1 &&
	       (!EVP_PKEY_is_a(key->pair, "RSA") || set_padding(parameters)) &&
	       EVP_DigestSign(context, ret->data + ret->size, &size, message.data, message.size) == 1;
	EVP_MD_CTX_free(context);
	if (!done)
		return error_set(error, "libcrypto does not sign with the key %.16s", key->id);
	ret->size += size;
	ret->data[ret->size] = 0;
	return 0;
}
