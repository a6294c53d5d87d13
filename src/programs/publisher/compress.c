/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/compress.h"

#include <zstd.h>

enum { LEVEL = 19 };

DEFINE_CLEANUP(ZSTD_CCtx *, ZSTD_freeCCtx);

int compress_image(Bytes image, Buffer *ret, Error *error)
{
	CLEANUP(ZSTD_freeCCtx) ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t bound = ZSTD_compressBound(image.size);
	size_t n;

	if (!context || ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)))
		return error_memory(error);
	if (buffer_reserve(ret, bound, error) < 0)
		return -1;
	n = ZSTD_compress2(context, ret->data + ret->size, bound, image.data, image.size);
	if (ZSTD_isError(n))
		return error_set(error, "cannot compress the image: %s", ZSTD_getErrorName(n));
	ret->size += n;
	return 0;
}

int compress_restore(Bytes compressed, uint64_t size, Buffer *ret, Error *error)
{
	unsigned long long claimed = ZSTD_getFrameContentSize(compressed.data, compressed.size);
	size_t n;

	if (claimed != size ||
		ZSTD_findFrameCompressedSize(compressed.data, compressed.size) != compressed.size)
		return error_set(error, "is not one zstd frame of %llu bytes", (unsigned long long)size);
	if (buffer_reserve(ret, size, error) < 0)
		return -1;
	n = ZSTD_decompress(ret->data + ret->size, size, compressed.data, compressed.size);
	if (ZSTD_isError(n) || n != size)
		return error_set(error, "cannot be decompressed: %s",
			ZSTD_isError(n) ? ZSTD_getErrorName(n) : "it is too short");
	ret->size += n;
	return 0;
}
