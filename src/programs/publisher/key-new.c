/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "parts/trust/signer/key-public.h"
#include "parts/trust/signer/key.h"
#include "programs/publisher/key-actions.h"

static int save(const SignerKey *key, const char *name, const char *public_name, Error *error)
{
	if (faccessat(AT_FDCWD, public_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_os(error, EEXIST, "cannot create the public key %s", public_name);
	if (signer_key_save(key, AT_FDCWD, name, error) < 0)
		return -1;
	return key_public_write(signer_key_public(key), AT_FDCWD, public_name, error);
}

int key_new(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	CLEANUP(signer_key_free) SignerKey *key = NULL;
	CLEANUP_FREE char *public_name = NULL;
	const char *name = words->words[0];

	if (text_format(&public_name, error, "%s.pub", name) < 0 ||
		signer_key_generate(settings->type ? settings->type : "ed25519", &key, error) < 0 ||
		save(key, name, public_name, error) < 0)
		return -1;
	printf("Made the key %s\n"
	       "  %s      private: it signs, and never leaves its owner\n"
	       "  %s  public: hand it to who shall trust it\n",
		signer_key_id(key), name, public_name);
	return 0;
}
