/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "parts/http/test-pages.h"
#include "parts/http/test-server.h"

enum { FILE_SIZE = TEST_PAGES_FILE_SIZE };

static TestServer server;
static Fetcher *fetcher, *impatient;

static const char *url_of(const char *path)
{
	static char url[300];

	(void)snprintf(url, sizeof(url), "http://user:secret@127.0.0.1:%u%s", server.port, path);
	return url;
}

/* Only where slowness is the point: a busy machine is slow as well. */
static Fetcher *fetcher_for(const char *path)
{
	return strcmp(path, "/slow") == 0 ? impatient : fetcher;
}

static int new_file(size_t held, bool spoiled);

static int start(void **state)
{
	const FetchLimits limits = {.redirects = 3};
	const FetchLimits short_limits = {.low_speed_seconds = 1};
	Error error = ERROR_INIT;

	(void)state;
	test_pages_fill();
	test_server_start(&server, test_pages_answer);
	assert_done(fetcher_new(&limits, &fetcher, &error), &error);
	assert_done(fetcher_new(&short_limits, &impatient, &error), &error);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fetcher = fetcher_free(fetcher);
	impatient = fetcher_free(impatient);
	test_server_stop(&server);
	return 0;
}

static void assert_bytes(const char *path, const char *expected)
{
	CLEANUP_BUFFER Buffer got = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(buffer_append(&got, "before:", 7, &error), &error);
	assert_done(fetch_bytes(fetcher, url_of(path), strlen(expected), &got, &error), &error);
	assert_int_equal(got.size, 7 + strlen(expected));
	assert_memory_equal(got.data, "before:", 7);
	assert_string_equal((const char *)got.data + 7, expected);
}

/* Refused, with nothing left behind in the buffer and no password in the sentence. */
static void assert_no_bytes(const char *path, uint64_t max, const char *sentence)
{
	CLEANUP_BUFFER Buffer got = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_fails(fetch_bytes(fetcher_for(path), url_of(path), max, &got, &error), &error, sentence);
	assert_int_equal(got.size, 0);
	assert_null(strstr(error.text, "secret"));
}

static void fetches_whole_bodies(void **state)
{
	(void)state;
	assert_bytes("/small", "hello");
	assert_bytes("/chunks", "hello world");
	assert_bytes("/empty", "");
	assert_bytes("/moved", "hello");
	assert_bytes("/more-than-announced", "hello");
}

static void tells_the_server_nothing_about_this_device(void **state)
{
	CLEANUP_BUFFER Buffer got = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(fetch_bytes(fetcher, url_of("/echo"), 8192, &got, &error), &error);
	assert_non_null(strstr((char *)got.data, "\r\nUser-Agent: suture\r\n"));
	assert_null(strcasestr((char *)got.data, "\r\nCookie:"));
	assert_null(strcasestr((char *)got.data, "\r\nAccept-Encoding:"));
	assert_null(strcasestr((char *)got.data, "\r\nRange:"));
	assert_null(strcasestr((char *)got.data, "\r\nReferer:"));
}

static void says_that_a_file_is_absent(void **state)
{
	static const char *const paths[] = {"/403", "/404", "/410"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		CLEANUP_BUFFER Buffer got = BUFFER_INIT;
		Error error = ERROR_INIT;

		assert_int_equal(fetch_bytes(fetcher, url_of(paths[i]), 3, &got, &error), FETCH_ABSENT);
		assert_int_equal(got.size, 0);
	}
}

static void names_the_status_and_the_url(void **state)
{
	char expected[128];

	(void)state;
	(void)snprintf(expected, sizeof(expected), "the server answered 500 for http://127.0.0.1:%u/500",
		server.port);
	assert_no_bytes("/500", 3, expected);
	assert_no_bytes("/401", 1000, "user name and a password");
	assert_no_bytes("/429", 1000, "try again later");
	assert_no_bytes("/204", 1000, "the server answered 204");
	assert_no_bytes("/304", 1000, "a redirect to nowhere");
	assert_no_bytes("/416", 1000, "the server answered 416");
	assert_no_bytes("/unasked-range", FILE_SIZE, "the server answered 206");
}

