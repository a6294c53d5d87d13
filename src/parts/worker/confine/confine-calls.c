/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine.h"
#include "parts/worker/sanitizer.h"

/* Talking over the socket, memory, the end. Nothing here makes a descriptor but a message from root. */
static const int calls[] = {
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(close),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
};

static const int sanitizer_calls[] = {
	SCMP_SYS(write),
	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(clock_gettime),
};

static int allow(scmp_filter_ctx filter, const int *list, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, list[i], 0);
	return r;
}

/* Private memory that RLIMIT_DATA counts, or that is only read: nothing shared, nothing that grows by itself,
 * nothing to execute. */
static int allow_mapping(scmp_filter_ctx filter)
{
	const scmp_datum_t protection = PROT_READ | PROT_WRITE;
	const scmp_datum_t flags = MAP_ANONYMOUS | MAP_NORESERVE;
	const struct scmp_arg_cmp plain[] = {
		{2, SCMP_CMP_MASKED_EQ, ~protection, 0},
		{3, SCMP_CMP_MASKED_EQ, ~flags, MAP_PRIVATE},
	};
	/* The second is what machines of 32 bits call it. */
	const int names[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0 && !worker_is_sanitized; i++)
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, names[i], ARRAY_SIZE(plain), plain);
	return r;
}

static int fill(scmp_filter_ctx filter)
{
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r == 0)
		r = allow(filter, calls, ARRAY_SIZE(calls));
	if (r == 0)
		r = allow_mapping(filter);
	if (r == 0 && worker_is_sanitized)
		r = allow(filter, sanitizer_calls, ARRAY_SIZE(sanitizer_calls));
	return r;
}

int confine_calls(Error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = filter ? fill(filter) : -ENOMEM;

	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 ? 0 : error_os(error, -r, "cannot give up its system calls");
}
