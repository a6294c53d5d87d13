/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/worker/decode.h"

#include <stdlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "parts/delta/decode/apply.h"

static int take(void *userdata, Bytes next, Error *error)
{
	return answer_take(userdata, next, error);
}

static int decode_delta(const Job *job, Answer *answer, Error *error)
{
	__attribute__((cleanup(delta_header_clear_cleanup))) DeltaHeader header = {.sources = NULL};

	if (delta_header_parse(job->download, &header, error) < 0)
		return -1;
	if (header.n_sources != job->n_sources || header.result_size != job->job.result_size)
		return error_set(error, "the delta is not the one that was announced");
	return delta_apply(job->download, &header, job->sources, take, answer, error);
}

static inline void zstd_free_cleanup(ZSTD_DStream **stream)
{
	(void)ZSTD_freeDStream(*stream);
}

/* The window is bounded by libzstd's default limit, 128 MiB: what a publisher's image.zst never exceeds. */
static int decode_image(const Job *job, Answer *answer, Error *error)
{
	__attribute__((cleanup(zstd_free_cleanup))) ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {job->download.data, job->download.size, 0};
	size_t block_size = ZSTD_DStreamOutSize();
	CLEANUP_FREE uint8_t *block = malloc(block_size);
	size_t left = 1;

	if (!stream || !block)
		return error_memory(error);
	for (bool more = true; more;) {
		ZSTD_outBuffer out = {block, block_size, 0};

		left = ZSTD_decompressStream(stream, &out, &in);
		if (ZSTD_isError(left))
			return error_set(error, "cannot be decompressed: %s", ZSTD_getErrorName(left));
		if (answer_take(answer, (Bytes){block, out.pos}, error) < 0)
			return -1;
		more = left != 0 && (in.pos < in.size || out.pos == out.size);
	}
	if (in.pos < in.size)
		return error_set(error, "has bytes behind its end");
	return left == 0 ? 0 : error_set(error, "ends in the middle of the compressed image");
}

int decode(const Job *job, Answer *answer, Error *error)
{
	answer->left = job->job.result_size;
	return job->job.kind == PROTOCOL_DELTA ? decode_delta(job, answer, error)
					       : decode_image(job, answer, error);
}
