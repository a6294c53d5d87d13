/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suture-fetcher: speaks with servers, with no power over anything. Suture starts it, asks for one file after
 * the other over the descriptor PROTOCOL_FD, and gets their bytes there (docs/worker.md).
 */
#include <nss.h>
#include <stdio.h>
#include <unistd.h>

#include "parts/http/http.h"
#include "parts/worker/confine/confine.h"
#include "parts/worker/inside.h"
#include "programs/fetcher/answer.h"

/* A sanitizer can neither look through memory for leaks nor start a program in here. */
__attribute__((visibility("default"), used)) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:symbolize=0";
}

/* Names come from the hosts file and from DNS, which are in the C library. Other services would need files,
 * sockets and libraries that are not there any more. */
static int settle_names(Error *error)
{
	return __nss_configure_lookup("hosts", "files dns") == 0
		       ? 0
		       : error_set(error, "cannot settle how names are looked up");
}

static int confine(Error *error)
{
	const char *const files[] = {
		"/etc/hosts",
		"/etc/host.conf",
		"/etc/gai.conf",
		"/etc/resolv.conf",
		http_certificates_file(),
		NULL,
	};
	const Confinement kept = {
		.network = true, .files = files, .certificates = http_certificates_directory()};

	return confine_reach(&kept, error) < 0 ? -1 : confine_calls(&kept, error);
}

static int get_ready(Http **ret, Error *error)
{
	if (http_new(ret, error) < 0 || settle_names(error) < 0)
		return -1;
	return confine(error);
}

int main(int argc, char **argv)
{
	Error error = ERROR_INIT;
	Http *http = NULL;

	if (!inside_is_started(argc, argv, "fetch")) {
		(void)fputs("suture-fetcher: is started by suture alone; see suture-worker(8)\n", stderr);
		return 2;
	}
	if (get_ready(&http, &error) < 0) {
		inside_send_sentence(PROTOCOL_REFUSED, &error);
		_exit(1);
	}
	inside_send(PROTOCOL_READY, (Bytes){NULL, 0});
	while (answer_next(http))
		;
	/* Not exit(): nothing is left to be done but what a sanitizer cannot do any more. */
	_exit(0);
}
