/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "origin.h"

enum { URL_MAX = 2048, ANSWER_SECONDS = 5 };

/*
 * usage: origin-server SOCKET
 * Runs until it is ended and keeps using the liborigin it started with. Each connection brings one URL, ended
 * by a newline, and gets "allowed" or "refused".
 */
static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat status;

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		return -1;
	return fd;
}

static void answer(int connection)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	char url[URL_MAX + 1];
	size_t used = 0;
	const char *text;

	(void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	while (used < URL_MAX && !memchr(url, '\n', used)) {
		ssize_t n = read(connection, url + used, URL_MAX - used);

		if (n <= 0)
			return;
		used += (size_t)n;
	}
	url[used] = '\0';
	url[strcspn(url, "\n")] = '\0';
	text = used < URL_MAX && origin_is_allowed(url) ? "allowed\n" : "refused\n";
	if (write(connection, text, strlen(text)) < 0)
		perror("origin-server");
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? listen_at(argv[1]) : -1;

	if (argc != 2) {
		fprintf(stderr, "usage: origin-server SOCKET\n");
		return 2;
	}
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	printf("listening at %s\n", argv[1]);
	(void)fflush(stdout);
	for (;;) {
		int connection = accept(fd, NULL, NULL);

		if (connection < 0)
			continue;
		answer(connection);
		(void)close(connection);
	}
}
