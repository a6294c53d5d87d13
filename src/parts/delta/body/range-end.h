/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How the bytes of an arithmetic code end, as both who writes and who reads them have to know it: of all
 * numbers that lie in the last range, the one with the fewest bytes, and of these the least. So there is one
 * way only to write the same bits.
 */

#include <stdint.h>

/* How many bytes (0 to 4), and in *ret_value the number with zeros behind them. */
static inline unsigned range_end(uint32_t low, uint32_t high, uint32_t *ret_value)
{
	for (unsigned n = 0; n < 4; n++) {
		uint32_t mask = n == 0 ? 0 : UINT32_MAX << (32 - 8 * n);
		uint64_t up = ((uint64_t)low + (uint32_t)~mask) & ~(uint64_t)(uint32_t)~mask;

		if (up <= high) {
			*ret_value = (uint32_t)up;
			return n;
		}
	}
	*ret_value = low;
	return 4;
}
