/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "origin.h"

#include <string.h>

static const char origin[] = "https://bank.example";

/* Behind the host there is a port of the origin or none, and then the authority has to end. */
bool origin_is_allowed(const char *url)
{
	const char *rest = url + strlen(origin);

	if (strncmp(url, origin, strlen(origin)) != 0)
		return false;
	if (strncmp(rest, ":443", 4) == 0)
		rest += 4;
	return strchr("/?#", *rest) != NULL;
}
