/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The system calls of a process that speaks HTTP and TLS and looks names up: what libcurl with its thread for
 * names, OpenSSL and the C library make, each with the arguments that they need. Measured with strace(1) and
 * held against their source: glibc 2.36 and 2.41, libcurl 7.88 and 8.14, OpenSSL 3.0 and 3.5.
 */

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"

/* With whatever arguments. Names of machines of 32 bits are among them. */
static const int calls[] = {
	/* sockets that are there */
	SCMP_SYS(connect),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64),
	/* files that are open: none of them can be written to but pipes and sockets */
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(stat),
	SCMP_SYS(stat64),
	SCMP_SYS(statx),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(pipe2),
	SCMP_SYS(eventfd2),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	/* threads */
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(gettid),
	/* time, chance and what is known of the machine */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(nanosleep),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getpid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	/* the end */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
};

/* A call, and one combination of arguments with which it may be made. */
typedef struct Rule {
	int call;
	unsigned n;
	struct scmp_arg_cmp arguments[2];
} Rule;

#define IS(argument, value) \
	{ \
		argument, SCMP_CMP_EQ, value, 0 \
	}
/* Of the argument's 32 bits no others than these, and all that are in value. */
#define HAS_ONLY(argument, others, value) \
	{ \
		argument, SCMP_CMP_MASKED_EQ, UINT32_MAX & ~(scmp_datum_t)(others), value \
	}
#define SOCKET(domain, type) \
	{ \
		SCMP_SYS(socket), 2, \
		{ \
			IS(0, domain), HAS_ONLY(1, SOCK_CLOEXEC | SOCK_NONBLOCK, type) \
		} \
	}
#define OPTION(level, name) \
	{ \
		SCMP_SYS(setsockopt), 2, \
		{ \
			IS(1, level), IS(2, name) \
		} \
	}
#define COMMAND(call, command) \
	{ \
		SCMP_SYS(call), 1, \
		{ \
			IS(1, command) \
		} \
	}
/* The last is O_LARGEFILE as the kernel knows it; to the C library of a machine of 64 bits it is 0. */
#define READING (O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_DIRECTORY | 0100000)
#define MAPPING(call) \
	{ \
		SCMP_SYS(call), 2, \
		{ \
			HAS_ONLY(2, PROT_READ | PROT_WRITE, 0), \
				HAS_ONLY(3, MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, MAP_PRIVATE) \
		} \
	}
/* A thread, as the C library makes one: never a process, never a namespace. */
#define THREAD \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS | \
		CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static const Rule rules[] = {
	SOCKET(AF_INET, SOCK_STREAM),
	SOCKET(AF_INET, SOCK_DGRAM),
	SOCKET(AF_INET6, SOCK_STREAM),
	SOCKET(AF_INET6, SOCK_DGRAM),
	/* libcurl wakes itself up through one. One of datagrams could be connected to somebody else. */
	{SCMP_SYS(socketpair), 2, {IS(0, AF_UNIX), HAS_ONLY(1, SOCK_CLOEXEC | SOCK_NONBLOCK, SOCK_STREAM)}},
	OPTION(SOL_SOCKET, SO_KEEPALIVE),
	OPTION(IPPROTO_TCP, TCP_NODELAY),
	OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
	OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
	OPTION(IPPROTO_TCP, TCP_KEEPCNT),
	OPTION(IPPROTO_IP, IP_RECVERR),
	OPTION(IPPROTO_IPV6, IPV6_RECVERR),
	COMMAND(ioctl, FIONREAD),
	COMMAND(ioctl, FIONBIO),
	COMMAND(fcntl, F_GETFL),
	COMMAND(fcntl, F_SETFL),
	COMMAND(fcntl, F_GETFD),
	COMMAND(fcntl, F_SETFD),
	COMMAND(fcntl64, F_GETFL),
	COMMAND(fcntl64, F_SETFL),
	COMMAND(fcntl64, F_GETFD),
	COMMAND(fcntl64, F_SETFD),
	{SCMP_SYS(openat), 1, {HAS_ONLY(2, READING, O_RDONLY)}},
	MAPPING(mmap),
	MAPPING(mmap2),
	{SCMP_SYS(mprotect), 1, {HAS_ONLY(2, PROT_READ | PROT_WRITE, 0)}},
	{SCMP_SYS(clone), 1, {IS(0, THREAD)}},
};

/* Libraries do without these. Where there is no clone3(), whose flags lie in memory that no filter sees, the
 * C library takes clone(). */
static const int calls_that_are_not_there[] = {SCMP_SYS(clone3), SCMP_SYS(prlimit64), SCMP_SYS(prctl)};

/* In the wide filter all of them with any arguments. */
static int allow_rules(scmp_filter_ctx filter, bool narrow)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && r == 0; i++)
		r = narrow ? seccomp_rule_add_array(
				     filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].n, rules[i].arguments)
			   : seccomp_rule_add(filter, SCMP_ACT_ALLOW, rules[i].call, 0);
	return r;
}

int confine_allow_network(scmp_filter_ctx filter, bool narrow)
{
	const uint32_t action = narrow ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW;
	int r = allow_rules(filter, narrow);

	for (size_t i = 0; i < ARRAY_SIZE(calls) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(calls_that_are_not_there) && r == 0; i++)
		r = seccomp_rule_add(filter, action, calls_that_are_not_there[i], 0);
	return r;
}
