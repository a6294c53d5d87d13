/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"
#include "parts/worker/protocol.h"
#include "parts/worker/sanitizer.h"

/* Bytes of memory that can be written to. The most that honest decoding takes is the window of a Zstandard
 * stream, 128 MiB; a delta takes 24. */
enum { MEMORY_MAX = 192 * 1024 * 1024, STACK_MAX = 8 * 1024 * 1024 };

/* A fetcher's connections, its copies and what libraries open for a moment; threads that look a name up. */
enum { CONNECTIONS_MAX = 64, THREADS_MAX = 32 };

/* What depends on the work, time and addresses, was set by who started it. */
static const struct {
	int resource;
	rlim_t most, most_with_network;
	bool sanitized; /* bearable with a sanitizer */
} limits[] = {
	{RLIMIT_DATA, MEMORY_MAX, MEMORY_MAX, false},
	{RLIMIT_STACK, STACK_MAX, STACK_MAX, true},
	{RLIMIT_NOFILE, PROTOCOL_FD + 1 + PROTOCOL_SOURCES_MAX, CONNECTIONS_MAX, true},
	{RLIMIT_FSIZE, 0, 0, true},
	{RLIMIT_NPROC, 0, THREADS_MAX, true},
	{RLIMIT_CORE, 0, 0, true},
	{RLIMIT_MEMLOCK, 0, 0, true},
	{RLIMIT_MSGQUEUE, 0, 0, true},
};

int confine_limits(const Confinement *kept, bool own_user, Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		rlim_t most = kept->network ? limits[i].most_with_network : limits[i].most;
		const struct rlimit limit = {most, most};

		if (worker_is_sanitized && !limits[i].sanitized)
			continue;
		/* Whoever starts this without root may have many processes already. */
		if (limits[i].resource == RLIMIT_NPROC && kept->network && !own_user)
			continue;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return error_os(error, errno, "cannot limit itself (%d)", limits[i].resource);
	}
	return 0;
}
