/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The worker's own end of the socket. None of these returns to a worker whom nobody hears any more.
 */

#include "parts/worker/protocol.h"

/* Was this program started by suture, for this? Whoever runs it by hand is to be told, not left waiting. */
bool inside_is_started(int argc, char **argv, const char *role);

void inside_send(ProtocolType type, Bytes rest);

/* A message of this type, with as much of the sentence as may be sent. */
void inside_send_sentence(ProtocolType type, const Error *why);
