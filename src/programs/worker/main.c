/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suture-worker: decodes what travelled, with no power over anything. Suture starts it; the descriptor
 * PROTOCOL_FD is all that it has (docs/worker.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "parts/worker/confine/confine.h"
#include "parts/worker/inside.h"
#include "programs/worker/decode.h"

/* A sanitizer can neither look through memory for leaks nor start a program in here. */
__attribute__((visibility("default"), used)) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:symbolize=0";
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* Of what libraries read from files at their first use, nothing is left for later: libcrypto its settings,
 * and the C library, before version 2.37, how much memory there is, at the first sort of more than 1024
 * bytes. */
static int load_everything(Error *error)
{
	uint8_t bytes[2048] = {1};
	Digest digest;

	qsort(bytes, sizeof(bytes), 1, compare_bytes);
	return hash_bytes((Bytes){NULL, 0}, &digest, error);
}

static int get_ready(Error *error)
{
	const Confinement nothing = {.network = false};

	if (load_everything(error) < 0 || confine_reach(&nothing, error) < 0)
		return -1;
	return confine_calls(&nothing, error);
}

static int work(Error *error)
{
	static Answer answer;
	Job job;

	if (job_receive(&job, error) < 0 || decode(&job, &answer, error) < 0)
		return -1;
	return answer_end(&answer, error);
}

int main(int argc, char **argv)
{
	Error error = ERROR_INIT;

	if (!inside_is_started(argc, argv, "decode")) {
		(void)fputs("suture-worker: is started by suture alone; see suture-worker(8)\n", stderr);
		return 2;
	}
	if (get_ready(&error) < 0) {
		inside_send_sentence(PROTOCOL_REFUSED, &error);
		_exit(1);
	}
	inside_send(PROTOCOL_READY, (Bytes){NULL, 0});
	if (work(&error) < 0)
		inside_send_sentence(PROTOCOL_FAILED, &error);
	/* Not exit(): nothing is left to be done but what a sanitizer cannot do any more. */
	_exit(0);
}
