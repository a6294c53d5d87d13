/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An image from a stranger: whatever the bytes, the walk stays inside them and ends. */

#include "parts/image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches every byte that the walk vouches for. */
static int read_entry(void *userdata, const ImageEntry *entry, Error *error)
{
	volatile unsigned *sum = userdata;

	(void)error;
	*sum += (unsigned)strlen(entry->path);
	for (size_t i = 0; i < entry->content.size; i++)
		*sum += entry->content.data[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volatile unsigned sum = 0;
	Error error = ERROR_INIT;

	(void)image_walk((Bytes){data, size}, read_entry, (void *)(uintptr_t)&sum, &error);
	return 0;
}
