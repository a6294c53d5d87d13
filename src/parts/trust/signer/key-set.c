/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/key-set.h"

#include <string.h>

int key_set_add(KeySet *set, SignerKey **key, Error *error)
{
	SignerKey **grown;

	for (size_t i = 0; i < set->count; i++)
		if (strcmp(signer_key_id(set->keys[i]), signer_key_id(*key)) == 0) {
			*key = signer_key_free(*key);
			return 0;
		}
	grown = reallocarray(set->keys, set->count + 1, sizeof(*grown));
	if (!grown)
		return error_memory(error);
	set->keys = grown;
	set->keys[set->count++] = TAKE_PTR(*key);
	return 0;
}

void key_set_clear(KeySet *set)
{
	for (size_t i = 0; i < set->count; i++)
		(void)signer_key_free(set->keys[i]);
	free(set->keys);
	*set = (KeySet){NULL, 0};
}
