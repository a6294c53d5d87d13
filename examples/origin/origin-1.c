/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "origin.h"

#include <string.h>

static const char origin[] = "https://bank.example";

/* The hole: whatever follows is not looked at, so "https://bank.example@evil.example/" and
 * "https://bank.example.evil.example/" are taken for the bank. */
bool origin_is_allowed(const char *url)
{
	return strncmp(url, origin, strlen(origin)) == 0;
}
