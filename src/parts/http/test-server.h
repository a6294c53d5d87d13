/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: a child process that takes one connection after the other on a free port of the
 * loopback and answers each request with whatever bytes the test writes.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct TestRequest {
	char text[8192]; /* all of it, up to the empty line */
	char path[256];
	char range[64]; /* the value of the Range field, or "" */
	uint16_t port;  /* of this server */
} TestRequest;

typedef struct TestServer {
	pid_t pid;
	uint16_t port;
} TestServer;

/* answer runs in the child, which closes the connection after it. */
void test_server_start(TestServer *server, void (*answer)(int connection, const TestRequest *request));
void test_server_stop(TestServer *server);

/* A port of the loopback where nothing listens. */
uint16_t test_server_free_port(void);

void test_server_write(int connection, const void *data, size_t size);
void test_server_print(int connection, const char *format, ...) __attribute__((format(printf, 2, 3)));
