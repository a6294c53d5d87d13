/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "parts/watch/trace-format.h"
#include "parts/watch/trace-ring.h"
#include "parts/watch/trace-users.h"

static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};

enum { RING_SIZE = 64 * 1024, FORMAT_MAX = 64 * 1024, CPUS_MAX = 4096, EVENTS_MAX = 1 << 20 };

/* One CPU's: both events write to one ring. */
typedef struct Cpu {
	int processes, signals;
	TraceRing ring;
} Cpu;

struct Trace {
	Cpu *cpus;
	size_t n_cpus;
	TraceLayout layout;
	TraceUsers *users;  /* NULL: not allowed here */
	TraceEvent *events; /* that have not happened yet, as far as is known */
	size_t n_events, capacity;
	bool lost;
};

uint64_t trace_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

Trace *trace_free(Trace *trace)
{
	for (size_t i = 0; trace && i < trace->n_cpus; i++) {
		trace_ring_close(&trace->cpus[i].ring);
		(void)close_keeping_errno(trace->cpus[i].signals);
		(void)close_keeping_errno(trace->cpus[i].processes);
	}
	if (trace) {
		(void)trace_users_free(trace->users);
		free(trace->cpus);
		free(trace->events);
	}
	free(trace);
	return NULL;
}

/* A mount of our own that nobody else sees: it need not be mounted anywhere. */
static int open_tracefs(int *ret, Error *error)
{
	CLEANUP_CLOSE int context = fsopen("tracefs", FSOPEN_CLOEXEC);
	int fd = -1;

	if (context >= 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = fsmount(
			context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV);
	if (fd < 0)
		return error_os(error, errno, "cannot read the kernel's tracepoints");
	*ret = fd;
	return 0;
}

static int read_text(int directory, const char *name, Buffer *ret, Error *error)
{
	int r = file_read(directory, name, FORMAT_MAX, ret, error);

	if (r > 0 || (r == 0 && ret->size == 0))
		return error_set(error, "this kernel has no tracepoint for signals");
	return r;
}

static int find_tracepoint(TraceLayout *layout, uint64_t *ret_id, Error *error)
{
	CLEANUP_CLOSE int tracefs = -1;
	CLEANUP_BUFFER Buffer id = BUFFER_INIT, format = BUFFER_INIT;
	const char *text;
	int64_t number;

	if (open_tracefs(&tracefs, error) < 0 ||
		read_text(tracefs, "events/signal/signal_deliver/id", &id, error) < 0 ||
		read_text(tracefs, "events/signal/signal_deliver/format", &format, error) < 0)
		return -1;
	text = (const char *)format.data;
	id.data[strcspn((char *)id.data, "\n")] = '\0';
	if (trace_format_field(text, "int", "sig", sizeof(int), &layout->signal, error) < 0 ||
		trace_format_field(text, "int", "code", sizeof(int), &layout->code, error) < 0 ||
		trace_format_field(
			text, "unsigned long", "sa_handler", sizeof(long), &layout->handler, error) < 0 ||
		text_to_integer((char *)id.data, 1, INT32_MAX, &number, error) < 0)
		return -1;
	*ret_id = (uint64_t)number;
	return 0;
}

static int open_event(struct perf_event_attr *attributes, int cpu)
{
	attributes->size = sizeof(*attributes);
	attributes->sample_id_all = 1;
	attributes->use_clockid = 1;
	attributes->clockid = CLOCK_MONOTONIC;
	return (int)syscall(SYS_perf_event_open, attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* The samples of the tracepoint, and the trailers of both: the same layout. */
static uint64_t sample_type(const TraceLayout *layout)
{
	return PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW |
	       (layout->has_cgroup ? PERF_SAMPLE_CGROUP : 0);
}

static int open_processes(const TraceLayout *layout, int cpu)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = sample_type(layout),
		.mmap = 1,
		.mmap2 = 1,
		.task = 1,
		.comm = 1,
		.comm_exec = 1,
		.cgroup = layout->has_cgroup,
		.watermark = 1,
		.wakeup_watermark = RING_SIZE / 2,
	};

	return open_event(&attributes, cpu);
}

static int open_signals(const TraceLayout *layout, uint64_t tracepoint, int cpu)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_TRACEPOINT,
		.config = tracepoint,
		.sample_type = sample_type(layout),
		.sample_period = 1,
		.wakeup_events = 1,
		.disabled = 1,
	};

	return open_event(&attributes, cpu);
}

