/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"

enum { LOOP_PATH_SIZE = 32 };

/* Attaches a loop device to the file: read-only, so that it keeps no file system from becoming so, and
 * clearing itself when its last user lets go, of whom *ret_fd is the first. Its node is in path. */
int loop_attach(int file, int *ret_fd, char path[static LOOP_PATH_SIZE], Error *error);
