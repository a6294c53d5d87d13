/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"
#include "parts/worker/protocol.h"
#include "parts/worker/sanitizer.h"

/* Bytes of memory that can be written to. The most that honest work takes is the window of a Zstandard
 * stream, 128 MiB; a delta takes 24. */
enum { MEMORY_MAX = 192 * 1024 * 1024, STACK_MAX = 8 * 1024 * 1024 };

/* What depends on the work, time and addresses, was set by who started it. */
static const struct {
	int resource;
	rlim_t most;
	bool sanitized; /* bearable with a sanitizer */
} limits[] = {
	{RLIMIT_DATA, MEMORY_MAX, false},
	{RLIMIT_STACK, STACK_MAX, true},
	{RLIMIT_NOFILE, PROTOCOL_FD + 1 + PROTOCOL_SOURCES_MAX, true},
	{RLIMIT_FSIZE, 0, true},
	{RLIMIT_NPROC, 0, true},
	{RLIMIT_CORE, 0, true},
	{RLIMIT_MEMLOCK, 0, true},
	{RLIMIT_MSGQUEUE, 0, true},
};

int confine_limits(Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct rlimit limit = {limits[i].most, limits[i].most};

		if (worker_is_sanitized && !limits[i].sanitized)
			continue;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return error_os(error, errno, "cannot limit itself (%d)", limits[i].resource);
	}
	return 0;
}
