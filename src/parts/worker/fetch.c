/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/url.h"
#include "parts/worker/fetch-process.h"

/* Milliseconds that a fetcher is given to notice by itself that its time is over: it says what was slow. */
enum { GRACE_MS = 10 * 1000 };

struct Fetcher {
	FetchLimits limits;
	int64_t deadline_ms; /* as clock_monotonic_ms() */
	WorkerTalk talk;     /* there is a process when its socket is one */
};

static void set_if_zero(uint32_t *limit, uint32_t value)
{
	*limit = *limit > 0 ? *limit : value;
}

static FetchLimits without_zeros(const FetchLimits *limits)
{
	FetchLimits full = limits ? *limits : (FetchLimits){0};

	set_if_zero(&full.connect_seconds, 15);
	set_if_zero(&full.low_speed_bytes, 64);
	set_if_zero(&full.low_speed_seconds, 30);
	set_if_zero(&full.total_seconds, 300);
	set_if_zero(&full.whole_seconds, 4 * 60 * 60);
	set_if_zero(&full.redirects, 5);
	return full;
}

int fetcher_new(const FetchLimits *limits, Fetcher **ret, Error *error)
{
	CLEANUP(fetcher_free) Fetcher *fetcher = calloc(1, sizeof(*fetcher));

	if (!fetcher)
		return error_memory(error);
	fetcher->limits = without_zeros(limits);
	fetcher->deadline_ms = clock_monotonic_ms() + (int64_t)fetcher->limits.whole_seconds * 1000;
	*ret = TAKE_PTR(fetcher);
	return 0;
}

Fetcher *fetcher_free(Fetcher *fetcher)
{
	if (fetcher && fetcher->talk.process.pid > 0)
		worker_process_end(&fetcher->talk.process);
	free(fetcher);
	return NULL;
}

static int past_deadline(const Fetcher *fetcher, const char *url, Error *error)
{
	CLEANUP_FREE char *origin = NULL;

	if (url_origin_for_people(url, &origin, error) < 0)
		return -1;
	return error_set(error,
		"%s is too slow: what was needed took more than %u seconds; run the command again to resume",
		origin, fetcher->limits.whole_seconds);
}

/* What honest work takes of a processor is a small part of the time. */
static unsigned processor_seconds(const FetchLimits *limits)
{
	return 60 + limits->whole_seconds / 4;
}

/* Gives what fetch_process_ask() gives. What is set in *fetch is how much is wanted of what. */
static int ask(Fetcher *fetcher, const char *url, ProtocolFetch *fetch, const FetchSink *sink, Error *error)
{
	int64_t now_ms = clock_monotonic_ms(), end_ms = fetcher->deadline_ms;
	bool usable = false;
	int r;

	if (url_check(url, error) < 0)
		return -1;
	if (now_ms >= fetcher->deadline_ms)
		return past_deadline(fetcher, url, error);
	if (fetcher->talk.process.pid <= 0 &&
		fetch_process_start(&fetcher->talk, processor_seconds(&fetcher->limits), error) < 0)
		return -1;
	if (!fetch->exact && end_ms > now_ms + (int64_t)fetcher->limits.total_seconds * 1000)
		end_ms = now_ms + (int64_t)fetcher->limits.total_seconds * 1000;
	fetch->left_ms = (uint64_t)(fetcher->deadline_ms - now_ms);
	fetch->limits = fetcher->limits;
	(void)stpcpy(fetch->url, url);
	r = fetch_process_ask(&fetcher->talk, fetch, end_ms + GRACE_MS, sink, &usable, error);
	if (!usable)
		worker_process_end(&fetcher->talk.process);
	return r;
}

static int bytes_begin(void *userdata, uint64_t at, Error *error)
{
	(void)userdata, (void)at, (void)error;
	return 0;
}

static int bytes_take(void *userdata, Bytes next, Error *error)
{
	return buffer_append(userdata, next.data, next.size, error);
}

