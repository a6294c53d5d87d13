/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * JSON → canonical form. However a value is written, its canonical form is the same: signatures depend on
 * nothing else.
 */

#include <stdlib.h>

#include "base/json.h"
#include "parts/trust/canonical.h"

enum { INPUT_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_same(Bytes writing, Bytes canonical, bool is_json)
{
	CLEANUP_JSON json_t *value = NULL;
	CLEANUP_BUFFER Buffer again = BUFFER_INIT;

	/* Control characters stand raw in canonical JSON, which JSON itself does not allow. */
	if (json_parse(writing, SIZE_MAX, &value, NULL) < 0) {
		require(!is_json);
		return;
	}
	require(canonical_write(value, &again, NULL) == 0);
	require(bytes_equal(buffer_bytes(&again), canonical));
}

static void check_written(json_t *value, size_t flags, Bytes canonical)
{
	char *text = json_dumps(value, flags);

	require(text != NULL);
	check_same(bytes_of_text(text), canonical, true);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_JSON json_t *value = NULL;
	CLEANUP_BUFFER Buffer canonical = BUFFER_INIT;

	if (json_parse((Bytes){data, size}, INPUT_MAX, &value, NULL) < 0 ||
		canonical_write(value, &canonical, NULL) < 0)
		return 0;
	check_same(buffer_bytes(&canonical), buffer_bytes(&canonical), false);
	check_written(value, JSON_COMPACT | JSON_ENSURE_ASCII, buffer_bytes(&canonical));
	check_written(value, JSON_INDENT(3) | JSON_SORT_KEYS | JSON_ESCAPE_SLASH, buffer_bytes(&canonical));
	return 0;
}