static void refuses_more_than_allowed(void **state)
{
	(void)state;
	assert_no_bytes("/small", 4, "the server announces 5 bytes, more than the 4 allowed");
	assert_no_bytes("/small", 0, "more than the 0 allowed");
	assert_no_bytes("/chunks", 10, "the server sends more than the 10 bytes allowed");
	assert_no_bytes("/endless", 1000000, "the server sends more than the 1000000 bytes allowed");
	assert_no_bytes("/larger", 100, "larger than it may be");
}

static void refuses_what_broke_off(void **state)
{
	(void)state;
	assert_no_bytes("/short", FILE_SIZE, "broke off");
	assert_no_bytes("/broken-chunks", FILE_SIZE, "broke off");
	assert_no_bytes("/slow", FILE_SIZE, "is too slow: less than 64 bytes a second");
}

static void bounds_headers(void **state)
{
	(void)state;
	assert_no_bytes("/many-headers", 1000, "more than 65536 bytes of headers");
	assert_no_bytes("/long-header", 1000, "");
	assert_no_bytes("/interim", 1000, "more than 65536 bytes of headers");
	assert_no_bytes("/garbage", 1000, "cannot fetch http://127.0.0.1");
}

static void bounds_redirects(void **state)
{
	(void)state;
	assert_no_bytes("/loop", 1000, "/loop leads through more than 3 redirects");
	assert_no_bytes("/to-file", 1000, "may not be followed");
	assert_no_bytes("/endless-redirect", 1000, "the server answered 302");
}

static void ends_after_the_time_for_one_download(void **state)
{
	const FetchLimits limits = {.total_seconds = 1};
	CLEANUP(fetcher_free) Fetcher *hasty = NULL;
	CLEANUP_BUFFER Buffer got = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(fetcher_new(&limits, &hasty, &error), &error);
	assert_fails(fetch_bytes(hasty, url_of("/slow"), FILE_SIZE, &got, &error), &error,
		"more than 1 seconds for a small file");
}

static void everything_ends_after_the_time_for_all(void **state)
{
	const FetchLimits limits = {.whole_seconds = 1};
	CLEANUP(fetcher_free) Fetcher *hasty = NULL;
	CLEANUP_BUFFER Buffer got = BUFFER_INIT;
	CLEANUP_CLOSE int fd = new_file(0, false);
	Error error = ERROR_INIT;

	(void)state;
	assert_done(fetcher_new(&limits, &hasty, &error), &error);
	assert_fails(fetch_file(hasty, url_of("/slow"), FILE_SIZE, fd, NULL, NULL, NULL, &error), &error,
		"took more than 1 seconds; run the command again to resume");
	/* And nothing is begun any more. */
	assert_fails(fetch_bytes(hasty, url_of("/file"), FILE_SIZE, &got, &error), &error,
		"is too slow: what was needed took more than 1 seconds");
	assert_null(strstr(error.text, "secret"));
}

static void says_where_nothing_answers(void **state)
{
	CLEANUP_BUFFER Buffer got = BUFFER_INIT;
	Error error = ERROR_INIT;
	char url[64], expected[128];
	uint16_t port = test_server_free_port();

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", port);
	(void)snprintf(expected, sizeof(expected),
		"nothing answers at http://127.0.0.1:%u (connection refused)", port);
	assert_int_equal(fetch_bytes(fetcher, url, 10, &got, &error), FETCH_NO_ANSWER);
	assert_non_null(strstr(error.text, expected));
	assert_int_equal(
		fetch_bytes(fetcher, "http://no-such-name.invalid/", 10, &got, &error), FETCH_NO_ANSWER);
	assert_non_null(strstr(error.text, "http://no-such-name.invalid is not known here"));
	assert_fails(fetch_bytes(fetcher, "file:///etc/passwd", 10, &got, &error), &error, "does not begin");
}

