/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A worker that was taken over: confined by the very same code, it tries what its name says and tells root
 * how that went. As bare-NAME it keeps its system calls, so that the other layers are seen to hold by
 * themselves. As lie it sends a whole image, of zeros. Root says what it is taken for, one that decodes or
 * one that fetches.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "parts/worker/confine/confine.h"
#include "parts/worker/protocol-fetch.h"
#include "tests/taken-worker/attempts.h"

static void say(ProtocolType type, const void *rest, size_t size)
{
	uint8_t head[PROTOCOL_TYPE_SIZE] = {(uint8_t)type};
	struct iovec parts[] = {{head, sizeof(head)}, {(void *)(uintptr_t)rest, size}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	if (sendmsg(PROTOCOL_FD, &message, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void tell(const char *name, long result, int why)
{
	char sentence[PROTOCOL_SENTENCE_MAX];

	if (result >= 0)
		(void)snprintf(sentence, sizeof(sentence), "%s worked: %ld", name, result);
	else
		(void)snprintf(sentence, sizeof(sentence), "%s did not work: %s", name, strerrorname_np(why));
	say(PROTOCOL_FAILED, sentence, strlen(sentence));
}

/* The first order, with what travelled; it becomes GIVEN_FD. */
static uint64_t hear_job(void)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	uint8_t order[PROTOCOL_ORDER_MAX];
	struct iovec part = {order, sizeof(order)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(PROTOCOL_FD, &message, 0);
	ProtocolJob job;

	if (n <= 0 || protocol_parse_job((Bytes){order, (size_t)n}, &job, NULL) < 0)
		_exit(1);
	return job.result_size;
}

/* What is asked of a fetcher does not matter. */
static void hear_question(void)
{
	uint8_t order[PROTOCOL_FETCH_MAX];

	if (recv(PROTOCOL_FD, order, sizeof(order), 0) <= 0)
		_exit(1);
}

static void lie(uint64_t size)
{
	static const uint8_t zeros[PROTOCOL_DATA_MAX];

	while (size > 0) {
		size_t n = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);

		say(PROTOCOL_DATA, zeros, n);
		size -= n;
	}
	say(PROTOCOL_DONE, "", 0);
}

static const Attempt *find(const char *name)
{
	for (size_t i = 0; i < n_attempts_on_system; i++)
		if (strcmp(attempts_on_system[i].name, name) == 0)
			return &attempts_on_system[i];
	for (size_t i = 0; i < n_attempts_on_root; i++)
		if (strcmp(attempts_on_root[i].name, name) == 0)
			return &attempts_on_root[i];
	for (size_t i = 0; i < n_attempts_of_fetcher; i++)
		if (strcmp(attempts_of_fetcher[i].name, name) == 0)
			return &attempts_of_fetcher[i];
	return NULL;
}

static void try_it(const char *name)
{
	const Attempt *attempt = find(name);
	long result;

	if (!attempt)
		_exit(1);
	errno = 0;
	result = attempt->attempt();
	tell(name, result, errno);
}

/* Every name, for the test to hold against its own. */
static int list(void)
{
	for (size_t i = 0; i < n_attempts_on_system; i++)
		(void)printf("system %s\n", attempts_on_system[i].name);
	for (size_t i = 0; i < n_attempts_on_root; i++)
		(void)printf("root %s\n", attempts_on_root[i].name);
	for (size_t i = 0; i < n_attempts_of_fetcher; i++)
		(void)printf("fetcher %s\n", attempts_of_fetcher[i].name);
	return 0;
}

static const Confinement nothing = {.network = false};

/* As the fetcher, where certificates lie in Debian. */
static const char *const files[] = {
	"/etc/hosts", "/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt", NULL};
static const Confinement network = {.network = true, .files = files, .certificates = "/etc/ssl/certs"};

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	Error error = ERROR_INIT;
	const Confinement *kept;
	uint64_t size = 0;
	bool bare;

	if (argc < 2)
		return list();
	name = name ? name + 1 : argv[0];
	kept = strcmp(argv[1], "fetch") == 0 ? &network : &nothing;
	bare = text_has_prefix(name, "bare-");
	if (text_has_prefix(name, "refuse"))
		say(PROTOCOL_REFUSED, "no", 2);
	if (text_has_prefix(name, "speak-first"))
		say(PROTOCOL_DONE, "", 0);
	if (confine_reach(kept, &error) < 0 || (!bare && confine_calls(kept, &error) < 0))
		say(PROTOCOL_REFUSED, error.text, strlen(error.text));
	say(PROTOCOL_READY, "", 0);
	if (kept->network)
		hear_question();
	else
		size = hear_job();
	if (strcmp(name, "lie") == 0)
		lie(size);
	else
		try_it(bare ? name + strlen("bare-") : name);
	_exit(0);
}
