/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/http/test-pages.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

uint8_t test_pages_content[TEST_PAGES_FILE_SIZE];

void test_pages_fill(void)
{
	for (size_t i = 0; i < sizeof(test_pages_content); i++)
		test_pages_content[i] = (uint8_t)(i * 2654435761u >> 13);
}

static void answer_head(int to, const char *status, long long length)
{
	test_server_print(to, "HTTP/1.1 %s\r\nConnection: close\r\n", status);
	if (length >= 0)
		test_server_print(to, "Content-Length: %lld\r\n", length);
	test_server_print(to, "\r\n");
}

static void answer_whole(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", TEST_PAGES_FILE_SIZE);
	test_server_write(to, test_pages_content, TEST_PAGES_FILE_SIZE);
}

static void answer_partial(int to, size_t start, size_t end, long long claimed_start, long long claimed_total)
{
	test_server_print(to,
		"HTTP/1.1 206 Partial Content\r\nConnection: close\r\n"
		"Content-Range: bytes %lld-%zu/%lld\r\nContent-Length: %zu\r\n\r\n",
		claimed_start, end - 1, claimed_total, end - start);
	test_server_write(to, test_pages_content + start, end - start);
}

/* A whole server: ranges work. */
static void answer_file(int to, const TestRequest *request)
{
	size_t start = 0, last = 0;

	if (sscanf(request->range, "bytes=%zu-%zu", &start, &last) != 2)
		answer_whole(to, request);
	else if (start >= TEST_PAGES_FILE_SIZE)
		answer_head(to, "416 Range Not Satisfiable", 0);
	else
		answer_partial(to, start, last + 1, (long long)start, TEST_PAGES_FILE_SIZE);
}

static void answer_other_start(int to, const TestRequest *request)
{
	if (*request->range)
		answer_partial(to, 0, 1000, 0, TEST_PAGES_FILE_SIZE);
	else
		answer_whole(to, request);
}

static void answer_other_total(int to, const TestRequest *request)
{
	size_t start = 0;

	if (sscanf(request->range, "bytes=%zu-", &start) == 1)
		answer_partial(to, start, TEST_PAGES_FILE_SIZE, (long long)start, 2 * TEST_PAGES_FILE_SIZE);
	else
		answer_whole(to, request);
}

static void answer_always_416(int to, const TestRequest *request)
{
	if (*request->range)
		answer_head(to, "416 Range Not Satisfiable", 0);
	else
		answer_whole(to, request);
}

static void answer_unasked_range(int to, const TestRequest *request)
{
	(void)request;
	answer_partial(to, 0, TEST_PAGES_FILE_SIZE, 0, TEST_PAGES_FILE_SIZE);
}

static void answer_short(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", TEST_PAGES_FILE_SIZE);
	test_server_write(to, test_pages_content, 123);
}

static void answer_short_unannounced(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", -1);
	test_server_write(to, test_pages_content, 123);
}

static void answer_endless(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", -1);
	for (size_t i = 0; i < 1000; i++)
		test_server_write(to, test_pages_content, TEST_PAGES_FILE_SIZE);
}

static void answer_larger(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", 2 * TEST_PAGES_FILE_SIZE);
	test_server_write(to, test_pages_content, TEST_PAGES_FILE_SIZE);
	test_server_write(to, test_pages_content, TEST_PAGES_FILE_SIZE);
}

/* Says 5 bytes and sends more: HTTP takes the 5. */
static void answer_more_than_announced(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", 5);
	test_server_print(to, "hello, and this is not part of it");
}

