/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/test.h"
#include "parts/http/http.h"

/* A repository, and a child process that serves it on a free port. */
static char *repository;
static int repository_fd = -1;
static pid_t server = -1;
static unsigned port;

static const char target[] = "targets/debian/12/libc_2.36-9+deb12u1~x.delta";

static void put_file(const char *name, const char *text)
{
	Error error = ERROR_INIT;

	assert_done(file_replace(repository_fd, name, bytes_of_text(text), 0644, &error), &error);
}

static void fill_repository(void)
{
	Error error = ERROR_INIT;

	assert_done(file_temporary_directory("suture-serve-test", &repository, &error), &error);
	repository_fd = open(repository, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(repository_fd >= 0);
	assert_done(file_make_directories(repository_fd, "metadata", 0755, NULL, &error), &error);
	assert_done(file_make_directories(repository_fd, "keys", 0755, NULL, &error), &error);
	assert_done(file_make_directories(repository_fd, "targets/debian/12", 0755, NULL, &error), &error);
	put_file("metadata/timestamp.json", "{}\n");
	put_file("metadata/empty.json", "");
	put_file("keys/root.pem", "a secret\n");
	put_file("config.json", "not for the world\n");
	put_file(target, "0123456789");
	assert_int_equal(symlinkat("../keys/root.pem", repository_fd, "metadata/link.json"), 0);
	assert_int_equal(symlinkat("/etc", repository_fd, "targets/etc"), 0);
	assert_int_equal(mkfifoat(repository_fd, "targets/fifo", 0644), 0);
}

static _Noreturn void run_server(int out, const char *address)
{
	Error error = ERROR_INIT;
	int null = open("/dev/null", O_WRONLY);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(99);
	_exit(serve_run(repository, address, &error) == 0 ? 0 : 1);
}

static pid_t start_server(const char *address, unsigned *ret_port)
{
	char line[512] = "";
	const char *at;
	int ends[2];
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_server(ends[1], address);
	(void)close(ends[1]);
	assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
	(void)close(ends[0]);
	at = strstr(line, " at http://127.0.0.1:");
	assert_non_null(at);
	assert_int_equal(sscanf(at, " at http://127.0.0.1:%u/", ret_port), 1);
	return child;
}

static int start(void **state)
{
	(void)state;
	(void)setenv("no_proxy", "*", 1);
	fill_repository();
	server = start_server("127.0.0.1:0", &port);
	return 0;
}

static int stop(void **state)
{
	Error error = ERROR_INIT;
	int status = -1;

	(void)state;
	(void)kill(server, SIGTERM);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	(void)close(repository_fd);
	assert_done(file_remove_tree(AT_FDCWD, repository, &error), &error);
	free(repository);
	return 0;
}

/* What the server says to these bytes, until it closes the connection. */
static void ask_raw(const char *request, char *answer, size_t size)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t used = 0;
	ssize_t n;

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (used < size - 1 && (n = read(fd, answer + used, size - 1 - used)) > 0)
		used += (size_t)n;
	answer[used] = '\0';
}

static const char *ask(const char *method, const char *path, const char *fields)
{
	static char answer[4096];
	char request[1024];

	(void)snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
		method, path, fields);
	ask_raw(request, answer, sizeof(answer));
	return answer;
}

static void assert_answer(const char *answer, const char *status, const char *body)
{
	const char *end = strstr(answer, "\r\n\r\n");

	assert_memory_equal(answer, "HTTP/1.1 ", 9);
	if (strncmp(answer + 9, status, 3) != 0 || !end)
		fail_msg("expected %s, got: %s", status, answer);
	if (body)
		assert_string_equal(end + 4, body);
}

static void assert_field(const char *answer, const char *field)
{
	assert_non_null(strcasestr(answer, field));
}

