/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the server of a repository answers (RFC 9110): GET and HEAD of the regular files below metadata/ and
 * targets/, whole or one byte range, with strong validators. Nothing else of the directory is reachable: no
 * keys, no symlinks, no way up.
 */

#include <microhttpd.h>

/* repository_fd is the directory. Writes one line to stderr for each request. */
enum MHD_Result serve_answer(
	struct MHD_Connection *connection, int repository_fd, const char *method, const char *path);
