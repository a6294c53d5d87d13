/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/integrity.h"

#include <string.h>

#include "base/bytes.h"

static const char *const words[] = {
	[INTEGRITY_ANY] = "any",
	[INTEGRITY_KERNEL] = "kernel",
	[INTEGRITY_DM_VERITY] = "dm-verity",
	[INTEGRITY_FS_VERITY] = "fs-verity",
};

int integrity_parse(const char *word, Integrity *ret, Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0) {
			*ret = (Integrity)i;
			return 0;
		}
	return error_set(error, "\"%s\" is not any, kernel, dm-verity or fs-verity", word);
}

const char *integrity_word(Integrity integrity)
{
	return words[integrity];
}

bool integrity_takes(Integrity integrity, Protection protection)
{
	switch (integrity) {
	case INTEGRITY_DM_VERITY:
		return protection == PROTECTION_DM_VERITY;
	case INTEGRITY_FS_VERITY:
		return protection == PROTECTION_FS_VERITY;
	case INTEGRITY_KERNEL:
		return protection != PROTECTION_WHOLE;
	case INTEGRITY_ANY:
		break;
	}
	return true;
}

const char *integrity_protection(Protection protection)
{
	static const char *const names[] = {
		[PROTECTION_WHOLE] = "verified whole at activation",
		[PROTECTION_FS_VERITY] = "fs-verity",
		[PROTECTION_DM_VERITY] = "dm-verity",
	};

	return names[protection];
}
