/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"
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

/* More of those for threads. */
static const int sanitizer_thread_calls[] = {
	SCMP_SYS(prctl),
	SCMP_SYS(prlimit64),
	SCMP_SYS(openat),
	SCMP_SYS(readlink),
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

static int fill_for_computing(scmp_filter_ctx filter)
{
	int r = allow(filter, calls, ARRAY_SIZE(calls));

	if (r == 0)
		r = allow_mapping(filter);
	if (r == 0 && worker_is_sanitized)
		r = allow(filter, sanitizer_calls, ARRAY_SIZE(sanitizer_calls));
	return r;
}

static int fill_for_network(scmp_filter_ctx filter)
{
	const int for_the_next[] = {SCMP_SYS(seccomp)};
	int r = confine_allow_network(filter, false);

	if (r == 0)
		r = allow(filter, for_the_next, ARRAY_SIZE(for_the_next));
	if (r == 0 && worker_is_sanitized)
		r = allow(filter, sanitizer_calls, ARRAY_SIZE(sanitizer_calls));
	if (r == 0 && worker_is_sanitized)
		r = allow(filter, sanitizer_thread_calls, ARRAY_SIZE(sanitizer_thread_calls));
	return r;
}

static int fill_narrow(scmp_filter_ctx filter)
{
	return confine_allow_network(filter, true);
}

/* What the filter does not allow is answered so. */
static int put_on(int (*fill)(scmp_filter_ctx filter), uint32_t otherwise, Error *error)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int r = filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) : -ENOMEM;

	if (r == 0)
		r = fill(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 ? 0 : error_os(error, -r, "cannot give up its system calls");
}

/*
 * With a network there are two filters, of whose answers the kernel takes the harder one: a call that is on
 * no list is the end; one that is, with arguments that are not, is not permitted. Libraries try some that
 * they can do without.
 */
int confine_calls(const Confinement *kept, Error *error)
{
	if (!kept->network)
		return put_on(fill_for_computing, SCMP_ACT_KILL_PROCESS, error);
	if (put_on(fill_for_network, SCMP_ACT_KILL_PROCESS, error) < 0)
		return -1;
	return worker_is_sanitized ? 0 : put_on(fill_narrow, SCMP_ACT_ERRNO(EPERM), error);
}