int fetch_bytes(Fetcher *fetcher, const char *url, uint64_t max, Buffer *ret, Error *error)
{
	const FetchSink sink = {bytes_begin, bytes_take, ret};
	ProtocolFetch fetch = {.exact = false, .size = max};
	size_t before = ret->size;
	int r = ask(fetcher, url, &fetch, &sink, error);

	if (r == 0)
		return buffer_append(ret, "", 0, error);
	buffer_cut(ret, before);
	return r == FETCH_PROCESS_ABSENT ? FETCH_ABSENT : r == FETCH_PROCESS_NO_ANSWER ? FETCH_NO_ANSWER : -1;
}

/* A body on its way into a file. */
typedef struct FileSink {
	int fd;
	uint64_t held; /* bytes of the file that are there */
	uint64_t size; /* bytes that it will have */
	uint64_t received;
	bool began;
	FetchProgress progress;
	void *userdata;
} FileSink;

static int start_anew(FileSink *sink, Error *error)
{
	if (ftruncate(sink->fd, 0) < 0)
		return error_os(error, errno, "cannot start the download anew");
	sink->held = 0;
	return 0;
}

static int file_begin(void *userdata, uint64_t at, Error *error)
{
	FileSink *sink = userdata;

	sink->began = true;
	if (at == 0 && sink->held > 0 && start_anew(sink, error) < 0)
		return -1;
	if (lseek(sink->fd, (off_t)sink->held, SEEK_SET) < 0)
		return error_os(error, errno, "cannot write the download");
	return 0;
}

static int file_take(void *userdata, Bytes next, Error *error)
{
	FileSink *sink = userdata;

	if (file_write_all(sink->fd, next, "the download", error) < 0)
		return -1;
	sink->held += next.size;
	sink->received += next.size;
	if (sink->progress)
		sink->progress(sink->userdata, sink->held, sink->size);
	return 0;
}

static int broke_off(const FileSink *sink, const char *url, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (url_for_people(url, &shown, error) < 0)
		return -1;
	return error_set(error,
		"the connection broke off after %llu of %llu bytes; run the command again to resume (%s)",
		(unsigned long long)sink->held, (unsigned long long)sink->size, shown);
}

static int file_run(Fetcher *fetcher, const char *url, FileSink *sink, Error *error)
{
	const FetchSink wrapped = {file_begin, file_take, sink};
	ProtocolFetch fetch = {.exact = true, .size = sink->size};

	if (sink->held > sink->size && start_anew(sink, error) < 0)
		return -1;
	if (sink->held == sink->size)
		return 0;
	fetch.start = sink->held;
	switch (ask(fetcher, url, &fetch, &wrapped, error)) {
	case 0:
		return 0;
	case FETCH_PROCESS_ABSENT:
		return FETCH_ABSENT;
	case FETCH_PROCESS_NO_ANSWER:
		return FETCH_NO_ANSWER;
	case FETCH_PROCESS_BROKE_OFF:
		return broke_off(sink, url, error);
	case FETCH_PROCESS_OTHER:
		/* It showed that after it had begun: nothing of what came is worth keeping. */
		return sink->began && start_anew(sink, error) < 0 ? -1 : FETCH_OTHER;
	default:
		return -1;
	}
}

int fetch_file(Fetcher *fetcher, const char *url, uint64_t size, int fd, FetchProgress progress,
	void *userdata, uint64_t *ret_received, Error *error)
{
	FileSink sink = {.fd = fd, .size = size, .progress = progress, .userdata = userdata};
	struct stat status;
	int r;

	if (size > INT64_MAX)
		return error_set(error, "no file has %llu bytes", (unsigned long long)size);
	if (fstat(fd, &status) < 0)
		return error_os(error, errno, "cannot examine the download");
	sink.held = (uint64_t)status.st_size;
	r = file_run(fetcher, url, &sink, error);
	if (ret_received)
		*ret_received = sink.received;
	return r;
}
