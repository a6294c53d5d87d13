/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_SIZE = 128 * 1024 };

struct Hash {
	EVP_MD_CTX *context;
};

bool digest_equal(const Digest *a, const Digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

const char *digest_to_hex(const Digest *digest, char hex[static DIGEST_HEX_SIZE])
{
	hex_encode(digest->bytes, DIGEST_SIZE, hex);
	return hex;
}

int digest_from_hex(const char *hex, Digest *ret, Error *error)
{
	Digest digest;

	if (hex_decode(hex, digest.bytes, DIGEST_SIZE, error) < 0)
		return -1;
	*ret = digest;
	return 0;
}

int hash_new(Hash **ret, Error *error)
{
	CLEANUP(hash_free) Hash *hash = calloc(1, sizeof(*hash));

	if (!hash)
		return error_memory(error);
	hash->context = EVP_MD_CTX_new();
	if (!hash->context || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1)
		return error_set(error, "cannot set up SHA-256");
	*ret = TAKE_PTR(hash);
	return 0;
}

Hash *hash_free(Hash *hash)
{
	if (hash) {
		EVP_MD_CTX_free(hash->context);
		free(hash);
	}
	return NULL;
}

int hash_update(Hash *hash, Bytes bytes, Error *error)
{
	if (bytes.size > 0 && EVP_DigestUpdate(hash->context, bytes.data, bytes.size) != 1)
		return error_set(error, "SHA-256 failed");
	return 0;
}

int hash_finish(Hash *hash, Digest *ret, Error *error)
{
	unsigned size = 0;

	if (EVP_DigestFinal_ex(hash->context, ret->bytes, &size) != 1 || size != DIGEST_SIZE)
		return error_set(error, "SHA-256 failed");
	return 0;
}

int hash_bytes(Bytes bytes, Digest *ret, Error *error)
{
	CLEANUP(hash_free) Hash *hash = NULL;

	if (hash_new(&hash, error) < 0 || hash_update(hash, bytes, error) < 0)
		return -1;
	return hash_finish(hash, ret, error);
}

int hash_file(int fd, uint64_t max, Digest *ret, uint64_t *ret_size, Error *error)
{
	CLEANUP(hash_free) Hash *hash = NULL;
	CLEANUP_FREE uint8_t *block = malloc(READ_SIZE);
	uint64_t size = 0;

	if (!block)
		return error_memory(error);
	if (hash_new(&hash, error) < 0)
		return -1;
	for (;;) {
		ssize_t n = pread(fd, block, READ_SIZE, (off_t)size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(error, errno, "cannot read");
		if (n == 0)
			break;
		size += (uint64_t)n;
		if (size > max)
			return error_set(
				error, "is larger than the %llu bytes allowed", (unsigned long long)max);
		if (hash_update(hash, (Bytes){block, (size_t)n}, error) < 0)
			return -1;
	}
	if (ret_size)
		*ret_size = size;
	return hash_finish(hash, ret, error);
}
