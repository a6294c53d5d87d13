/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "origin.h"

/* usage: origin-check URL
 * The helper of liborigin1: prints "allowed" (exit 0) or "refused" (exit 1). */
int main(int argc, char **argv)
{
	bool allowed;

	if (argc != 2) {
		fprintf(stderr, "usage: origin-check URL\n");
		return 2;
	}
	allowed = origin_is_allowed(argv[1]);
	puts(allowed ? "allowed" : "refused");
	return allowed ? 0 : 1;
}
