/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/shuffle.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/cleanup.h"

/* Evenly from 0 to below - 1: numbers beyond the last whole multiple are drawn again. */
static int draw(uint64_t below, uint64_t *ret, Error *error)
{
	uint64_t number, end = UINT64_MAX - UINT64_MAX % below;

	do
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return error_os(error, errno, "cannot get random bytes");
	while (number >= end);
	*ret = number % below;
	return 0;
}

/* Fisher and Yates. */
int shuffle(size_t n, size_t **ret, Error *error)
{
	CLEANUP_FREE size_t *order = calloc(n ? n : 1, sizeof(*order));

	if (!order)
		return error_memory(error);
	for (size_t i = 0; i < n; i++) {
		uint64_t place = 0;

		if (draw(i + 1, &place, error) < 0)
			return -1;
		order[i] = order[place];
		order[place] = i;
	}
	*ret = TAKE_PTR(order);
	return 0;
}
