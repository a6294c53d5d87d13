/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "parts/http/test-pages.h"
#include "parts/http/test-server.h"

/* What the sink is given; programs/fetcher/fetch-test.c has all the ways of a server. */
enum { FILE_SIZE = TEST_PAGES_FILE_SIZE };

static TestServer server;
static Http *http;

typedef struct Got {
	uint64_t at;
	size_t n_begins;
	Buffer bytes;
	const char *refuse;
} Got;

static int start(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	test_pages_fill();
	test_server_start(&server, test_pages_answer);
	assert_done(http_new(&http, &error), &error);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http = http_free(http);
	test_server_stop(&server);
	return 0;
}

static int begin(void *userdata, uint64_t at, Error *error)
{
	Got *got = userdata;

	got->at = at;
	got->n_begins++;
	return got->refuse ? error_set(error, "%s", got->refuse) : 0;
}

static int take(void *userdata, Bytes next, Error *error)
{
	Got *got = userdata;

	assert_int_equal(got->n_begins, 1);
	return buffer_append(&got->bytes, next.data, next.size, error);
}

static int get(const char *path, bool exact, uint64_t size, uint64_t from, Got *got, Error *error)
{
	char url[300];
	const HttpRequest request = {
		.url = url,
		.limits = {15, 64, 30, 300, 300, 3},
		.deadline_ms = clock_monotonic_ms() + 300 * 1000,
		.exact = exact,
		.size = size,
		.start = from,
		.sink = {begin, take, got},
	};

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server.port, path);
	buffer_clear(&got->bytes);
	got->n_begins = 0;
	return http_get(http, &request, error);
}

static void says_where_a_file_goes_on(void **state)
{
	Error error = ERROR_INIT;
	Got got = {.at = 99};

	(void)state;
	assert_done(get("/file", true, FILE_SIZE, 1000, &got, &error), &error);
	assert_int_equal(got.at, 1000);
	assert_int_equal(got.bytes.size, FILE_SIZE - 1000);
	assert_memory_equal(got.bytes.data, test_pages_content + 1000, FILE_SIZE - 1000);
	assert_done(get("/other-total", true, FILE_SIZE, 1000, &got, &error), &error);
	assert_int_equal(got.at, 0);
	assert_int_equal(got.bytes.size, FILE_SIZE);
	buffer_clear(&got.bytes);
}

static void an_empty_body_begins_as_well(void **state)
{
	Error error = ERROR_INIT;
	Got got = {.at = 99};

	(void)state;
	assert_done(get("/empty", false, 10, 0, &got, &error), &error);
	assert_int_equal(got.n_begins, 1);
	assert_int_equal(got.bytes.size, 0);
	buffer_clear(&got.bytes);
}

static void gives_no_byte_of_what_is_too_long(void **state)
{
	Error error = ERROR_INIT;
	Got got = {.at = 99};

	(void)state;
	assert_fails(get("/small", false, 4, 0, &got, &error), &error, "announces 5 bytes");
	assert_int_equal(got.n_begins, 0);
	assert_int_equal(get("/small", true, 4, 0, &got, &error), HTTP_OTHER);
	assert_int_equal(got.n_begins, 0);
	assert_int_equal(get("/endless", true, FILE_SIZE, 0, &got, &error), HTTP_OTHER);
	assert_true(got.bytes.size <= FILE_SIZE);
	buffer_clear(&got.bytes);
}

static void tells_the_conditions_of_its_header(void **state)
{
	Error error = ERROR_INIT;
	Got got = {.at = 99};

	(void)state;
	assert_int_equal(get("/404", true, FILE_SIZE, 0, &got, &error), HTTP_ABSENT);
	assert_int_equal(get("/503", true, FILE_SIZE, 0, &got, &error), HTTP_NO_ANSWER);
	assert_fails(get("/500", true, FILE_SIZE, 0, &got, &error), &error, "answered 500");
	assert_int_equal(get("/short", true, FILE_SIZE, 0, &got, &error), HTTP_BROKE_OFF);
	assert_int_equal(got.bytes.size, 123);
	assert_int_equal(get("/short-unannounced", true, FILE_SIZE, 0, &got, &error), HTTP_BROKE_OFF);
	assert_fails(get("/short", false, FILE_SIZE, 0, &got, &error), &error, "broke off");
	buffer_clear(&got.bytes);
}

static void a_sink_that_fails_ends_the_download(void **state)
{
	Error error = ERROR_INIT;
	Got got = {.refuse = "not wanted"};

	(void)state;
	assert_fails(get("/file", true, FILE_SIZE, 0, &got, &error), &error, "not wanted");
	assert_int_equal(got.bytes.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_where_a_file_goes_on),
		cmocka_unit_test(an_empty_body_begins_as_well),
		cmocka_unit_test(gives_no_byte_of_what_is_too_long),
		cmocka_unit_test(tells_the_conditions_of_its_header),
		cmocka_unit_test(a_sink_that_fails_ends_the_download),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
