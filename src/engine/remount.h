/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writing for a moment where the initramfs has mounted the root file system read-only.
 */

#include <stdbool.h>

#include "base/error.h"

typedef struct Remount {
	char *point;     /* NULL: it was writable */
	bool mount;      /* the mount was read-only by itself */
	bool superblock; /* the file system was */
} Remount;

/* Makes the file system that holds the directory writable, unless it is. Its other options stay as they are.
 */
int remount_writable(const char *directory, Remount *ret, Error *error);

/* Undoes it; every file that was opened for writing is closed by then. */
void remount_restore(Remount *remount);
#define CLEANUP_REMOUNT __attribute__((cleanup(remount_restore)))
