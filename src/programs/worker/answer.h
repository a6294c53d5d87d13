/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The result that this worker sends to root.
 */

#include "parts/worker/protocol.h"

/* The result on its way: as root wants it, in messages of one size. */
typedef struct Answer {
	uint64_t left; /* bytes that root still expects */
	size_t held;
	uint8_t bytes[PROTOCOL_DATA_MAX];
} Answer;

/* Takes the next bytes, however many. Fails on more than root expects. */
int answer_take(Answer *answer, Bytes next, Error *error);

/* Sends the rest. Fails when there is less than root expects. */
int answer_end(Answer *answer, Error *error);