static void serves_metadata_and_targets(void **state)
{
	const char *answer = ask("GET", "/metadata/timestamp.json", "");

	(void)state;
	assert_answer(answer, "200", "{}\n");
	assert_field(answer, "\r\nContent-Length: 3\r\n");
	assert_field(answer, "\r\nContent-Type: application/json\r\n");
	assert_field(answer, "\r\nAccept-Ranges: bytes\r\n");
	answer = ask("GET", "/targets/debian/12/libc_2.36-9%2Bdeb12u1~x.delta", "");
	assert_answer(answer, "200", "0123456789");
	assert_field(answer, "\r\nContent-Type: application/octet-stream\r\n");
	assert_answer(ask("GET", "/targets/debian/12/libc_2.36-9+deb12u1~x.delta", ""), "200", "0123456789");
	assert_answer(ask("GET", "/metadata/empty.json", ""), "200", "");
}

static void answers_head_without_a_body(void **state)
{
	const char *answer = ask("HEAD", "/metadata/timestamp.json", "");

	(void)state;
	assert_answer(answer, "200", "");
	assert_field(answer, "\r\nContent-Length: 3\r\n");
	assert_answer(ask("HEAD", "/metadata/none.json", ""), "404", "");
}

static void serves_nothing_else(void **state)
{
	static const char *const paths[] = {"/", "/metadata", "/metadata/", "/targets", "/targets/debian",
		"/keys/root.pem", "/config.json", "/metadata/../keys/root.pem",
		"/metadata/%2e%2e/keys/root.pem", "/metadata/..%2fkeys%2froot.pem",
		"/targets/../../../../etc/passwd", "//etc/passwd", "/metadata//timestamp.json",
		"/metadata/./timestamp.json", "/metadata/link.json", "/targets/etc/passwd", "/targets/fifo",
		"/metadata/none.json", "/metadata/timestamp.json/", "/metadata/%0a",
		"/METADATA/timestamp.json", "metadata/timestamp.json"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *answer = ask("GET", paths[i], "");

		assert_answer(answer, "404", NULL);
		assert_null(strstr(answer, "secret"));
	}
}

static void only_reads(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		const char *answer = ask(methods[i], "/metadata/timestamp.json", "Content-Length: 0\r\n");

		assert_answer(answer, "405", NULL);
		assert_field(answer, "\r\nAllow: GET, HEAD\r\n");
	}
}

static void serves_one_range(void **state)
{
	char path[128];
	const char *answer;

	(void)state;
	(void)snprintf(path, sizeof(path), "/%s", target);
	answer = ask("GET", path, "Range: bytes=3-5\r\n");
	assert_answer(answer, "206", "345");
	assert_field(answer, "\r\nContent-Range: bytes 3-5/10\r\n");
	assert_field(answer, "\r\nContent-Length: 3\r\n");
	assert_answer(ask("GET", path, "Range: bytes=-2\r\n"), "206", "89");
	assert_answer(ask("GET", path, "Range: bytes=8-\r\n"), "206", "89");
	assert_answer(ask("GET", path, "Range: bytes=0-1,4-5\r\n"), "200", "0123456789");
	answer = ask("GET", path, "Range: bytes=10-\r\n");
	assert_answer(answer, "416", "");
	assert_field(answer, "\r\nContent-Range: bytes */10\r\n");
	answer = ask("HEAD", path, "Range: bytes=3-5\r\n");
	assert_answer(answer, "206", "");
	assert_field(answer, "\r\nContent-Length: 3\r\n");
}

static void etag_of(const char *path, char *etag, size_t size)
{
	const char *answer = ask("HEAD", path, "");
	const char *at = strcasestr(answer, "\r\nETag: ");

	assert_non_null(at);
	at += strlen("\r\nETag: ");
	(void)snprintf(etag, size, "%.*s", (int)strcspn(at, "\r"), at);
	assert_true(etag[0] == '"');
}

