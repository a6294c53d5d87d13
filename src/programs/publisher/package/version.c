/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/package/version.h"

#include <stddef.h>
#include <string.h>

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* '~' sorts before everything, even the end; letters before all other characters. */
static int rank(const char *at, const char *end)
{
	unsigned char c = at < end ? (unsigned char)*at : '\0';

	if (c == '~')
		return -1;
	if (c == '\0' || is_digit((char)c))
		return 0;
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return c;
	return c + 256;
}

/* Numbers of any length: without their leading zeros, the longer one is greater. */
static int compare_numbers(const char **a, const char *a_end, const char **b, const char *b_end)
{
	int first = 0;

	while (*a < a_end && **a == '0')
		(*a)++;
	while (*b < b_end && **b == '0')
		(*b)++;
	while (*a < a_end && is_digit(**a) && *b < b_end && is_digit(**b)) {
		if (first == 0)
			first = **a - **b;
		(*a)++;
		(*b)++;
	}
	if (*a < a_end && is_digit(**a))
		return 1;
	if (*b < b_end && is_digit(**b))
		return -1;
	return first;
}

/* Runs of non-digits and of digits in turn. */
static int compare_part(const char *a, const char *a_end, const char *b, const char *b_end)
{
	while (a < a_end || b < b_end) {
		int order;

		while ((a < a_end && !is_digit(*a)) || (b < b_end && !is_digit(*b))) {
			order = rank(a, a_end) - rank(b, b_end);
			if (order != 0)
				return order;
			a += a < a_end;
			b += b < b_end;
		}
		order = compare_numbers(&a, a_end, &b, b_end);
		if (order != 0)
			return order;
	}
	return 0;
}

typedef struct Parts {
	const char *epoch, *epoch_end, *upstream, *upstream_end, *revision, *revision_end;
} Parts;

static Parts split(const char *version)
{
	const char *end = version + strlen(version);
	const char *colon = strchr(version, ':');
	const char *upstream = colon ? colon + 1 : version;
	const char *dash = strrchr(upstream, '-');

	return (Parts){
		version, colon ? colon : version, upstream, dash ? dash : end, dash ? dash + 1 : end, end};
}

int version_compare(const char *a, const char *b)
{
	Parts x = split(a);
	Parts y = split(b);
	int order = compare_part(x.epoch, x.epoch_end, y.epoch, y.epoch_end);

	if (order == 0)
		order = compare_part(x.upstream, x.upstream_end, y.upstream, y.upstream_end);
	if (order == 0)
		order = compare_part(x.revision, x.revision_end, y.revision, y.revision_end);
	return order;
}