static void answer_chunks(int to, const TestRequest *request)
{
	(void)request;
	test_server_print(to, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
}

static void answer_broken_chunks(int to, const TestRequest *request)
{
	(void)request;
	test_server_print(to, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
}

static void answer_empty(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", 0);
}

static void answer_echo(int to, const TestRequest *request)
{
	answer_head(to, "200 OK", (long long)strlen(request->text));
	test_server_print(to, "%s", request->text);
}

static void answer_nothing(int to, const TestRequest *request)
{
	(void)to;
	(void)request;
}

/* Until the client is gone. */
static void answer_slowly(int to, const TestRequest *request)
{
	struct pollfd end = {to, POLLIN, 0};

	(void)request;
	answer_head(to, "200 OK", TEST_PAGES_FILE_SIZE);
	test_server_write(to, test_pages_content, 1);
	(void)poll(&end, 1, 20000);
}

static void answer_many_headers(int to, const TestRequest *request)
{
	(void)request;
	test_server_print(to, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 5000; i++)
		test_server_print(to, "X-Bomb-%d: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", i);
	test_server_print(to, "Content-Length: 0\r\n\r\n");
}

static void answer_long_header(int to, const TestRequest *request)
{
	(void)request;
	test_server_print(to, "HTTP/1.1 200 OK\r\nX-Bomb: ");
	for (int i = 0; i < 200000; i++)
		test_server_print(to, "xxxxxxxx");
	test_server_print(to, "\r\nContent-Length: 0\r\n\r\n");
}

static void answer_interim_without_end(int to, const TestRequest *request)
{
	(void)request;
	for (int i = 0; i < 5000; i++)
		test_server_print(to, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
}

static void answer_garbage(int to, const TestRequest *request)
{
	(void)request;
	test_server_print(to, "\033[31mSSH-2.0-nonsense\r\n\r\n\r\n");
}

static void redirect(int to, const char *where)
{
	test_server_print(to,
		"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: %s\r\nContent-Length: 4\r\n\r\ngone",
		where);
}

static void answer_loop(int to, const TestRequest *request)
{
	(void)request;
	redirect(to, "/loop");
}

static void answer_moved(int to, const TestRequest *request)
{
	(void)request;
	redirect(to, "/small");
}

static void answer_to_file(int to, const TestRequest *request)
{
	(void)request;
	redirect(to, "file:///etc/passwd");
}

static void answer_endless_redirect(int to, const TestRequest *request)
{
	(void)request;
	test_server_print(to, "HTTP/1.1 302 Found\r\nLocation: /small\r\n\r\n");
	for (size_t i = 0; i < 1000; i++)
		test_server_write(to, test_pages_content, TEST_PAGES_FILE_SIZE);
}

static void answer_small(int to, const TestRequest *request)
{
	(void)request;
	answer_head(to, "200 OK", 5);
	test_server_print(to, "hello");
}

static const struct {
	const char *path;
	void (*answer)(int to, const TestRequest *request);
} pages[] = {
	{"/small", answer_small},
	{"/file", answer_file},
	{"/whole", answer_whole},
	{"/other-start", answer_other_start},
	{"/other-total", answer_other_total},
	{"/always-416", answer_always_416},
	{"/unasked-range", answer_unasked_range},
	{"/short", answer_short},
	{"/short-unannounced", answer_short_unannounced},
	{"/endless", answer_endless},
	{"/larger", answer_larger},
	{"/more-than-announced", answer_more_than_announced},
	{"/chunks", answer_chunks},
	{"/broken-chunks", answer_broken_chunks},
	{"/empty", answer_empty},
	{"/echo", answer_echo},
	{"/nothing", answer_nothing},
	{"/slow", answer_slowly},
	{"/many-headers", answer_many_headers},
	{"/long-header", answer_long_header},
	{"/interim", answer_interim_without_end},
	{"/garbage", answer_garbage},
	{"/loop", answer_loop},
	{"/moved", answer_moved},
	{"/to-file", answer_to_file},
	{"/endless-redirect", answer_endless_redirect},
};

void test_pages_answer(int to, const TestRequest *request)
{
	static const char page[] = "<html>a page for people, longer than the file may be</html>";

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		if (strcmp(pages[i].path, request->path) == 0) {
			pages[i].answer(to, request);
			return;
		}
	}
	/* "/500" is answered with 500. */
	answer_head(to, request->path + 1, sizeof(page) - 1);
	test_server_print(to, "%s", page);
}
