/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a manifest: refused or, when accepted, written and read again without a change.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "parts/manifest/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	CLEANUP(manifest_free) Manifest *again = NULL;
	CLEANUP_BUFFER Buffer first = BUFFER_INIT, second = BUFFER_INIT;

	if (manifest_parse((Bytes){data, size}, &manifest, NULL) < 0)
		return 0;
	if (manifest_write(manifest, &first, NULL) < 0 ||
		manifest_parse(buffer_bytes(&first), &again, NULL) < 0 ||
		manifest_write(again, &second, NULL) < 0 ||
		!bytes_equal(buffer_bytes(&first), buffer_bytes(&second)))
		abort();
	return 0;
}
