/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/cpu-changes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"

enum { UEVENTS_OF_KERNEL = 1, UEVENT_MAX = 8192, LIST_MAX = 4096 };

struct CpuChanges {
	int clock, uevents; /* -1: there are none */
	Buffer online;      /* "0-3,5\n", as it was */
};

CpuChanges *cpu_changes_free(CpuChanges *changes)
{
	if (changes) {
		(void)close_keeping_errno(changes->clock);
		(void)close_keeping_errno(changes->uevents);
		buffer_clear(&changes->online);
	}
	free(changes);
	return NULL;
}

/* It never expires. */
static int open_clock(Error *error)
{
	const struct itimerspec never = {.it_value = {.tv_sec = INT32_MAX * INT64_C(1000)}};
	CLEANUP_CLOSE int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
		return error_os(error, errno, "cannot see when the clock is set");
	return TAKE_FD(fd);
}

/* Of the actions of uevents only "online" and "offline" begin so, which are rare. */
static int set_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'o', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UEVENT_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {ARRAY_SIZE(code), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int open_uevents(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENTS_OF_KERNEL};
	CLEANUP_CLOSE int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || set_filter(fd) < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* Nothing where it cannot be read. */
static Buffer read_online(void)
{
	Buffer online = BUFFER_INIT;

	if (file_read(AT_FDCWD, "/sys/devices/system/cpu/online", LIST_MAX, &online, NULL) != 0)
		buffer_clear(&online);
	return online;
}

int cpu_changes_open(CpuChanges **ret, Error *error)
{
	CLEANUP(cpu_changes_free) CpuChanges *changes = calloc(1, sizeof(*changes));

	if (!changes)
		return error_memory(error);
	*changes = (CpuChanges){.clock = open_clock(error), .uevents = open_uevents()};
	if (changes->clock < 0)
		return -1;
	changes->online = read_online();
	*ret = TAKE_PTR(changes);
	return 0;
}

void cpu_changes_poll(const CpuChanges *changes, struct pollfd to[static CPU_CHANGES_POLLS])
{
	to[0] = (struct pollfd){.fd = changes->clock, .events = POLLIN};
	to[1] = (struct pollfd){.fd = changes->uevents, .events = POLLIN};
}

static bool was_clock_set(const CpuChanges *changes)
{
	uint64_t expirations;

	return read(changes->clock, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED;
}

/* "offline@/devices/system/cpu/cpu1". Memory is switched as well. When there were too many for the socket,
 * one may have been of a CPU. */
static bool was_cpu_switched(const CpuChanges *changes)
{
	static const char cpu[] = "@/devices/system/cpu/";
	char event[UEVENT_MAX + 1];
	bool switched = false;
	ssize_t n;

	while (changes->uevents >= 0 &&
		((n = recv(changes->uevents, event, UEVENT_MAX, 0)) >= 0 || errno == ENOBUFS)) {
		event[n < 0 ? 0 : n] = '\0';
		switched = switched || n < 0 || strstr(event, cpu);
	}
	return switched;
}

static bool are_others_online(CpuChanges *changes)
{
	Buffer online = read_online();
	bool others = online.size != changes->online.size ||
		      (online.size > 0 && memcmp(online.data, changes->online.data, online.size) != 0);

	buffer_clear(&changes->online);
	changes->online = online;
	return others;
}

bool cpu_changes_noticed(CpuChanges *changes)
{
	bool set = was_clock_set(changes), switched = was_cpu_switched(changes);

	return are_others_online(changes) || set || switched;
}
