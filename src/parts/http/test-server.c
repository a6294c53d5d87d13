/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/http/test-server.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void field_of(const char *text, const char *name, char *to, size_t size)
{
	const char *at = strcasestr(text, name);

	*to = '\0';
	if (at) {
		at += strlen(name);
		(void)snprintf(to, size, "%.*s", (int)strcspn(at, "\r\n"), at);
	}
}

static int read_request(int connection, TestRequest *request)
{
	size_t used = 0;

	*request = (TestRequest){.text = ""};
	while (!strstr(request->text, "\r\n\r\n")) {
		ssize_t n = read(connection, request->text + used, sizeof(request->text) - 1 - used);

		if (n <= 0)
			return -1;
		used += (size_t)n;
	}
	(void)sscanf(request->text, "%*s %255s", request->path);
	field_of(request->text, "\r\nRange: ", request->range, sizeof(request->range));
	return 0;
}

static _Noreturn void serve(int fd, uint16_t port, void (*answer)(int, const TestRequest *))
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		TestRequest request;

		if (connection < 0)
			_exit(1);
		if (read_request(connection, &request) == 0) {
			request.port = port;
			answer(connection, &request);
		}
		(void)close(connection);
	}
}

void test_server_start(TestServer *server, void (*answer)(int connection, const TestRequest *request))
{
	int fd = listen_somewhere(&server->port);

	/* Proxies of the surroundings know nothing of this server. */
	(void)setenv("no_proxy", "*", 1);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0)
		serve(fd, server->port, answer);
	(void)close(fd);
}

void test_server_stop(TestServer *server)
{
	(void)kill(server->pid, SIGKILL);
	(void)waitpid(server->pid, NULL, 0);
}

uint16_t test_server_free_port(void)
{
	uint16_t port;
	int fd = listen_somewhere(&port);

	(void)close(fd);
	return port;
}

void test_server_write(int connection, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(connection, at, size);

		if (n <= 0)
			return;
		at += n;
		size -= (size_t)n;
	}
}

void test_server_print(int connection, const char *format, ...)
{
	char text[4096];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	assert_true(n >= 0 && (size_t)n < sizeof(text));
	test_server_write(connection, text, (size_t)n);
}
