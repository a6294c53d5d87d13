/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What this worker sends to root.
 */

#include "parts/worker/protocol.h"

/* A message of this type; ends the process when root has gone. */
void answer_send(ProtocolType type, Bytes rest);

/* A failure of this type, with as much of the sentence as may be sent. */
void answer_send_sentence(ProtocolType type, const Error *why);

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
