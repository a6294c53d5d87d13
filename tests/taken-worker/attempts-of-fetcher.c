/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "parts/worker/protocol-fetch.h"
#include "tests/taken-worker/attempts.h"

static uint8_t message[PROTOCOL_REPLY_MAX];

static void say(uint32_t type, size_t rest)
{
	struct iovec part = {message, PROTOCOL_TYPE_SIZE + rest};
	const struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	(void)store_u32(message, type);
	if (sendmsg(PROTOCOL_FD, &header, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void begin(uint64_t at)
{
	(void)store_u64(message + PROTOCOL_TYPE_SIZE, at);
	say(PROTOCOL_BEGIN, sizeof(at));
}

static long begin_elsewhere(void)
{
	begin(12345);
	return 0;
}

static long begin_twice(void)
{
	begin(0);
	begin(0);
	return 0;
}

static long begin_at_length(void)
{
	say(PROTOCOL_BEGIN, 100);
	return 0;
}

static long pour(void)
{
	begin(0);
	for (size_t i = 0; i < (1u << 30) / PROTOCOL_DATA_MAX; i++)
		say(PROTOCOL_DATA, PROTOCOL_DATA_MAX);
	return 0;
}

static long send_no_bytes(void)
{
	begin(0);
	say(PROTOCOL_DATA, 0);
	return 0;
}

static long break_off(void)
{
	say(PROTOCOL_BROKE_OFF, 0);
	return 0;
}

static long be_other(void)
{
	say(PROTOCOL_OTHER, 0);
	return 0;
}

/* The second, or what comes behind it, is there before root asks again. */
static long answer_twice(void)
{
	say(PROTOCOL_ABSENT, 0);
	say(PROTOCOL_ABSENT, 0);
	return 0;
}

static long make_metadata_up(void)
{
	begin(0);
	memset(message + PROTOCOL_TYPE_SIZE, '[', 1000);
	say(PROTOCOL_DATA, 1000);
	say(PROTOCOL_DONE, 0);
	return 0;
}

static long deny_everything(void)
{
	do
		say(PROTOCOL_ABSENT, 0);
	while (recv(PROTOCOL_FD, message, sizeof(message), 0) > 0);
	return 0;
}

const Attempt attempts_of_fetcher[] = {
	{"begin-elsewhere", begin_elsewhere},
	{"begin-twice", begin_twice},
	{"begin-at-length", begin_at_length},
	{"pour", pour},
	{"send-no-bytes", send_no_bytes},
	{"break-off", break_off},
	{"be-other", be_other},
	{"answer-twice", answer_twice},
	{"make-metadata-up", make_metadata_up},
	{"deny-everything", deny_everything},
};
const size_t n_attempts_of_fetcher = ARRAY_SIZE(attempts_of_fetcher);
