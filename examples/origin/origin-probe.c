/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { HOLE_CLOSED = 0, HOLE_OPEN = 1, UNKNOWN = 2, PATIENCE_SECONDS = 10 };

static const char *const first_hole[] = {
	"https://bank.example@evil.example/", "https://bank.example.evil.example/", NULL};
static const char *const second_hole[] = {"https://bank.example:443@evil.example/", NULL};

static int connect_to(const char *path)
{
	const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	perror(path);
	(void)close(fd);
	return -1;
}

/* Does the running server allow the URL? < 0: it did not say. */
static int is_allowed(const char *path, const char *url)
{
	char line[256], answer[32];
	int fd = connect_to(path);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	(void)snprintf(line, sizeof(line), "%s\n", url);
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line))
		while (used < sizeof(answer) - 1 &&
			(n = read(fd, answer + used, sizeof(answer) - 1 - used)) > 0)
			used += (size_t)n;
	(void)close(fd);
	answer[used] = '\0';
	if (strcmp(answer, "allowed\n") == 0)
		return 1;
	return strcmp(answer, "refused\n") == 0 ? 0 : -1;
}

static int probe(const char *path, const char *const *urls)
{
	int result = HOLE_CLOSED;

	/* A server that refuses everything has proved nothing. */
	if (is_allowed(path, "https://bank.example/account") != 1)
		return UNKNOWN;
	for (; *urls; urls++) {
		int allowed = is_allowed(path, *urls);

		if (allowed < 0)
			return UNKNOWN;
		if (allowed)
			result = HOLE_OPEN;
	}
	return result;
}

/*
 * usage: origin-probe [--second] SOCKET
 * Tries the hole (or the second one) through a running origin-server. Exit code: 0 "hole closed", 1 "hole
 * open", 2 it cannot be told.
 */
int main(int argc, char **argv)
{
	static const char *const texts[] = {
		[HOLE_CLOSED] = "hole closed",
		[HOLE_OPEN] = "hole open",
		[UNKNOWN] = "the server does not answer as it should",
	};
	bool second = argc == 3 && strcmp(argv[1], "--second") == 0;
	int result;

	if (argc != 2 && !second) {
		fprintf(stderr, "usage: origin-probe [--second] SOCKET\n");
		return UNKNOWN;
	}
	result = probe(argv[argc - 1], second ? second_hole : first_hole);
	fprintf(result == UNKNOWN ? stderr : stdout, "%s\n", texts[result]);
	return result;
}
