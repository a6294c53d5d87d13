/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/pack.h"

#include <stdlib.h>
#include <zstd.h>

#include "parts/delta/format/segment.h"

struct Pack {
	ZSTD_CCtx *context;
	/* A copy of what is packed: Zstandard makes other bytes of the same input when the prefix happens to
	 * lie right before it in memory, and a delta must not depend on where files were mapped. */
	uint8_t in[SEGMENT_PACKED_MAX];
};

int pack_new(Pack **ret, Error *error)
{
	CLEANUP(pack_free) Pack *pack = malloc(sizeof(*pack));

	if (!pack)
		return error_memory(error);
	pack->context = ZSTD_createCCtx();
	if (!pack->context)
		return error_memory(error);
	*ret = TAKE_PTR(pack);
	return 0;
}

Pack *pack_free(Pack *pack)
{
	if (pack) {
		(void)ZSTD_freeCCtx(pack->context);
		free(pack);
	}
	return NULL;
}

/* The window spans prefix and segment, so that every byte of both can be referred to. */
static int window_log(size_t size)
{
	int log = 10;

	while (log < 30 && (size_t)1 << log < size)
		log++;
	return log;
}

static size_t set_up(ZSTD_CCtx *context, size_t size, Bytes prefix)
{
	const struct {
		ZSTD_cParameter name;
		int value;
	} parameters[] = {
		{ZSTD_c_compressionLevel, ZSTD_maxCLevel()},
		{ZSTD_c_windowLog, window_log(size + prefix.size)}, {ZSTD_c_enableLongDistanceMatching, 1},
		{ZSTD_c_contentSizeFlag, 0}, /* the segment knows it */
		{ZSTD_c_checksumFlag, 0},    /* the delta has a digest */
	};
	size_t n = ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);

	for (size_t i = 0; i < ARRAY_SIZE(parameters) && !ZSTD_isError(n); i++)
		n = ZSTD_CCtx_setParameter(context, parameters[i].name, parameters[i].value);
	return ZSTD_isError(n) ? n : ZSTD_CCtx_refPrefix(context, prefix.data, prefix.size);
}

int pack_segment(Pack *pack, Bytes bytes, Bytes prefix, Buffer *ret, Error *error)
{
	size_t bound = ZSTD_compressBound(bytes.size);
	size_t n;

	if (bytes.size > sizeof(pack->in))
		return error_set(error, "a segment of %zu bytes is too long to be packed", bytes.size);
	if (buffer_reserve(ret, bound, error) < 0)
		return -1;
	memcpy(pack->in, bytes.data, bytes.size);
	n = set_up(pack->context, bytes.size, prefix);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(pack->context, ret->data + ret->size, bound, pack->in, bytes.size);
	if (ZSTD_isError(n))
		return error_set(error, "cannot compress: %s", ZSTD_getErrorName(n));
	ret->size += n;
	return 0;
}
