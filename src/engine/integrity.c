/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/integrity.h"

#include <stddef.h>

const char *const integrity_words[] = {
	[INTEGRITY_ANY] = "any",
	[INTEGRITY_KERNEL] = "kernel",
	[INTEGRITY_DM_VERITY] = "dm-verity",
	[INTEGRITY_FS_VERITY] = "fs-verity",
	NULL,
};

const char *integrity_word(Integrity integrity)
{
	return integrity_words[integrity];
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
