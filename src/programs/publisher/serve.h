/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A small web server for trying a repository out. It runs in one thread until SIGINT or SIGTERM, prints
 * where it serves on stdout and one line for each request on stderr. Devices should get the files from a
 * real web server; this one speaks no TLS.
 */

#include "base/error.h"

/* address is "HOST:PORT" ("[::1]:8080" for IPv6), NULL for 127.0.0.1:8080; port 0 takes a free one. Returns
 * 0 after a signal ended it. */
int serve_run(const char *repository, const char *address, Error *error);
