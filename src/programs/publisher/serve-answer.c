/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/serve-answer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/text.h"
#include "programs/publisher/byte-range.h"

enum { ETAG_SIZE = 64 };

/* The part of a file that is sent, and how it is called. */
typedef struct Served {
	uint64_t size, start, length;
	char etag[ETAG_SIZE];
	const char *type;
	unsigned status;
} Served;

static const char *field_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void log_request(const char *method, const char *path, unsigned status, uint64_t bytes)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "%.16s %.900s", method, path);
	text_make_printable(line);
	fprintf(stderr, "%s: %u, %llu bytes\n", line, status, (unsigned long long)bytes);
}

static int open_file(int repository_fd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	if (*path != '/' || !path_is_safe(path + 1) ||
		(!text_has_prefix(path, "/metadata/") && !text_has_prefix(path, "/targets/")))
		return -1;
	return (int)syscall(SYS_openat2, repository_fd, path + 1, &how, sizeof(how));
}

/* Is etag in a list like `"a", W/"b"`, or the list "*"? Tags without quotes and commas are all we make. */
static bool etag_listed(const char *list, const char *etag)
{
	size_t length = strlen(etag);

	while (*list) {
		list += strspn(list, " \t,");
		if (strcmp(list, "*") == 0)
			return true;
		if (text_has_prefix(list, "W/"))
			list += 2;
		if (strncmp(list, etag, length) == 0 && strchr(" \t,", list[length]))
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

/* Decides between 200, 206, 304 and 416. */
static void choose_part(struct MHD_Connection *connection, Served *served)
{
	const char *known = field_of(connection, MHD_HTTP_HEADER_IF_NONE_MATCH);
	const char *only_if = field_of(connection, MHD_HTTP_HEADER_IF_RANGE);
	const char *range = field_of(connection, MHD_HTTP_HEADER_RANGE);
	int r;

	served->status = MHD_HTTP_OK;
	served->start = 0;
	served->length = served->size;
	if (known && etag_listed(known, served->etag)) {
		served->status = MHD_HTTP_NOT_MODIFIED;
		served->length = 0;
		return;
	}
	if (only_if && strcmp(only_if, served->etag) != 0)
		return;
	r = byte_range_parse(range, served->size, &served->start, &served->length);
	if (r == 0) {
		served->status = MHD_HTTP_PARTIAL_CONTENT;
	} else if (r == BYTE_RANGE_OUTSIDE) {
		served->status = MHD_HTTP_RANGE_NOT_SATISFIABLE;
		served->length = 0;
	}
}

static int add_fields(struct MHD_Response *response, const Served *served)
{
	char range[96];
	bool bad = false;

	if (served->status == MHD_HTTP_PARTIAL_CONTENT)
		(void)snprintf(range, sizeof(range), "bytes %llu-%llu/%llu",
			(unsigned long long)served->start,
			(unsigned long long)(served->start + served->length - 1),
			(unsigned long long)served->size);
	else
		(void)snprintf(range, sizeof(range), "bytes */%llu", (unsigned long long)served->size);
	if (served->status == MHD_HTTP_PARTIAL_CONTENT || served->status == MHD_HTTP_RANGE_NOT_SATISFIABLE)
		bad |= MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range) != MHD_YES;
	bad |= MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, served->etag) != MHD_YES;
	bad |= MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes") != MHD_YES;
	bad |= MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, served->type) != MHD_YES;
	return bad ? -1 : 0;
}

/* A response that is sent and given back; MHD_NO makes the library close the connection. */
static enum MHD_Result send_response(
	struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result result = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_text(
	struct MHD_Connection *connection, unsigned status, const char *text, const char *allow)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	if (allow)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	return send_response(connection, status, response);
}

static enum MHD_Result send_file(struct MHD_Connection *connection, int fd, const Served *served)
{
	CLEANUP_CLOSE int own = fd;
	struct MHD_Response *response =
		served->length > 0
			? MHD_create_response_from_fd_at_offset64(served->length, own, served->start)
			: MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	if (served->length > 0)
		(void)TAKE_FD(own); /* the response closes it */
	if (add_fields(response, served) < 0) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return send_response(connection, served->status, response);
}

static void describe(const struct stat *status, const char *path, Served *ret)
{
	*ret = (Served){
		.size = (uint64_t)status->st_size,
		.type = text_has_suffix(path, ".json") ? "application/json" : "application/octet-stream",
	};
	(void)snprintf(ret->etag, sizeof(ret->etag), "\"%llx-%llx%08lx-%llx\"", (long long)status->st_size,
		(long long)status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
		(unsigned long long)status->st_ino);
}

enum MHD_Result serve_answer(
	struct MHD_Connection *connection, int repository_fd, const char *method, const char *path)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat status;
	Served served;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		log_request(method, path, MHD_HTTP_METHOD_NOT_ALLOWED, 0);
		return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			"files are only read here: GET and HEAD\n", "GET, HEAD");
	}
	fd = open_file(repository_fd, path);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		log_request(method, path, MHD_HTTP_NOT_FOUND, 0);
		return send_text(connection, MHD_HTTP_NOT_FOUND,
			"there is no such file; a repository's files are below /metadata/ and /targets/\n",
			NULL);
	}
	describe(&status, path, &served);
	choose_part(connection, &served);
	log_request(
		method, path, served.status, strcmp(method, MHD_HTTP_METHOD_GET) == 0 ? served.length : 0);
	return send_file(connection, TAKE_FD(fd), &served);
}
