/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/fetch/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "parts/fetch/transfer.h"
#include "parts/fetch/url.h"

struct Fetcher {
	CURL *easy;
	FetchLimits limits;
	int64_t deadline_ms; /* as clock_monotonic_ms() */
};

static CURLcode library_state = CURLE_FAILED_INIT;

static void start_library(void)
{
	library_state = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static FetchLimits without_zeros(const FetchLimits *limits)
{
	FetchLimits full = limits ? *limits : (FetchLimits){0};

	full.connect_seconds = full.connect_seconds > 0 ? full.connect_seconds : 15;
	full.low_speed_bytes = full.low_speed_bytes > 0 ? full.low_speed_bytes : 64;
	full.low_speed_seconds = full.low_speed_seconds > 0 ? full.low_speed_seconds : 30;
	full.total_seconds = full.total_seconds > 0 ? full.total_seconds : 300;
	full.whole_seconds = full.whole_seconds > 0 ? full.whole_seconds : 4 * 60 * 60;
	full.redirects = full.redirects > 0 ? full.redirects : 5;
	return full;
}

int fetcher_new(const FetchLimits *limits, Fetcher **ret, Error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CLEANUP(fetcher_free) Fetcher *fetcher = NULL;

	if (pthread_once(&once, start_library) != 0 || library_state != CURLE_OK)
		return error_set(error, "libcurl does not start: %s", curl_easy_strerror(library_state));
	fetcher = calloc(1, sizeof(*fetcher));
	if (!fetcher)
		return error_memory(error);
	fetcher->limits = without_zeros(limits);
	fetcher->deadline_ms = clock_monotonic_ms() + (int64_t)fetcher->limits.whole_seconds * 1000;
	fetcher->easy = curl_easy_init();
	if (!fetcher->easy)
		return error_memory(error);
	*ret = TAKE_PTR(fetcher);
	return 0;
}

Fetcher *fetcher_free(Fetcher *fetcher)
{
	if (fetcher) {
		curl_easy_cleanup(fetcher->easy);
		free(fetcher);
	}
	return NULL;
}

int fetch_check_url(const char *url, Error *error)
{
	return url_check(url, error);
}

/* What a server sends wrongly is told together with where it was asked. */
static int in_url(const char *url, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (url_for_people(url, &shown, error) < 0)
		return -1;
	return error_in(error, "%s", shown);
}

/* A body on its way into memory. */
typedef struct BytesSink {
	const char *url;
	Buffer *buffer;
	size_t start; /* where it begins in the buffer */
	uint64_t max;
} BytesSink;

static int bytes_begin(void *userdata, bool partial, int64_t announced, Error *error)
{
	BytesSink *sink = userdata;

	(void)partial;
	if (announced <= 0 || (uint64_t)announced <= sink->max)
		return 0;
	(void)error_set(error, "the server announces %lld bytes, more than the %llu allowed",
		(long long)announced, (unsigned long long)sink->max);
	return in_url(sink->url, error);
}

static int bytes_take(void *userdata, Bytes bytes, Error *error)
{
	BytesSink *sink = userdata;

	if (!range_within(sink->buffer->size - sink->start, bytes.size, sink->max)) {
		(void)error_set(error, "the server sends more than the %llu bytes allowed",
			(unsigned long long)sink->max);
		return in_url(sink->url, error);
	}
	return buffer_append(sink->buffer, bytes.data, bytes.size, error);
}

int fetch_bytes(Fetcher *fetcher, const char *url, uint64_t max, Buffer *ret, Error *error)
{
	BytesSink sink = {.url = url, .buffer = ret, .start = ret->size, .max = max};
	TransferRequest request = {
		.url = url,
		.limits = &fetcher->limits,
		.deadline_ms = fetcher->deadline_ms,
		.limit_total = true,
		.max = max,
		.sink = {.begin = bytes_begin, .take = bytes_take, .userdata = &sink},
	};
	int r = transfer_run(fetcher->easy, &request, error);

	if (r == 0)
		return buffer_append(ret, "", 0, error);
	buffer_cut(ret, sink.start);
	return r == TRANSFER_ABSENT ? FETCH_ABSENT : -1;
}

/* A body on its way into a file. */
typedef struct FileSink {
	const char *url;
	int fd;
	uint64_t held; /* bytes of the file that are there */
	uint64_t size; /* bytes that it will have */
	uint64_t received;
	bool is_other; /* the server has shown that it has another file */
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

static int file_begin(void *userdata, bool partial, int64_t announced, Error *error)
{
	FileSink *sink = userdata;
	uint64_t expected = partial ? sink->size - sink->held : sink->size;

	if (announced >= 0 && (uint64_t)announced != expected) {
		sink->is_other = true;
		(void)error_set(error, "the server announces %lld bytes where %llu are expected",
			(long long)announced, (unsigned long long)expected);
		return in_url(sink->url, error);
	}
	if (!partial && sink->held > 0 && start_anew(sink, error) < 0)
		return -1;
	if (lseek(sink->fd, (off_t)sink->held, SEEK_SET) < 0)
		return error_os(error, errno, "cannot write the download");
	return 0;
}

static int file_take(void *userdata, Bytes bytes, Error *error)
{
	FileSink *sink = userdata;

	if (!range_within(sink->held, bytes.size, sink->size)) {
		/* What is longer than it may be is another file: nothing of it is worth keeping. */
		if (start_anew(sink, error) < 0)
			return -1;
		sink->is_other = true;
		(void)error_set(error, "the server sends more than the %llu bytes expected",
			(unsigned long long)sink->size);
		return in_url(sink->url, error);
	}
	if (file_write_all(sink->fd, bytes, "the download", error) < 0)
		return -1;
	sink->held += bytes.size;
	sink->received += bytes.size;
	if (sink->progress)
		sink->progress(sink->userdata, sink->held, sink->size);
	return 0;
}

static int file_transfer(Fetcher *fetcher, const char *url, FileSink *sink, Error *error)
{
	TransferRequest request = {
		.url = url,
		.limits = &fetcher->limits,
		.deadline_ms = fetcher->deadline_ms,
		.max = sink->size,
		.range_start = sink->held,
		.range_end = sink->held > 0 ? sink->size : 0,
		.total = sink->size,
		.sink = {.begin = file_begin, .take = file_take, .userdata = sink},
	};

	return transfer_run(fetcher->easy, &request, error);
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
	int r;

	if (sink->held > sink->size && start_anew(sink, error) < 0)
		return -1;
	if (sink->held == sink->size)
		return 0;
	r = file_transfer(fetcher, url, sink, error);
	if (r == TRANSFER_NO_RANGE) {
		/* The bytes held belong to another file, or the server cannot do ranges: one try without. */
		if (start_anew(sink, error) < 0)
			return -1;
		r = file_transfer(fetcher, url, sink, error);
	}
	if (r == TRANSFER_ABSENT)
		return FETCH_ABSENT;
	if (r < 0 && sink->is_other)
		return FETCH_OTHER;
	if (r == TRANSFER_BROKE_OFF || (r == 0 && sink->held < sink->size))
		return broke_off(sink, url, error);
	return r;
}

int fetch_file(Fetcher *fetcher, const char *url, uint64_t size, int fd, FetchProgress progress,
	void *userdata, uint64_t *ret_received, Error *error)
{
	FileSink sink = {.url = url, .fd = fd, .size = size, .progress = progress, .userdata = userdata};
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
