/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/decode/unpack.h"

#include <stdlib.h>
#include <zstd.h>

#include "parts/delta/body/body.h"

struct Unpack {
	Reader reader;
	ZSTD_DCtx *context; /* NULL until the first frame */
	uint8_t *out;
};

int unpack_new(Bytes bytes, Unpack **ret, Error *error)
{
	Unpack *unpack = calloc(1, sizeof(*unpack));

	if (!unpack)
		return error_memory(error);
	unpack->reader.bytes = bytes;
	*ret = unpack;
	return 0;
}

Unpack *unpack_free(Unpack *unpack)
{
	if (unpack) {
		(void)ZSTD_freeDCtx(unpack->context);
		free(unpack->out);
	}
	free(unpack);
	return NULL;
}

bool unpack_is_done(const Unpack *unpack)
{
	return reader_left(&unpack->reader) == 0;
}

/* The library would also take several frames, skippable ones, and the formats from before 2016, whose
 * decoders nobody looks at any more: none of it gets that far. */
static bool is_one_frame(Bytes packed)
{
	size_t size;

	if (packed.size < sizeof(uint32_t) || load_u32(packed.data) != ZSTD_MAGICNUMBER)
		return false;
	size = ZSTD_findFrameCompressedSize(packed.data, packed.size);
	return !ZSTD_isError(size) && size == packed.size;
}

static int make_ready(Unpack *unpack, Error *error)
{
	if (!unpack->context)
		unpack->context = ZSTD_createDCtx();
	if (!unpack->out)
		unpack->out = malloc(BODY_PACKED_MAX);
	return unpack->context && unpack->out ? 0 : error_memory(error);
}

int unpack_next(Unpack *unpack, uint64_t packed_size, size_t size, Bytes *ret, Error *error)
{
	Bytes packed;
	size_t n;

	if (make_ready(unpack, error) < 0)
		return -1;
	if (size > BODY_PACKED_MAX || packed_size > reader_left(&unpack->reader) ||
		reader_take(&unpack->reader, (size_t)packed_size, &packed, error) < 0 ||
		!is_one_frame(packed))
		return error_set(error, "it has a damaged frame");
	n = ZSTD_decompressDCtx(unpack->context, unpack->out, size, packed.data, packed.size);
	if (ZSTD_isError(n))
		return error_set(error, "it has a damaged frame (%s)", ZSTD_getErrorName(n));
	if (n != size)
		return error_set(error, "it has a frame of %zu bytes instead of %zu", n, size);
	*ret = (Bytes){unpack->out, n};
	return 0;
}
