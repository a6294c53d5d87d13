/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/delta/encode/pack.h"

#include <stdlib.h>
#include <zstd.h>

struct Pack {
	ZSTD_CCtx *context; /* NULL until there is something to pack: mostly there is not */
	bool all;
	Buffer out;
};

int pack_new(bool all, Pack **ret, Error *error)
{
	CLEANUP(pack_free) Pack *pack = calloc(1, sizeof(*pack));

	if (!pack)
		return error_memory(error);
	pack->all = all;
	*ret = TAKE_PTR(pack);
	return 0;
}

Pack *pack_free(Pack *pack)
{
	if (pack) {
		(void)ZSTD_freeCCtx(pack->context);
		buffer_clear(&pack->out);
	}
	free(pack);
	return NULL;
}

Bytes pack_bytes(const Pack *pack)
{
	return buffer_bytes(&pack->out);
}

/* Appends a frame without what the delta says anyway: the size and a checksum. */
static int compress(Pack *pack, Bytes bytes, int level, size_t *ret, Error *error)
{
	size_t bound = ZSTD_compressBound(bytes.size), n;

	if (!pack->context)
		pack->context = ZSTD_createCCtx();
	if (!pack->context)
		return error_memory(error);
	if (buffer_reserve(&pack->out, bound, error) < 0)
		return -1;
	n = ZSTD_CCtx_reset(pack->context, ZSTD_reset_session_and_parameters);
	if (!ZSTD_isError(n))
		n = ZSTD_CCtx_setParameter(pack->context, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(n))
		n = ZSTD_CCtx_setParameter(pack->context, ZSTD_c_contentSizeFlag, 0);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(
			pack->context, pack->out.data + pack->out.size, bound, bytes.data, bytes.size);
	if (ZSTD_isError(n))
		return error_set(error, "cannot compress: %s", ZSTD_getErrorName(n));
	*ret = n;
	return 0;
}

bool pack_is_wanted(void *userdata, Bytes bytes)
{
	Pack *pack = userdata;
	size_t sample = bytes.size < 65536 ? bytes.size : 65536, n;

	if (pack->all)
		return true;
	/* What even a quick compressor cannot make smaller is noise, or compressed already. */
	return compress(pack, (Bytes){bytes.data, sample}, 1, &n, NULL) == 0 && n >= sample;
}

int pack_append(void *userdata, Bytes bytes, uint64_t *ret_packed_size, Error *error)
{
	Pack *pack = userdata;
	size_t n;

	if (compress(pack, bytes, ZSTD_maxCLevel(), &n, error) < 0)
		return -1;
	pack->out.size += n;
	*ret_packed_size = n;
	return 0;
}
