/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the process of an operation tells sutured over a socket: records, and at last its report or the
 * sentence that says why there is none. Pure: bytes in, records out.
 *
 *     type u32, size u32, a u64, b u64 (little-endian), then size bytes of text without a zero byte
 */

#include "api/api.h"
#include "base/bytes.h"

typedef enum RecordType {
	RECORD_PROGRESS = 1, /* text: the piece of work; a of b units are done */
	RECORD_ENDED,        /* text: the result of that piece of work; "" when it has none */
	RECORD_WARNING,      /* text: a sentence */
	RECORD_REPORT,       /* text: the report; a: 1 when there was nothing to do, else 0. The last one */
	RECORD_FAILED,       /* text: a sentence. The last one */
} RecordType;

enum { RECORD_HEADER_SIZE = 24, RECORD_REPORT_MAX = API_REPORT_MAX };

typedef struct Record {
	RecordType type;
	uint64_t a, b;
	const char *text;
} Record;

/* Appends the record to *to. A text that is too long for its type is an error for a report, else cut. */
int record_encode(const Record *record, Buffer *to, Error *error);

/* Reads records from bytes as they come. */
typedef struct Records {
	Buffer pending; /* what is not read yet, from at on */
	size_t at;
	Buffer text; /* of the record that was read last */
	bool over;   /* the last one was read */
} Records;

#define RECORDS_INIT \
	(Records) \
	{ \
		.pending = BUFFER_INIT \
	}

void records_clear(Records *records);

int records_append(Records *records, Bytes bytes, Error *error);

enum { RECORDS_MORE = 1 };

/* The next record, whose text is valid until the next call; RECORDS_MORE when it is not whole yet. Called
 * until then after each records_append(), so that no more is held than one record and what was appended.
 * Fails for ever on what is no record, or comes behind the last one. */
int records_next(Records *records, Record *ret, Error *error);
