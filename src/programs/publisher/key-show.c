/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>

#include "programs/publisher/given-key.h"
#include "programs/publisher/key-actions.h"

int key_show(const PublisherSettings *settings, const OptionList *words, Error *error)
{
	CLEANUP_PUBLIC_HALF PublicHalf half = {.object = NULL};

	(void)settings;
	if (given_key_public(words->words[0], &half, error) < 0)
		return -1;
	printf("%s key %s\n", given_key_type(half.object), half.id);
	return 0;
}
