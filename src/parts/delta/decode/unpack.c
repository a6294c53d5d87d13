/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/decode/unpack.h"

#include <stdlib.h>
#include <zstd.h>

#include "parts/delta/format/segment.h"

struct Unpack {
	ZSTD_DCtx *context;
	uint8_t out[SEGMENT_PACKED_MAX];
};

int unpack_new(Unpack **ret, Error *error)
{
	CLEANUP(unpack_free) Unpack *unpack = malloc(sizeof(*unpack));

	if (!unpack)
		return error_memory(error);
	unpack->context = ZSTD_createDCtx();
	if (!unpack->context)
		return error_memory(error);
	*ret = TAKE_PTR(unpack);
	return 0;
}

Unpack *unpack_free(Unpack *unpack)
{
	if (unpack) {
		(void)ZSTD_freeDCtx(unpack->context);
		free(unpack);
	}
	return NULL;
}

size_t unpack_memory(const Unpack *unpack)
{
	return sizeof(*unpack) + ZSTD_sizeof_DCtx(unpack->context);
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

int unpack_segment(Unpack *unpack, Bytes packed, Bytes prefix, size_t length, Bytes *ret, Error *error)
{
	size_t n;

	if (length > sizeof(unpack->out) || !is_one_frame(packed))
		return error_set(error, "the delta has a damaged segment");
	n = ZSTD_DCtx_reset(unpack->context, ZSTD_reset_session_and_parameters);
	if (!ZSTD_isError(n))
		n = ZSTD_DCtx_refPrefix(unpack->context, prefix.data, prefix.size);
	if (!ZSTD_isError(n))
		n = ZSTD_decompressDCtx(unpack->context, unpack->out, length, packed.data, packed.size);
	if (ZSTD_isError(n))
		return error_set(error, "the delta has a damaged segment (%s)", ZSTD_getErrorName(n));
	if (n != length)
		return error_set(
			error, "the delta has a compressed segment of %zu bytes instead of %zu", n, length);
	*ret = (Bytes){unpack->out, n};
	return 0;
}
