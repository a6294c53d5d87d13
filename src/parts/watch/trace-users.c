/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace-users.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct TraceUsers {
	int map; /* process → user, both of 32 bits; the program has its own hold of it */
};

static int call_bpf(int command, union bpf_attr *attributes)
{
	return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

/* Of more than these the kernel drops those that were not used for long. */
static int open_map(Error *error)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_LRU_HASH,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint32_t),
		.max_entries = TRACE_USERS_MAX,
		.map_name = "suture_users",
	};
	int fd = call_bpf(BPF_MAP_CREATE, &attributes);

	return fd < 0 ? error_os(error, errno, "cannot have the kernel note whose a crash is") : fd;
}

/* The words of the program below, by the names of linux/bpf.h. */
#define MOVE(to, from) ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_X, (to), (from), 0, 0})
#define SET(to, value) ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, (to), 0, 0, (value)})
#define ADD(to, value) ((struct bpf_insn){BPF_ALU64 | BPF_ADD | BPF_K, (to), 0, 0, (value)})
#define SHIFT(to, by) ((struct bpf_insn){BPF_ALU64 | BPF_LSH | BPF_X, (to), (by), 0, 0})
#define AND_32(to, value) ((struct bpf_insn){BPF_ALU | BPF_AND | BPF_K, (to), 0, 0, (value)})
#define LOAD_32(to, from, offset) \
	((struct bpf_insn){BPF_LDX | BPF_MEM | BPF_W, (to), (from), (int16_t)(offset), 0})
#define STORE_32(to, offset, from) \
	((struct bpf_insn){BPF_STX | BPF_MEM | BPF_W, (to), (from), (int16_t)(offset), 0})
#define END_IF(operation, what, value, at) \
	((struct bpf_insn){BPF_JMP | (operation) | BPF_K, (what), 0, END - 1 - (at), (value)})
#define CALL(helper) ((struct bpf_insn){BPF_JMP | BPF_CALL, 0, 0, 0, (helper)})
#define RETURN ((struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0})
/* A value of 64 bits takes two. */
#define SET_64(to, kind, value) \
	((struct bpf_insn){BPF_LD | BPF_DW | BPF_IMM, (to), (kind), 0, (int32_t)(uint32_t)(value)}), \
		((struct bpf_insn){0, 0, 0, 0, (int32_t)(uint32_t)((uint64_t)(value) >> 32)})

/* On the stack: the user, and the process as its pid namespace numbers it (struct bpf_pidns_info). */
enum { USER = -4, PIDNS_INFO = -16, PROCESS = PIDNS_INFO + (int)offsetof(struct bpf_pidns_info, tgid) };

static int load(
	int map, const TraceLayout *layout, uint32_t crashes, const struct stat *pid_namespace, Error *error)
{
	/* At the end stands 1, by which others see the signal as ever. */
	enum { END = 25 };
	const struct bpf_insn program[] = {
		LOAD_32(BPF_REG_6, BPF_REG_1, layout->signal),
		END_IF(BPF_JGT, BPF_REG_6, 31, 1),
		SET(BPF_REG_7, 1),
		SHIFT(BPF_REG_7, BPF_REG_6),
		AND_32(BPF_REG_7, (int32_t)crashes),
		END_IF(BPF_JEQ, BPF_REG_7, 0, 5),
		CALL(BPF_FUNC_get_current_uid_gid),
		STORE_32(BPF_REG_10, USER, BPF_REG_0),
		SET_64(BPF_REG_1, 0, pid_namespace->st_dev),
		SET_64(BPF_REG_2, 0, pid_namespace->st_ino),
		MOVE(BPF_REG_3, BPF_REG_10),
		ADD(BPF_REG_3, PIDNS_INFO),
		SET(BPF_REG_4, sizeof(struct bpf_pidns_info)),
		CALL(BPF_FUNC_get_ns_current_pid_tgid),
		END_IF(BPF_JNE, BPF_REG_0, 0, 16),
		SET_64(BPF_REG_1, BPF_PSEUDO_MAP_FD, map),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, PROCESS),
		MOVE(BPF_REG_3, BPF_REG_10),
		ADD(BPF_REG_3, USER),
		SET(BPF_REG_4, BPF_ANY),
		CALL(BPF_FUNC_map_update_elem),
		SET(BPF_REG_0, 1),
		RETURN,
	};
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_TRACEPOINT,
		.insn_cnt = ARRAY_SIZE(program),
		.insns = (uint64_t)(uintptr_t)program,
		.license = (uint64_t)(uintptr_t) "LGPL-2.1-or-later",
		.prog_name = "suture_users",
	};
	int fd;

	_Static_assert(ARRAY_SIZE(program) == END + 2, "jumps lead to the end");
	fd = call_bpf(BPF_PROG_LOAD, &attributes);
	return fd < 0 ? error_os(error, errno, "cannot have the kernel note whose a crash is") : fd;
}

int trace_users_open(int event, const TraceLayout *layout, uint32_t crashes, TraceUsers **ret, Error *error)
{
	CLEANUP(trace_users_free) TraceUsers *users = calloc(1, sizeof(*users));
	CLEANUP_CLOSE int program = -1;
	struct stat pid_namespace;

	if (!users)
		return error_memory(error);
	users->map = open_map(error);
	if (users->map < 0)
		return -1;
	if (stat("/proc/self/ns/pid", &pid_namespace) < 0)
		return error_os(error, errno, "cannot see this pid namespace");
	program = load(users->map, layout, crashes, &pid_namespace, error);
	if (program < 0)
		return -1;
	if (ioctl(event, PERF_EVENT_IOC_SET_BPF, program) < 0)
		return error_os(error, errno, "cannot have the kernel note whose a crash is");
	*ret = TAKE_PTR(users);
	return 0;
}

TraceUsers *trace_users_free(TraceUsers *users)
{
	if (users)
		(void)close_keeping_errno(users->map);
	free(users);
	return NULL;
}

int trace_users_find(const TraceUsers *users, pid_t process, uid_t *ret)
{
	uint32_t key = (uint32_t)process, value = 0;
	union bpf_attr attributes = {
		.map_fd = (uint32_t)users->map,
		.key = (uint64_t)(uintptr_t)&key,
		.value = (uint64_t)(uintptr_t)&value,
	};

	if (call_bpf(BPF_MAP_LOOKUP_ELEM, &attributes) < 0)
		return TRACE_USERS_UNKNOWN;
	*ret = value;
	return 0;
}
