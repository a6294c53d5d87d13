/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/error.h"

/* Is it a value for Proxy=? */
int proxy_check(const char *setting, Error *error);

/* The setting Proxy=: NULL leaves to the environment which proxy there is, "none" has none used, and else it
 * is one's URL. It is put into this process's environment, under libcurl's names: that is where each face of
 * libcurl looks, and what a process that fetches inherits. no_proxy in the environment counts on. */
int proxy_apply(const char *setting, Error *error);
