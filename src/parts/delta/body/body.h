/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The bytes of the result, in order: blocks are copied with their references made anew, what differs from
 * that is corrected, and what is new is coded. Written once, for both sides (coder.h).
 */

#include "parts/delta/body/layout.h"

enum { BODY_WINDOW = 256 * 1024 }; /* bytes of the result that are handed on together */

/* How the models of new bytes are set up: how many contexts they remember (novel.h), and how much they are
 * taught with old bytes before they are asked. */
typedef struct BodySettings {
	uint32_t line_bits;
	uint32_t teach_gap; /* bytes that new ones take the place of, at most */
} BodySettings;

/* Takes the next bytes of the result. Returns < 0 to stop, with the error set. */
typedef int (*BodySink)(void *userdata, Bytes next, Error *error);

enum { BODY_PACKED_MAX = 1024 * 1024 }; /* new bytes that are packed together */

/* Long stretches of new bytes may be packed, all by themselves, beside what the coder writes: that is
 * quicker, where the models would not help or where there is too much for them. */
typedef struct BodyReading {
	BodySink sink;
	void *userdata;
	/* The next packed_size packed bytes give size (at most BODY_PACKED_MAX) bytes; *ret stays valid until
	 * the next call. */
	int (*unpack)(void *unpacker, uint64_t packed_size, size_t size, Bytes *ret, Error *error);
	void *unpacker;
} BodyReading;

typedef struct BodyWriting {
	const uint8_t *result;            /* all of it */
	const uint8_t *const *boundaries; /* for each old ELF file the marks that ReferenceScan makes */
	/* Are these bytes better packed? */
	bool (*is_to_be_packed)(void *packer, Bytes bytes);
	/* At most BODY_PACKED_MAX bytes. */
	int (*pack)(void *packer, Bytes bytes, uint64_t *ret_packed_size, Error *error);
	void *packer;
} BodyWriting;

/* Reads the result's bytes with the coder and hands them to the sink. */
int body_read(Layout *layout, Coder *coder, const BodyReading *reading, Error *error);

/* Hands the coder what body_read() will ask it for. */
int body_write(
	Layout *layout, Coder *coder, const BodySettings *settings, const BodyWriting *writing, Error *error);