/* A file in memory that holds the first `held` bytes already, which are wrong when spoiled. */
static int new_file(size_t held, bool spoiled)
{
	int fd = memfd_create("download", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, test_pages_content, held), held);
	if (spoiled)
		assert_int_equal(pwrite(fd, "spoiled", 7, 0), 7);
	return fd;
}

static void assert_file(int fd, size_t size)
{
	CLEANUP_FREE uint8_t *got = malloc(FILE_SIZE + 1);

	assert_non_null(got);
	assert_int_equal(pread(fd, got, FILE_SIZE + 1, 0), size);
	assert_memory_equal(got, test_pages_content, size);
}

static void note_progress(void *userdata, uint64_t done, uint64_t total)
{
	uint64_t *last = userdata;

	assert_int_equal(total, FILE_SIZE);
	assert_true(done > *last && done <= total);
	*last = done;
}

static void assert_file_fetched(const char *path, size_t held, bool spoiled, uint64_t expected_received)
{
	CLEANUP_CLOSE int fd = new_file(held, spoiled);
	uint64_t received = 99, last = 0;
	Error error = ERROR_INIT;

	assert_done(fetch_file(fetcher, url_of(path), FILE_SIZE, fd, note_progress, &last, &received, &error),
		&error);
	assert_file(fd, FILE_SIZE);
	assert_int_equal(received, expected_received);
	assert_int_equal(last, expected_received > 0 ? FILE_SIZE : 0);
}

static void resumes_behind_the_bytes_that_are_there(void **state)
{
	(void)state;
	assert_file_fetched("/file", 0, false, FILE_SIZE);
	assert_file_fetched("/file", 1, false, FILE_SIZE - 1);
	assert_file_fetched("/file", FILE_SIZE - 1, false, 1);
	assert_file_fetched("/file", FILE_SIZE, false, 0);
}

static void starts_again_where_ranges_do_not_work(void **state)
{
	(void)state;
	assert_file_fetched("/whole", 1000, true, FILE_SIZE);
	assert_file_fetched("/other-start", 1000, true, FILE_SIZE);
	assert_file_fetched("/other-total", 1000, true, FILE_SIZE);
	assert_file_fetched("/always-416", 1000, true, FILE_SIZE);
}

static void starts_again_when_too_much_is_there(void **state)
{
	CLEANUP_CLOSE int fd = new_file(FILE_SIZE, true);
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(ftruncate(fd, FILE_SIZE + 1), 0);
	assert_done(fetch_file(fetcher, url_of("/file"), FILE_SIZE, fd, NULL, NULL, NULL, &error), &error);
	assert_file(fd, FILE_SIZE);
}

static void assert_file_fails(const char *path, size_t held, const char *sentence, size_t kept)
{
	CLEANUP_CLOSE int fd = new_file(held, false);
	uint64_t received;
	Error error = ERROR_INIT;

	assert_fails(
		fetch_file(fetcher_for(path), url_of(path), FILE_SIZE, fd, NULL, NULL, &received, &error),
		&error, sentence);
	assert_null(strstr(error.text, "secret"));
	assert_file(fd, kept);
}

static void assert_is_other(const char *path, size_t held, const char *sentence, size_t kept)
{
	CLEANUP_CLOSE int fd = new_file(held, false);
	Error error = ERROR_INIT;

	assert_int_equal(fetch_file(fetcher_for(path), url_of(path), FILE_SIZE, fd, NULL, NULL, NULL, &error),
		FETCH_OTHER);
	assert_non_null(strstr(error.text, sentence));
	assert_file(fd, kept);
}

static void keeps_what_was_got(void **state)
{
	static const char sentence[] =
		"the connection broke off after 123 of 300000 bytes; run the command again to resume";

	(void)state;
	assert_file_fails("/short", 0, sentence, 123);
	assert_file_fails("/short-unannounced", 0, sentence, 123);
	assert_file_fails("/500", 1000, "the server answered 500", 1000);
	assert_file_fails("/slow", 0, "is too slow", 1);
	assert_file_fails("/larger", 1000, "is larger than it may be", 1000);
	assert_is_other("/small", 1000, "announces 5 bytes where 300000 are expected", 1000);
}

