/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/salt.h"

#include <string.h>

int salt_of_image(const Digest *image, uint8_t ret[static VERITY_SALT_SIZE], Error *error)
{
	static const char prefix[] = "suture-verity"; /* its zero byte is hashed too */
	uint8_t text[sizeof(prefix) + DIGEST_SIZE];
	Digest digest;

	_Static_assert((int)VERITY_SALT_SIZE == (int)DIGEST_SIZE, "a salt is a digest");
	memcpy(text, prefix, sizeof(prefix));
	memcpy(text + sizeof(prefix), image->bytes, DIGEST_SIZE);
	if (hash_bytes((Bytes){text, sizeof(text)}, &digest, error) < 0)
		return -1;
	memcpy(ret, digest.bytes, VERITY_SALT_SIZE);
	return 0;
}
