/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key-uri.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <string.h>

#include "base/cleanup.h"

bool key_uri_is_one(const char *place)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "0123456789+-.";
	size_t length = 0;

	if (!*place || !strchr(letters, *place))
		return false;
	while (place[length] && (strchr(letters, place[length]) || strchr(others, place[length])))
		length++;
	return place[length] == ':';
}

/* The reason that libcrypto gives last is the one of whoever was closest to the key. */
static int failed(const char *what, const char *uri, Error *error)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	return error_set(error, "%s %s: %s", what, uri, reason ? reason : "no reason is given");
}

static inline void store_cleanup(OSSL_STORE_CTX **place)
{
	(void)OSSL_STORE_close(*place);
}

static inline void info_cleanup(OSSL_STORE_INFO **place)
{
	OSSL_STORE_INFO_free(*place);
}

static inline void pair_cleanup(EVP_PKEY **place)
{
	EVP_PKEY_free(*place);
}

int key_uri_load(const char *uri, EVP_PKEY **ret, Error *error)
{
	__attribute__((cleanup(store_cleanup))) OSSL_STORE_CTX *store = NULL;
	__attribute__((cleanup(pair_cleanup))) EVP_PKEY *found = NULL;

	ERR_clear_error();
	store = OSSL_STORE_open(uri, UI_OpenSSL(), NULL, NULL, NULL);
	if (!store)
		return failed("cannot open the key", uri, error);
	if (OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) != 1)
		return failed("cannot look for a private key in", uri, error);
	while (!OSSL_STORE_eof(store)) {
		__attribute__((cleanup(info_cleanup))) OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		/* The end of a PEM file is such an error too: what counts is whether there was a key. */
		if (!info && OSSL_STORE_error(store))
			break;
		if (!info || OSSL_STORE_INFO_get_type(info) != OSSL_STORE_INFO_PKEY)
			continue;
		if (found)
			return error_set(error, "%s leads to more than one private key", uri);
		found = OSSL_STORE_INFO_get1_PKEY(info);
	}
	if (!found)
		return failed("there is no private key at", uri, error);
	*ret = TAKE_PTR(found);
	return 0;
}
