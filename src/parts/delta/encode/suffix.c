/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/suffix.h"

#include <divsufsort.h>
#include <stdlib.h>

enum { NEIGHBOURS = 24 };

struct Suffix {
	Bytes text;
	int32_t *order;
};

int suffix_new(Bytes text, Suffix **ret, Error *error)
{
	CLEANUP(suffix_free) Suffix *suffix = calloc(1, sizeof(*suffix));

	if (!suffix)
		return error_memory(error);
	if (text.size >= INT32_MAX)
		return error_set(error, "the old files are too large to be searched together");
	suffix->text = text;
	suffix->order = malloc((text.size + 1) * sizeof(*suffix->order));
	if (!suffix->order ||
		(text.size > 0 && divsufsort(text.data, suffix->order, (int32_t)text.size) != 0))
		return error_memory(error);
	*ret = TAKE_PTR(suffix);
	return 0;
}

Suffix *suffix_free(Suffix *suffix)
{
	if (suffix)
		free(suffix->order);
	free(suffix);
	return NULL;
}

static size_t common(const uint8_t *a, const uint8_t *b, size_t from, size_t most)
{
	while (from + 8 <= most) {
		uint64_t x, y;

		memcpy(&x, a + from, 8);
		memcpy(&y, b + from, 8);
		if (x != y)
			return from + (size_t)__builtin_ctzll(x ^ y) / 8;
		from += 8;
	}
	while (from < most && a[from] == b[from])
		from++;
	return from;
}

static size_t common_at(const Suffix *suffix, size_t i, Bytes bytes, size_t known)
{
	size_t at = (size_t)suffix->order[i], left = suffix->text.size - at;

	return common(suffix->text.data + at, bytes.data, known, left < bytes.size ? left : bytes.size);
}

static size_t distance(size_t a, size_t b)
{
	return a < b ? b - a : a - b;
}

size_t suffix_near(const Suffix *suffix, size_t found, Bytes bytes, size_t wish)
{
	size_t best = (size_t)suffix->order[found];

	for (size_t j = found;
		j > 0 && found - j < NEIGHBOURS && common_at(suffix, j - 1, bytes, 0) == bytes.size; j--)
		if (distance((size_t)suffix->order[j - 1], wish) < distance(best, wish))
			best = (size_t)suffix->order[j - 1];
	for (size_t j = found + 1; j < suffix->text.size && j - found < NEIGHBOURS &&
				   common_at(suffix, j, bytes, 0) == bytes.size;
		j++)
		if (distance((size_t)suffix->order[j], wish) < distance(best, wish))
			best = (size_t)suffix->order[j];
	return best;
}

size_t suffix_find(const Suffix *suffix, Bytes bytes, size_t *ret_found)
{
	size_t from = 0, to = suffix->text.size;
	size_t below = 0, above = 0, length, length_above;

	*ret_found = 0;
	if (to == 0)
		return 0;
	/* The first suffix that is not less than bytes is at `to` in the end. */
	while (from < to) {
		size_t middle = from + (to - from) / 2, at = (size_t)suffix->order[middle];
		size_t n = common_at(suffix, middle, bytes, below < above ? below : above);

		if (n == bytes.size ||
			(at + n < suffix->text.size && suffix->text.data[at + n] > bytes.data[n])) {
			to = middle;
			above = n;
		} else {
			from = middle + 1;
			below = n;
		}
	}
	*ret_found = to < suffix->text.size ? to : suffix->text.size - 1;
	length = common_at(suffix, *ret_found, bytes, 0);
	length_above = *ret_found > 0 ? common_at(suffix, *ret_found - 1, bytes, 0) : 0;
	if (length_above > length) {
		--*ret_found;
		length = length_above;
	}
	return length;
}
