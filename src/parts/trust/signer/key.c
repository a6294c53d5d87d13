/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "parts/trust/canonical.h"

enum { FILE_SIZE_MAX = 16384, PUBLIC_SIZE = 32 };

struct SignerKey {
	EVP_PKEY *pair;
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

static int describe_public(const EVP_PKEY *pair, json_t *object, Error *error)
{
	uint8_t raw[PUBLIC_SIZE];
	char hex[2 * PUBLIC_SIZE + 1];
	size_t size = sizeof(raw);
	json_t *value = json_object();

	if (json_put(object, "keyval", value, error) < 0)
		return -1;
	if (EVP_PKEY_get_raw_public_key(pair, raw, &size) != 1 || size != sizeof(raw))
		return error_set(error, "libcrypto does not give the public half of the key");
	hex_encode(raw, sizeof(raw), hex);
	if (json_put_text(value, "public", hex, error) < 0 ||
		json_put_text(object, "keytype", "ed25519", error) < 0)
		return -1;
	return json_put_text(object, "scheme", "ed25519", error);
}

/* Takes over *pair when it succeeds. */
static int key_of_pair(EVP_PKEY **pair, SignerKey **ret, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = calloc(1, sizeof(*key));
	Digest id;

	if (!key)
		return error_memory(error);
	key->public_half = json_object();
	if (!key->public_half)
		return error_memory(error);
	if (describe_public(*pair, key->public_half, error) < 0 ||
		canonical_digest(key->public_half, &id, error) < 0)
		return -1;
	(void)digest_to_hex(&id, key->id);
	key->pair = TAKE_PTR(*pair);
	*ret = TAKE_PTR(key);
	return 0;
}

int signer_key_generate(SignerKey **ret, Error *error)
{
	CLEANUP_PAIR EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (!pair)
		return error_set(error, "cannot generate an Ed25519 key");
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
		file_read(directory, name, FILE_SIZE_MAX, &text, error) != 0)
		return -1;
	bio = BIO_new_mem_buf(text.data, (int)text.size);
	if (bio)
		pair = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	if (!pair || EVP_PKEY_get_base_id(pair) != EVP_PKEY_ED25519)
		done = error_set(error, "%s holds no Ed25519 private key in PEM without a password", name);
	else
		done = key_of_pair(&pair, ret, error);
	OPENSSL_cleanse(text.data, text.size);
	return done;
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

int signer_key_sign(
	const SignerKey *key, Bytes message, uint8_t signature[static SIGNER_SIGNATURE_SIZE], Error *error)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = SIGNER_SIGNATURE_SIZE;
	bool done = context && EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key->pair, NULL) == 1 &&
		    EVP_DigestSign(context, signature, &size, message.data, message.size) == 1 &&
		    size == SIGNER_SIGNATURE_SIZE;

	EVP_MD_CTX_free(context);
	return done ? 0 : error_set(error, "libcrypto does not sign with the key");
}
