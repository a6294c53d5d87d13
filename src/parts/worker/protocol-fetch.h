/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What root asks a fetcher for, and what may come back; the frame is that of protocol.h. After READY, any
 * number of times:
 *
 *   root    FETCH      what, how much, within which limits, and the URL
 *   worker  BEGIN      the body begins at this byte of the file: 0, or where root has got to
 *           DATA       the next bytes of it, 1 to PROTOCOL_DATA_MAX
 *           DONE       that was all of it
 *           ABSENT     in place of BEGIN: the server has no such file
 *           BROKE_OFF  of a file: the connection ended before it was whole
 *           OTHER      of a file: the server has one of another size, with a sentence
 *           NO_ANSWER  in place of BEGIN: nobody answers there, with a sentence
 *           FAILED     with a sentence
 *
 * Each of the last six ends an answer. Root believes nothing of it.
 */

#include "base/url.h"
#include "parts/worker/protocol.h"

/* How patient a fetcher is. */
typedef struct FetchLimits {
	uint32_t connect_seconds;
	uint32_t low_speed_bytes;   /* a second */
	uint32_t low_speed_seconds; /* slower than that for so long is a failure */
	uint32_t total_seconds;     /* for one small download */
	uint32_t whole_seconds;     /* for all that one fetcher does */
	uint32_t redirects;
} FetchLimits;

typedef struct ProtocolFetch {
	bool exact;       /* a file of just this size; else at most so many bytes */
	uint64_t size;    /* bytes */
	uint64_t start;   /* of a file: bytes that root has already, fewer than size */
	uint64_t left_ms; /* until everything must be over */
	FetchLimits limits;
	char url[URL_LENGTH_MAX + 1];
} ProtocolFetch;

enum { PROTOCOL_FETCH_MAX = 4 + 4 + 3 * 8 + 6 * 4 + URL_LENGTH_MAX };

/* Returns the bytes written. */
size_t protocol_write_fetch(const ProtocolFetch *fetch, uint8_t to[static PROTOCOL_FETCH_MAX]);
int protocol_parse_fetch(Bytes message, ProtocolFetch *ret, Error *error);

/* Where a fetcher stands with what it was asked for: begin with the first three. */
typedef struct ProtocolAnswer {
	bool exact;
	uint64_t size, start;
	bool began, over;
	uint64_t at; /* bytes of the file, or of the body, that are there */
} ProtocolAnswer;

/* Takes the fetcher's next message, as protocol_take_reply() does. */
int protocol_take_answer(ProtocolAnswer *answer, Bytes message, ProtocolReply *ret, Error *error);