static void answers_conditions_by_etag(void **state)
{
	static const char path[] = "/metadata/timestamp.json";
	char etag[128], again[128], fields[512];

	(void)state;
	etag_of(path, etag, sizeof(etag));
	(void)snprintf(fields, sizeof(fields), "If-None-Match: \"x\", W/%s\r\n", etag);
	assert_answer(ask("GET", path, fields), "304", "");
	assert_answer(ask("GET", path, "If-None-Match: *\r\n"), "304", "");
	assert_answer(ask("GET", path, "If-None-Match: \"x\"\r\n"), "200", "{}\n");
	(void)snprintf(fields, sizeof(fields), "Range: bytes=1-\r\nIf-Range: %s\r\n", etag);
	assert_answer(ask("GET", path, fields), "206", "}\n");
	put_file("metadata/timestamp.json", "[]\n");
	etag_of(path, again, sizeof(again));
	assert_string_not_equal(etag, again);
	assert_answer(ask("GET", path, fields), "200", "[]\n");
	put_file("metadata/timestamp.json", "{}\n");
}

static void survives_what_is_not_http(void **state)
{
	char answer[1024];

	(void)state;
	ask_raw("\x16\x03\x01\x02\r\n\r\n", answer, sizeof(answer));
	ask_raw("GET\r\n\r\n", answer, sizeof(answer));
	ask_raw("GET /metadata/timestamp.json HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n"
		"Host: x\r\n\r\nabc",
		answer, sizeof(answer));
	assert_answer(answer, "200", "{}\n");
}

static int begins_at(void *userdata, uint64_t at, Error *error)
{
	(void)userdata, (void)error;
	assert_int_equal(at, 4);
	return 0;
}

static int take(void *userdata, Bytes next, Error *error)
{
	return buffer_append(userdata, next.data, next.size, error);
}

static void lets_a_fetcher_resume(void **state)
{
	CLEANUP_BUFFER Buffer got = BUFFER_INIT;
	CLEANUP(http_free) Http *http = NULL;
	Error error = ERROR_INIT;
	char url[256];
	const HttpRequest request = {
		.url = url,
		.limits = {15, 64, 30, 300, 300, 5},
		.deadline_ms = clock_monotonic_ms() + 300 * 1000,
		.exact = true,
		.size = 10,
		.start = 4,
		.sink = {begins_at, take, &got},
	};

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", port, target);
	assert_done(http_new(&http, &error), &error);
	assert_done(http_get(http, &request, &error), &error);
	assert_string_equal((const char *)got.data, "456789");
}

static void ends_cleanly_on_either_signal(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		unsigned other_port;
		pid_t child = start_server("127.0.0.1:0", &other_port);
		int status = -1;

		assert_int_equal(kill(child, signals[i]), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void says_why_it_cannot_serve(void **state)
{
	Error error = ERROR_INIT;
	char address[64];

	(void)state;
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	assert_fails(serve_run(repository, address, &error), &error, "Address already in use");
	assert_fails(serve_run("/nonexistent", NULL, &error), &error, "cannot open the repository");
	assert_fails(serve_run("/proc/self/fd", NULL, &error), &error, "is no repository");
	assert_fails(serve_run(repository, "8080", &error), &error, "is not an address like 127.0.0.1:8080");
	assert_fails(serve_run(repository, "::1:8080", &error), &error, "is not an address like");
	assert_fails(serve_run(repository, "localhost:http", &error), &error, "is not a number");
	assert_fails(serve_run(repository, "localhost:65536", &error), &error, "is not between 0 and 65535");
	assert_fails(serve_run(repository, "203.0.113.1:0", &error), &error, "cannot serve at 203.0.113.1:0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_metadata_and_targets),
		cmocka_unit_test(answers_head_without_a_body),
		cmocka_unit_test(serves_nothing_else),
		cmocka_unit_test(only_reads),
		cmocka_unit_test(serves_one_range),
		cmocka_unit_test(answers_conditions_by_etag),
		cmocka_unit_test(survives_what_is_not_http),
		cmocka_unit_test(lets_a_fetcher_resume),
		cmocka_unit_test(ends_cleanly_on_either_signal),
		cmocka_unit_test(says_why_it_cannot_serve),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
