/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/worker/protocol.h"
#include "tests/taken-worker/attempts.h"

static uint8_t message[4 * PROTOCOL_DATA_MAX];

static void say(uint8_t type, size_t rest)
{
	struct iovec part = {message, PROTOCOL_TYPE_SIZE + rest};
	const struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	message[0] = type;
	if (sendmsg(PROTOCOL_FD, &header, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void say_sentence(const char *sentence)
{
	memcpy(message + PROTOCOL_TYPE_SIZE, sentence, strlen(sentence));
	say(PROTOCOL_FAILED, strlen(sentence));
}

static _Noreturn void for_ever(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static long send_gigabyte(void)
{
	for (size_t i = 0; i < (1u << 30) / PROTOCOL_DATA_MAX; i++)
		say(PROTOCOL_DATA, PROTOCOL_DATA_MAX);
	return 0;
}

static long send_crumbs(void)
{
	for (size_t i = 0; i < 1000 * 1000; i++)
		say(PROTOCOL_DATA, 1);
	return 0;
}

static long send_rubbish(void)
{
	memset(message, 0xa5, sizeof(message));
	say(0xa5, 1000);
	return 0;
}

static long send_nothing(void)
{
	const struct msghdr header = {.msg_iovlen = 0};

	(void)sendmsg(PROTOCOL_FD, &header, MSG_NOSIGNAL);
	for_ever();
}

static long send_too_long(void)
{
	say(PROTOCOL_DATA, 2 * PROTOCOL_DATA_MAX);
	return 0;
}

static long send_descriptor(void)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {.bytes = {0}};
	struct iovec part = {message, PROTOCOL_TYPE_SIZE};
	const struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	const int fd = PROTOCOL_FD;

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	message[0] = PROTOCOL_DONE;
	return sendmsg(PROTOCOL_FD, &header, MSG_NOSIGNAL);
}

static long be_ready_again(void)
{
	say(PROTOCOL_READY, 0);
	return 0;
}

static long be_done_at_once(void)
{
	say(PROTOCOL_DONE, 0);
	return 0;
}

static long be_gone(void)
{
	_exit(0);
}

static long talk_much(void)
{
	memset(message + PROTOCOL_TYPE_SIZE, 'a', PROTOCOL_SENTENCE_MAX + 1);
	say(PROTOCOL_FAILED, PROTOCOL_SENTENCE_MAX + 1);
	return 0;
}

static long paint_terminal(void)
{
	say_sentence("\033[2J\033]0;taken\a\nsuture: all is well");
	return 0;
}

static long blame_disk(void)
{
	say_sentence("state directory /var/lib/suture: No space left on device");
	return 0;
}

static long crash(void)
{
	*(volatile int *)message = 0;
	__builtin_trap();
}

static long spin(void)
{
	for_ever();
}

/* Waits for what never comes. */
static long sleep_on(void)
{
	struct iovec part = {message, sizeof(message)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	return recvmsg(PROTOCOL_FD, &header, 0) + recvmsg(PROTOCOL_FD, &header, 0) +
	       recvmsg(PROTOCOL_FD, &header, 0);
}

/* Root cannot hear of it any more. */
static long hang_up(void)
{
	(void)close(PROTOCOL_FD);
	for_ever();
}

const Attempt attempts_on_root[] = {
	{"send-gigabyte", send_gigabyte},
	{"send-crumbs", send_crumbs},
	{"send-rubbish", send_rubbish},
	{"send-nothing", send_nothing},
	{"send-too-long", send_too_long},
	{"send-descriptor", send_descriptor},
	{"be-ready-again", be_ready_again},
	{"be-done-at-once", be_done_at_once},
	{"be-gone", be_gone},
	{"talk-much", talk_much},
	{"paint-terminal", paint_terminal},
	{"blame-disk", blame_disk},
	{"crash", crash},
	{"spin", spin},
	{"sleep-on", sleep_on},
	{"hang-up", hang_up},
};
const size_t n_attempts_on_root = ARRAY_SIZE(attempts_on_root);
