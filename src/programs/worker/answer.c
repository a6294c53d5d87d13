/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/worker/answer.h"

#include <string.h>

#include "parts/worker/inside.h"

static void send_held(Answer *answer)
{
	inside_send(PROTOCOL_DATA, (Bytes){answer->bytes, answer->held});
	answer->left -= answer->held;
	answer->held = 0;
}

int answer_take(Answer *answer, Bytes next, Error *error)
{
	if (next.size > answer->left - answer->held)
		return error_set(error, "gives more bytes than the image has");
	while (next.size > 0) {
		size_t room = sizeof(answer->bytes) - answer->held;
		size_t n = next.size < room ? next.size : room;

		memcpy(answer->bytes + answer->held, next.data, n);
		answer->held += n;
		next.data += n;
		next.size -= n;
		if (answer->held == sizeof(answer->bytes))
			send_held(answer);
	}
	return 0;
}

int answer_end(Answer *answer, Error *error)
{
	if (answer->held < answer->left)
		return error_set(error, "gives fewer bytes than the image has");
	if (answer->held > 0)
		send_held(answer);
	inside_send(PROTOCOL_DONE, (Bytes){NULL, 0});
	return 0;
}
