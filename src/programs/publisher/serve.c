/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "programs/publisher/serve-answer.h"

enum { CONNECTIONS_MAX = 64, CONNECTION_SECONDS = 30, BACKLOG = 64 };

static const char default_address[] = "127.0.0.1:8080";

typedef struct Server {
	const char *repository, *address;
	int repository_fd, listen_fd;
} Server;

static inline struct MHD_Daemon *daemon_free(struct MHD_Daemon *daemon)
{
	MHD_stop_daemon(daemon);
	return NULL;
}
DEFINE_CLEANUP(struct MHD_Daemon *, daemon_free);

static inline struct addrinfo *addresses_free(struct addrinfo *addresses)
{
	freeaddrinfo(addresses);
	return NULL;
}
DEFINE_CLEANUP(struct addrinfo *, addresses_free);

/* "[::1]:80" becomes "::1" and "80". */
static int split_address(const char *address, char **ret_host, char **ret_port, Error *error)
{
	const char *colon = strrchr(address, ':');
	bool brackets = address[0] == '[' && colon && colon > address + 1 && colon[-1] == ']';
	int64_t port;

	if (!colon || colon == address || (!brackets && memchr(address, ':', (size_t)(colon - address))))
		return error_set(error, "\"%s\" is not an address like %s", address, default_address);
	if (text_to_integer(colon + 1, 0, 65535, &port, error) < 0)
		return error_in(error, "the port of \"%s\"", address);
	if (text_format(ret_host, error, "%.*s", (int)(colon - address) - (brackets ? 2 : 0),
		    address + (brackets ? 1 : 0)) < 0)
		return -1;
	return text_format(ret_port, error, "%d", (int)port);
}

static int listen_at(const char *address, int *ret_fd, Error *error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	CLEANUP(addresses_free) struct addrinfo *found = NULL;
	CLEANUP_FREE char *host = NULL, *port = NULL;
	CLEANUP_CLOSE int fd = -1;
	int on = 1, r;

	if (split_address(address, &host, &port, error) < 0)
		return -1;
	r = getaddrinfo(host, port, &hints, &found);
	if (r != 0)
		return error_set(error, "cannot serve at %s: %s", address, gai_strerror(r));
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return error_os(error, errno, "cannot serve at %s", address);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int announce(const Server *server, Error *error)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	in_port_t port;

	if (getsockname(server->listen_fd, (struct sockaddr *)&bound, &size) < 0)
		return error_os(error, errno, "cannot serve at %s", server->address);
	port = bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
					   : ((struct sockaddr_in *)&bound)->sin_port;
	printf("serving %s at http://%.*s:%u/ — Ctrl-C ends it\n", server->repository,
		(int)(strrchr(server->address, ':') - server->address), server->address, ntohs(port));
	if (fflush(stdout) != 0)
		return error_os(error, errno, "cannot write the output");
	return 0;
}

/* The first call of a request has its headers only; what a client sends with it is dropped. */
static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_size, void **seen)
{
	const Server *server = userdata;

	(void)version;
	(void)upload;
	if (!*seen) {
		*seen = userdata;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	return serve_answer(connection, server->repository_fd, method, path);
}

/* Runs the library's work whenever its epoll descriptor is ready or its timeouts are due, until a signal. */
static int run_until_signal(struct MHD_Daemon *daemon, int signals, Error *error)
{
	const union MHD_DaemonInfo *epoll = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd ends[2] = {{signals, POLLIN, 0}, {epoll ? epoll->epoll_fd : -1, POLLIN, 0}};

	for (;;) {
		MHD_UNSIGNED_LONG_LONG timeout;
		int wait_ms = -1;

		if (MHD_get_timeout(daemon, &timeout) == MHD_YES)
			wait_ms = timeout < 10000 ? (int)timeout : 10000;
		if (poll(ends, 2, wait_ms) < 0 && errno != EINTR)
			return error_os(error, errno, "cannot wait for requests");
		if (ends[0].revents)
			return 0;
		if (MHD_run(daemon) != MHD_YES)
			return error_set(error, "the web server failed");
	}
}

static int serve_until(int signals, Server *server, Error *error)
{
	CLEANUP(daemon_free) struct MHD_Daemon *daemon = NULL;

	if (announce(server, error) < 0)
		return -1;
	daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
		server->listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_SECONDS, MHD_OPTION_END);
	if (!daemon)
		return error_set(error, "cannot start the web server");
	(void)TAKE_FD(server->listen_fd); /* the library closes it */
	return run_until_signal(daemon, signals, error);
}

/* Signals arrive through a descriptor, and a client that hangs up must not end the server. */
static int serve_with_signals(Server *server, Error *error)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	CLEANUP_CLOSE int signals = -1;
	struct sigaction old_action;
	sigset_t ends, old_mask;
	int r;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	if (signals < 0)
		return error_os(error, errno, "cannot wait for signals");
	(void)sigprocmask(SIG_BLOCK, &ends, &old_mask);
	(void)sigaction(SIGPIPE, &ignore, &old_action);
	r = serve_until(signals, server, error);
	if (r == 0) {
		struct signalfd_siginfo taken;

		/* Taken off the queue, or it would end the program as soon as it is no longer blocked. */
		if (read(signals, &taken, sizeof(taken)) < 0)
			r = error_os(error, errno, "cannot take a signal");
	}
	(void)sigaction(SIGPIPE, &old_action, NULL);
	(void)sigprocmask(SIG_SETMASK, &old_mask, NULL);
	return r;
}

int serve_run(const char *repository, const char *address, Error *error)
{
	CLEANUP_CLOSE int repository_fd = open(repository, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int listen_fd = -1;
	struct stat status;
	Server server;
	int r;

	if (!address)
		address = default_address;
	if (repository_fd < 0)
		return error_os(error, errno, "cannot open the repository %s", repository);
	if (fstatat(repository_fd, "metadata", &status, 0) < 0)
		return error_set(error, "%s is no repository: it has no directory \"metadata\"", repository);
	if (listen_at(address, &listen_fd, error) < 0)
		return -1;
	server = (Server){repository, address, repository_fd, TAKE_FD(listen_fd)};
	r = serve_with_signals(&server, error);
	(void)close_keeping_errno(server.listen_fd);
	return r;
}
