/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * URLs: which ones may be asked for, and how they are shown to people.
 */

#include <stdbool.h>

#include "base/error.h"

enum { URL_LENGTH_MAX = 4096 };

/* http:// or https:// with a host. */
int url_check(const char *url, Error *error);

bool url_is_https(const char *url);

/* May a redirect lead from one URL to the other? Never out of HTTP(S), never from https to http. */
int url_check_redirect(const char *from, const char *to, Error *error);

/* A copy without "user:password@", for messages. Works for what is no URL as well. The caller frees it. */
int url_for_people(const char *url, char **ret, Error *error);

/* Only "https://host:port", for messages about the server rather than the file. The caller frees it. */
int url_origin_for_people(const char *url, char **ret, Error *error);