/* Crashes alone: the kernel passes over all other signals, and nobody is woken. */
static int set_filter(int fd, Error *error)
{
	CLEANUP_BUFFER Buffer filter = BUFFER_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		if (buffer_append_format(&filter, error, "%s sig == %d", i ? " ||" : "", crashes[i]) < 0)
			return -1;
	if (ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter.data) < 0)
		return error_os(error, errno, "cannot have the kernel tell of crashes alone");
	return 0;
}

static int open_cpu(const TraceLayout *layout, uint64_t tracepoint, int number, Cpu *cpu, Error *error)
{
	cpu->processes = open_processes(layout, number);
	if (cpu->processes < 0)
		return error_os(error, errno, "cannot watch processes");
	cpu->signals = open_signals(layout, tracepoint, number);
	if (cpu->signals < 0)
		return error_os(error, errno, "cannot watch signals");
	if (set_filter(cpu->signals, error) < 0 ||
		trace_ring_open(cpu->processes, RING_SIZE, &cpu->ring, error) < 0)
		return -1;
	if (ioctl(cpu->signals, PERF_EVENT_IOC_SET_OUTPUT, cpu->processes) < 0 ||
		ioctl(cpu->signals, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return error_os(error, errno, "cannot watch signals");
	return 0;
}

/* ENODEV is a CPU that is switched off. */
static int open_cpus(Trace *trace, uint64_t tracepoint, Error *error)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	if (n < 1 || n > CPUS_MAX)
		return error_set(error, "this machine says that it has %ld processors", n);
	trace->cpus = calloc((size_t)n, sizeof(*trace->cpus));
	if (!trace->cpus)
		return error_memory(error);
	for (int i = 0; i < n; i++) {
		Cpu *cpu = &trace->cpus[trace->n_cpus];
		Error why = ERROR_INIT;

		*cpu = (Cpu){.processes = -1, .signals = -1};
		trace->n_cpus++;
		if (open_cpu(&trace->layout, tracepoint, i, cpu, &why) == 0)
			continue;
		if (why.os_error != ENODEV)
			return error_set(error, "%s", why.text);
		(void)close_keeping_errno(cpu->signals);
		(void)close_keeping_errno(cpu->processes);
		trace->n_cpus--;
	}
	return 0;
}

/* A kernel without perf's control groups knows no such sample. */
static bool has_cgroups(void)
{
	const TraceLayout with = {.has_cgroup = true};
	CLEANUP_CLOSE int fd = open_processes(&with, 0);

	return fd >= 0;
}

/* One program does for all CPUs. Without it, what is still there of a process tells whose it was. */
static void open_users(Trace *trace)
{
	uint32_t signals = 0;
	Error why = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signals |= UINT32_C(1) << crashes[i];
	if (trace_users_open(trace->cpus[0].signals, &trace->layout, signals, &trace->users, &why) < 0)
		log_warning("%s", why.text);
}

int trace_open(Trace **ret, Error *error)
{
	CLEANUP(trace_free) Trace *trace = calloc(1, sizeof(*trace));
	uint64_t tracepoint = 0;

	if (!trace)
		return error_memory(error);
	trace->layout.has_cgroup = has_cgroups();
	if (find_tracepoint(&trace->layout, &tracepoint, error) < 0 ||
		open_cpus(trace, tracepoint, error) < 0)
		return TRACE_UNAVAILABLE;
	open_users(trace);
	*ret = TAKE_PTR(trace);
	return 0;
}

bool trace_knows_users(const Trace *trace)
{
	return trace->users != NULL;
}

size_t trace_n_polls(const Trace *trace)
{
	return trace->n_cpus;
}

void trace_poll(const Trace *trace, struct pollfd *to)
{
	for (size_t i = 0; i < trace->n_cpus; i++)
		to[i] = (struct pollfd){.fd = trace->cpus[i].processes, .events = POLLIN};
}

static int keep(Trace *trace, const TraceRecord *record, uint64_t sets, Error *error)
{
	size_t wanted = trace->capacity ? trace->capacity * 2 : 256;

	if (trace->n_events == trace->capacity) {
		TraceEvent *events;

		if (wanted > EVENTS_MAX)
			return error_set(error, "more than %d things happened at once", EVENTS_MAX);
		events = reallocarray(trace->events, wanted, sizeof(*events));
		if (!events)
			return error_memory(error);
		trace->events = events;
		trace->capacity = wanted;
	}
	trace->events[trace->n_events] = (TraceEvent){*record, sets};
	trace->events[trace->n_events++].record.path = (Bytes){NULL, 0};
	return 0;
}

typedef struct Visit {
	Trace *trace;
	const TraceReader *reader;
} Visit;

/* A record that makes no sense is one that is lost. */
static int visit(void *userdata, Bytes bytes, Error *error)
{
	const Visit *to = userdata;
	TraceRecord record;
	Error why = ERROR_INIT;
	uint64_t sets = 0;
	bool wanted = false;
	int r = trace_record_parse(bytes, &to->trace->layout, &record, &why);

	if (r < 0)
		log_warning("the kernel's records: %s", why.text);
	if (r < 0 || (r == 0 && record.kind == TRACE_LOST))
		to->trace->lost = true;
	if (r != 0 || record.kind == TRACE_LOST)
		return 0;
	if (record.kind == TRACE_SIGNAL && to->trace->users)
		record.has_user = trace_users_find(to->trace->users, record.process, &record.user) == 0;
	if (to->reader->look(to->reader->userdata, &record, &sets, &wanted, error) < 0)
		return -1;
	return wanted ? keep(to->trace, &record, sets, error) : 0;
}

static int compare_times(const void *a, const void *b)
{
	uint64_t first = ((const TraceEvent *)a)->record.time, second = ((const TraceEvent *)b)->record.time;

	return first < second ? -1 : first > second;
}

/* A ring that is read earlier lacks what happened since, and another one may have: what is younger than the
 * beginning waits for the next time. What one process does is in the rings before anybody hears of what came
 * of it. */
static int let_happen(Trace *trace, const TraceReader *reader, uint64_t began, Error *error)
{
	size_t n = 0;
	int r = 0;

	if (trace->n_events > 1)
		qsort(trace->events, trace->n_events, sizeof(trace->events[0]), compare_times);
	while (r == 0 && n < trace->n_events && trace->events[n].record.time <= began)
		r = reader->happen(reader->userdata, &trace->events[n++], error);
	trace->n_events -= n;
	if (trace->n_events > 0)
		memmove(trace->events, trace->events + n, trace->n_events * sizeof(trace->events[0]));
	return r;
}

int trace_read(Trace *trace, const TraceReader *reader, bool *ret_lost, Error *error)
{
	Visit userdata = {trace, reader};
	uint64_t began = trace_now();
	int r = 0;

	for (size_t i = 0; r == 0 && i < trace->n_cpus; i++)
		r = trace_ring_read(&trace->cpus[i].ring, visit, &userdata, error);
	if (r == 0)
		r = let_happen(trace, reader, began, error);
	*ret_lost = trace->lost;
	trace->lost = false;
	return r;
}
