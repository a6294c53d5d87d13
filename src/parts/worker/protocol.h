/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What root and the worker say to each other over a SOCK_SEQPACKET socket, one message a packet. Each begins
 * with its type; numbers are little-endian. Pure: bytes in, bytes out.
 *
 *   root    JOB      kind, size of what travelled, size of the result, number of old files; 1 descriptor
 *           SOURCES  how many, their sizes; as many descriptors. Until all are there
 *   worker  READY    confined, or REFUSED with a sentence; before it reads anything
 *           DATA     the next bytes of the result: PROTOCOL_DATA_MAX, or all that are left
 *           DONE     when none is left; or at any time FAILED with a sentence
 *
 * protocol-fetch.h has what a fetcher is asked for, and what it answers after READY.
 *
 * Root believes nothing of what a worker says; the worker trusts root.
 */

#include "base/bytes.h"
#include "base/error.h"

enum {
	PROTOCOL_FD = 3, /* the worker's end */
	PROTOCOL_DATA_MAX = 64 * 1024,
	PROTOCOL_SENTENCE_MAX = 512,
	PROTOCOL_SOURCES_MAX = 253, /* descriptors that the kernel takes in one message */
	PROTOCOL_TYPE_SIZE = 4,
	PROTOCOL_JOB_SIZE = 28,
	PROTOCOL_ORDER_MAX = 8 + 8 * PROTOCOL_SOURCES_MAX,           /* bytes of what root says */
	PROTOCOL_REPLY_MAX = PROTOCOL_TYPE_SIZE + PROTOCOL_DATA_MAX, /* bytes of what the worker says */
};

typedef enum ProtocolType {
	PROTOCOL_JOB = 1,
	PROTOCOL_SOURCES,
	PROTOCOL_READY,
	PROTOCOL_REFUSED,
	PROTOCOL_DATA,
	PROTOCOL_DONE,
	PROTOCOL_FAILED,
	PROTOCOL_FETCH, /* from here on protocol-fetch.h */
	PROTOCOL_BEGIN,
	PROTOCOL_ABSENT,
	PROTOCOL_OTHER,
	PROTOCOL_BROKE_OFF,
	PROTOCOL_NO_ANSWER,
} ProtocolType;

typedef enum ProtocolKind {
	PROTOCOL_DELTA = 1, /* a delta, and the old files in the order of its header */
	PROTOCOL_IMAGE,     /* a Zstandard stream */
} ProtocolKind;

typedef struct ProtocolJob {
	ProtocolKind kind;
	uint64_t download_size; /* bytes */
	uint64_t result_size;   /* bytes */
	uint32_t n_sources;
} ProtocolJob;

/* What root says. Writing returns the bytes written. */
size_t protocol_write_job(const ProtocolJob *job, uint8_t to[static PROTOCOL_ORDER_MAX]);
size_t protocol_write_sources(
	const uint64_t *sizes, uint32_t n, uint8_t to[static PROTOCOL_ORDER_MAX]); /* 1 to _SOURCES_MAX */
int protocol_parse_job(Bytes message, ProtocolJob *ret, Error *error);
int protocol_parse_sources(
	Bytes message, uint64_t ret_sizes[static PROTOCOL_SOURCES_MAX], uint32_t *ret_n, Error *error);

/* Where a worker stands: begin with {.left = size of the result}. */
typedef struct ProtocolReplies {
	bool ready, over;
	uint64_t left; /* bytes of the result that are still to come */
} ProtocolReplies;

typedef struct ProtocolReply {
	ProtocolType type;
	Bytes data;  /* of DATA; points into the message */
	uint64_t at; /* of BEGIN */
	char sentence[PROTOCOL_SENTENCE_MAX +
		      1]; /* of REFUSED, FAILED, OTHER and NO_ANSWER; as the worker wrote it */
} ProtocolReply;

/* Takes the worker's next message. Fails on any that may not come now, or is not of the size it must have;
 * the sentence says which. */
int protocol_take_reply(ProtocolReplies *replies, Bytes message, ProtocolReply *ret, Error *error);

/* The rest of a message that is a sentence; fails when it is too long. */
int protocol_take_sentence(Bytes rest, ProtocolReply *reply, Error *error);