static void tells_no_answer_from_a_wrong_one_and_keeps_what_was_got(void **state)
{
	static const struct {
		const char *path, *sentence;
	} cases[] = {
		{"/nothing", "closed the connection without an answer"},
		{"/502", "the server answered 502"},
		{"/503", "the server answered 503"},
		{"/504", "the server answered 504"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_CLOSE int fd = new_file(1000, false);
		CLEANUP_BUFFER Buffer got = BUFFER_INIT;
		Error error = ERROR_INIT;

		assert_int_equal(
			fetch_bytes(fetcher, url_of(cases[i].path), 10, &got, &error), FETCH_NO_ANSWER);
		assert_non_null(strstr(error.text, cases[i].sentence));
		assert_int_equal(got.size, 0);
		assert_int_equal(
			fetch_file(fetcher, url_of(cases[i].path), FILE_SIZE, fd, NULL, NULL, NULL, &error),
			FETCH_NO_ANSWER);
		assert_non_null(strstr(error.text, cases[i].sentence));
		assert_file(fd, 1000);
	}
}

static void keeps_nothing_of_a_file_that_is_too_long(void **state)
{
	(void)state;
	assert_is_other("/endless", 0, "the server sends more than the 300000 bytes expected", 0);
}

static void says_that_a_whole_file_is_absent(void **state)
{
	CLEANUP_CLOSE int fd = new_file(10, false);
	Error error = ERROR_INIT;

	(void)state;
	assert_int_equal(
		fetch_file(fetcher, url_of("/404"), FILE_SIZE, fd, NULL, NULL, NULL, &error), FETCH_ABSENT);
	assert_file(fd, 10);
}

static void reports_a_full_disk_as_such(void **state)
{
	CLEANUP_CLOSE int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	Error error = ERROR_INIT;

	(void)state;
	if (full < 0)
		skip();
	assert_fails(fetch_file(fetcher, url_of("/whole"), FILE_SIZE, full, NULL, NULL, NULL, &error), &error,
		"cannot write the download: No space left on device");
	assert_int_equal(error.os_error, ENOSPC);
}

static void needs_no_server_for_an_empty_file(void **state)
{
	CLEANUP_CLOSE int fd = new_file(10, false);
	Error error = ERROR_INIT;

	(void)state;
	assert_done(fetch_file(fetcher, url_of("/500"), 0, fd, NULL, NULL, NULL, &error), &error);
	assert_file(fd, 0);
	assert_fails(fetch_file(fetcher, url_of("/file"), UINT64_MAX, fd, NULL, NULL, NULL, &error), &error,
		"no file has");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_whole_bodies),
		cmocka_unit_test(tells_the_server_nothing_about_this_device),
		cmocka_unit_test(says_that_a_file_is_absent),
		cmocka_unit_test(names_the_status_and_the_url),
		cmocka_unit_test(refuses_more_than_allowed),
		cmocka_unit_test(refuses_what_broke_off),
		cmocka_unit_test(bounds_headers),
		cmocka_unit_test(bounds_redirects),
		cmocka_unit_test(ends_after_the_time_for_one_download),
		cmocka_unit_test(everything_ends_after_the_time_for_all),
		cmocka_unit_test(says_where_nothing_answers),
		cmocka_unit_test(resumes_behind_the_bytes_that_are_there),
		cmocka_unit_test(starts_again_where_ranges_do_not_work),
		cmocka_unit_test(starts_again_when_too_much_is_there),
		cmocka_unit_test(keeps_what_was_got),
		cmocka_unit_test(tells_no_answer_from_a_wrong_one_and_keeps_what_was_got),
		cmocka_unit_test(keeps_nothing_of_a_file_that_is_too_long),
		cmocka_unit_test(says_that_a_whole_file_is_absent),
		cmocka_unit_test(reports_a_full_disk_as_such),
		cmocka_unit_test(needs_no_server_for_an_empty_file),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
