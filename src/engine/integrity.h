/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What guards an image, and which of it the setting Integrity= (docs/integrity.md) takes.
 */

#include <stdbool.h>

#include "base/error.h"

/* The weakest first. */
typedef enum Protection {
	PROTECTION_WHOLE,     /* all of it was checked when it was activated */
	PROTECTION_FS_VERITY, /* by the file system, at every read */
	PROTECTION_DM_VERITY, /* by device-mapper, at every read, and whoever waits for it is told */
} Protection;

typedef enum Integrity {
	INTEGRITY_ANY,
	INTEGRITY_KERNEL,
	INTEGRITY_DM_VERITY,
	INTEGRITY_FS_VERITY
} Integrity;

/* As they are written in the configuration, numbered as above; NULL ends them. */
extern const char *const integrity_words[];
const char *integrity_word(Integrity integrity);
bool integrity_takes(Integrity integrity, Protection protection);

/* "dm-verity", "fs-verity", or "verified whole at activation". */
const char *integrity_protection(Protection protection);
