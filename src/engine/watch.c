/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/watch-court.h"
#include "engine/watch-known.h"
#include "engine/watch-report.h"
#include "engine/watch-revert.h"
#include "engine/watch-scan.h"
#include "parts/overlay/overlay.h"
#include "parts/units/unit-failures.h"
#include "parts/watch/cpu-changes.h"
#include "parts/watch/trace.h"

enum {
	RETRY_SECONDS = 30,  /* between the tries to revert */
	LOOK_SECONDS = 5,    /* between those to look at what is active */
	SCAN_SECONDS = 5,    /* between looks at all processes, where the kernel does not tell of them */
	SLEEP_MAX = 60 * 60, /* a clock may be set meanwhile */
	OTHER_POLLS = 3 + CPU_CHANGES_POLLS,
	FAILURES_MAX = 256, /* heard of at once; more say nothing new */
};

typedef struct Watch {
	Engine engine;   /* as far as it is needed here: root, config, store */
	int64_t seconds; /* how long an improvement is young */
	WatchKnown known;
	WatchCourt court;
	Trace *trace;           /* NULL: not allowed here */
	CpuChanges *cpus;       /* after which the trace is not whole; NULL without one */
	UnitFailures *failures; /* NULL: no systemd here */
	UnitFailure *heard;     /* of units, and not judged yet */
	size_t n_heard;
	bool more;         /* to hear, at once */
	int mounts, state; /* tell when what is mounted, or the state, has changed */
	struct pollfd *polls;
	WatchRevert revert;             /* under way */
	OverlayGeneration *generations; /* as they were mounted at the last look */
	size_t n_generations;
	int64_t next_try, next_scan, next_look; /* monotonic milliseconds; next_look 0: nothing has changed */
} Watch;

static void watch_clear(Watch *watch)
{
	if (watch->polls)
		watch_report_remove(watch->engine.root_fd);
	(void)trace_free(watch->trace);
	(void)cpu_changes_free(watch->cpus);
	(void)unit_failures_free(watch->failures);
	watch_court_clear(&watch->court);
	watch_known_clear(&watch->known);
	(void)close_keeping_errno(watch->mounts);
	(void)close_keeping_errno(watch->state);
	free(watch->heard);
	free(watch->polls);
	free(watch->generations);
	(void)store_free(watch->engine.store);
	config_clear(&watch->engine.config);
	(void)close_keeping_errno(watch->engine.root_fd);
	free(watch->engine.root);
}
#define CLEANUP_WATCH __attribute__((cleanup(watch_clear)))

/* WATCH_NOTHING where nothing was ever installed. */
static int open_device(Watch *watch, const WatchOptions *options, Error *error)
{
	Engine *engine = &watch->engine;
	const WatchSettings *settings = &engine->config.watch;

	if (context_set_root(engine, options->root, error) < 0 ||
		config_load(engine->root_fd, engine->root, &engine->config, error) < 0 ||
		config_override(&engine->config, "State", options->state, error) < 0 ||
		store_open(engine->config.state, false, &engine->store, error) < 0)
		return -1;
	watch->seconds = settings->hours * 3600;
	watch->court.users_count = settings->users;
	watch->court.judge.rule = (WatchRule){(unsigned)settings->crashes, (unsigned)settings->minutes};
	return engine->store ? 0 : WATCH_NOTHING;
}

static int open_signs(Watch *watch, Error *error)
{
	watch->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	watch->state = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->mounts < 0 || watch->state < 0 ||
		inotify_add_watch(watch->state, watch->engine.config.state, IN_MOVED_TO | IN_ONLYDIR) < 0)
		return error_os(error, errno, "cannot see when %s changes", watch->engine.config.state);
	return 0;
}

static void on_unit_failure(void *userdata, const UnitFailure *failure)
{
	Watch *watch = userdata;

	if (watch->n_heard < FAILURES_MAX)
		watch->heard[watch->n_heard++] = *failure;
}

/* As many as the trace has CPUs by now. What the others have told is still to be looked at. */
static int make_polls(Watch *watch, Error *error)
{
	size_t n = (watch->trace ? trace_n_polls(watch->trace) : 0) + OTHER_POLLS;
	struct pollfd *polls = calloc(n, sizeof(*polls));

	if (!polls)
		return error_memory(error);
	if (watch->polls)
		memcpy(polls, watch->polls, OTHER_POLLS * sizeof(*polls));
	free(watch->polls);
	watch->polls = polls;
	return 0;
}

/* The changes are listened to first: none goes by while the trace is opened. */
static int open_trace(Watch *watch, Error *why)
{
	if (cpu_changes_open(&watch->cpus, why) < 0)
		return -1;
	return trace_open(&watch->trace, why);
}

/* What this kernel, or this container, does not let be seen is said, and the rest is used. */
static int open_sources(Watch *watch, Error *error)
{
	char *limits = watch->court.limits;
	size_t size = sizeof(watch->court.limits);
	Error why = ERROR_INIT;
	int r = open_trace(watch, &why);

	if (r < 0)
		return error_set(error, "%s", why.text);
	watch->court.is_exact = r == 0;
	if (r == TRACE_UNAVAILABLE)
		(void)snprintf(limits, size, "%.300s: only failures of services count. ", why.text);
	else if (!trace_knows_users(watch->trace))
		(void)snprintf(limits, size,
			"the kernel does not say whose a crash is: one whose process goes at once does not "
			"count. ");
	r = unit_failures_listen(on_unit_failure, watch, &watch->failures, &why);
	if (r < 0)
		return error_set(error, "%s", why.text);
	if (r == UNIT_FAILURES_UNAVAILABLE)
		(void)snprintf(limits + strlen(limits), size - strlen(limits),
			"%.300s: failures of services do not count. ", why.text);
	if (!watch->trace && !watch->failures)
		return error_set(error, "nothing can be watched here: %s", limits);
	watch->more = watch->failures != NULL; /* what came while it was asked to listen */
	watch->heard = calloc(FAILURES_MAX, sizeof(*watch->heard));
	return watch->heard ? make_polls(watch, error) : error_memory(error);
}

static int look(void *userdata, const TraceRecord *record, uint64_t *ret_sets, bool *ret_keep, Error *error)
{
	Watch *watch = userdata;

	if (record->kind == TRACE_CGROUP)
		return cgroups_add(watch->court.cgroups, record->cgroup, record->path, error);
	*ret_keep = true;
	if (record->kind != TRACE_MAP)
		return 0;
	if (record->process == getpid() &&
		watch_known_learn(&watch->known, record->device, record->inode, record->path, error) < 0)
		return -1;
	*ret_sets = watch_known_find(&watch->known, record->device, record->inode, record->path);
	*ret_keep = *ret_sets != 0;
	return 0;
}

static int happen(void *userdata, const TraceEvent *event, Error *error)
{
	Watch *watch = userdata;

	if (event->record.kind == TRACE_SIGNAL)
		return watch_court_signal(&watch->court, &watch->known, &event->record, error);
	return processes_apply(&watch->court.processes, &event->record, event->sets, error);
}

static int read_trace(Watch *watch, bool *ret_lost, Error *error)
{
	const TraceReader reader = {look, happen, watch};

	*ret_lost = false;
	if (!watch->trace)
		return 0;
	if (trace_read(watch->trace, &reader, ret_lost, error) < 0)
		return -1;
	processes_purge(&watch->court.processes, trace_now());
	return 0;
}

static int scan(Watch *watch, bool anew, Error *error)
{
	watch->next_scan = clock_monotonic_ms() + SCAN_SECONDS * 1000;
	return watch_scan(&watch->known, &watch->engine, trace_now(), anew || !watch->trace,
		&watch->court.processes, error);
}

/* CPUs have been off, for a suspend for example, and what is told there goes to no ring any more. The new
 * rings are there before the old ones are read: what both tell of a process comes to the same. */
static int renew_trace(Watch *watch, Error *error)
{
	CLEANUP(trace_free) Trace *fresh = NULL;
	bool lost;

	if (!watch->trace || !cpu_changes_noticed(watch->cpus))
		return 0;
	if (trace_open(&fresh, error) != 0 || read_trace(watch, &lost, error) < 0)
		return -1;
	(void)trace_free(watch->trace);
	watch->trace = TAKE_PTR(fresh);
	if (make_polls(watch, error) < 0 || scan(watch, true, error) < 0)
		return -1;
	log_info("processors may have been off: all of them are watched anew");
	return 0;
}

/* What is active has changed, or is mounted anew: other files are looked for from now on. */
static int reload(Watch *watch, Error *error)
{
	uint64_t gone = 0;
	Error minor = ERROR_INIT;
	bool lost;

	if (watch_known_load(&watch->known, &watch->engine, clock_now(), watch->seconds, &gone, error) < 0)
		return -1;
	watch_court_forget(&watch->court, gone);
	if (watch_court_find(&watch->known, watch->revert.component) < 0)
		watch->revert.component[0] = '\0';
	watch_known_show(&watch->known, &watch->engine);
	if (read_trace(watch, &lost, error) < 0)
		return -1;
	if (watch_report_write(watch->engine.root_fd, watch_known_end(&watch->known, watch->seconds),
		    watch->court.limits, &minor) < 0)
		log_warning("\"suture status\" will not tell of the watch: %s", minor.text);
	return scan(watch, lost, error);
}

/* One at a time: what comes to the limit while it goes is looked at again when it is gone. */
static void begin_revert(Watch *watch)
{
	size_t set;

	if (watch->revert.component[0] || watch->court.reached == 0)
		return;
	set = watch_judge_choose(watch->court.reached, watch->known.ages);
	watch->court.reached = 0;
	if (set >= WATCH_SETS_MAX || !watch->known.items[set].used)
		return;
	watch->revert = (WatchRevert){.tries = 0};
	(void)snprintf(watch->revert.component, sizeof(watch->revert.component), "%s",
		watch->known.items[set].component);
	watch_court_reason(&watch->court, set, watch->revert.reason);
	log_warning("%s (%s) is reverted: %s", watch->revert.component, watch->known.items[set].letter,
		watch->revert.reason);
	watch->next_try = 0;
}

static void try_revert(Watch *watch)
{
	Error why = ERROR_INIT;

	if (!watch->revert.component[0] || clock_monotonic_ms() < watch->next_try)
		return;
	if (watch_revert_try(&watch->revert, &watch->engine, &why) == 0) {
		watch->revert.component[0] = '\0';
		return;
	}
	log_warning("%s; it is tried again%s", why.text,
		watch->revert.tries == 1 ? " on the base" : " in half a minute");
	watch->next_try = watch->revert.tries == 1 ? 0 : clock_monotonic_ms() + RETRY_SECONDS * INT64_C(1000);
}

static int64_t at_most(int64_t wait_ms, int64_t moment_ms)
{
	int64_t left = moment_ms - clock_monotonic_ms();

	left = left < 0 ? 0 : left;
	return left < wait_ms ? left : wait_ms;
}

/* Returns how many there are. A descriptor that is -1 is passed over. */
static size_t fill_polls(Watch *watch)
{
	struct pollfd *polls = watch->polls;

	for (size_t i = 0; i < OTHER_POLLS; i++)
		polls[i] = (struct pollfd){.fd = -1};
	polls[0] = (struct pollfd){.fd = watch->mounts, .events = POLLPRI};
	polls[1] = (struct pollfd){.fd = watch->state, .events = POLLIN};
	if (watch->failures)
		unit_failures_poll(watch->failures, &polls[2]);
	if (!watch->trace)
		return OTHER_POLLS;
	cpu_changes_poll(watch->cpus, &polls[3]);
	trace_poll(watch->trace, &polls[OTHER_POLLS]);
	return OTHER_POLLS + trace_n_polls(watch->trace);
}

/* Nothing happens: nothing wakes it before the end. */
static int wait_for_news(Watch *watch, Error *error)
{
	int64_t wait_ms = (watch_known_end(&watch->known, watch->seconds) - clock_now()) * 1000;
	size_t n;

	wait_ms = wait_ms < 0 ? 0 : wait_ms > SLEEP_MAX * 1000 ? SLEEP_MAX * 1000 : wait_ms;
	if (watch->revert.component[0])
		wait_ms = at_most(wait_ms, watch->next_try);
	if (!watch->trace)
		wait_ms = at_most(wait_ms, watch->next_scan);
	if (watch->next_look)
		wait_ms = at_most(wait_ms, watch->next_look);
	if (watch->more)
		wait_ms = 0;
	n = fill_polls(watch);
	if (poll(watch->polls, n, (int)wait_ms) < 0 && errno != EINTR)
		return error_os(error, errno, "cannot wait for news");
	return 0;
}

/* Others mount as well; of interest are our generations. */
static bool are_mounts_other(Watch *watch)
{
	CLEANUP_FREE OverlayGeneration *generations = NULL;
	size_t n = 0;
	bool other;

	if (overlay_list(watch->engine.root, &generations, &n, NULL) < 0)
		return true;
	other = n != watch->n_generations;
	for (size_t i = 0; i < n && !other; i++)
		other = generations[i].number != watch->generations[i].number ||
			generations[i].device != watch->generations[i].device ||
			generations[i].is_top != watch->generations[i].is_top;
	free(watch->generations);
	watch->generations = TAKE_PTR(generations);
	watch->n_generations = n;
	return other;
}

static bool has_changed(Watch *watch)
{
	char events[4096];
	bool changed = false;

	while (read(watch->state, events, sizeof(events)) > 0)
		changed = true;
	if (watch->polls[0].revents & (POLLPRI | POLLERR) && are_mounts_other(watch))
		changed = true;
	return changed;
}

/* What cannot be read now, because somebody is at it, can be a little later. */
static void look_again(Watch *watch)
{
	Error why = ERROR_INIT;

	if (has_changed(watch))
		watch->next_look = clock_monotonic_ms();
	if (watch->next_look == 0 || clock_monotonic_ms() < watch->next_look)
		return;
	watch->next_look = 0;
	if (reload(watch, &why) == 0)
		return;
	log_warning("what is active cannot be looked at, it is tried again: %s", why.text);
	watch->next_look = clock_monotonic_ms() + LOOK_SECONDS * INT64_C(1000);
}

static int hear_units(Watch *watch, Error *error)
{
	int r = watch->failures ? unit_failures_read(watch->failures, error) : 0;

	watch->more = r == UNIT_FAILURES_MORE;
	return r < 0 ? -1 : 0;
}

/* Whose a unit is is asked only when something depends on it. */
static void judge_units(Watch *watch)
{
	for (size_t i = 0; i < watch->n_heard; i++) {
		const UnitFailure *failure = &watch->heard[i];

		if (!watch_court_is_news(&watch->court, &watch->known, failure))
			continue;
		watch->more = true; /* what came with the answer */
		if (watch_court_hears(&watch->court, unit_failures_user(watch->failures, failure->unit)))
			watch_court_unit(&watch->court, &watch->known, failure, clock_monotonic_ms() / 1000);
	}
	watch->n_heard = 0;
}

/* A unit's failure is about a process that has ended. That was in the rings before a service manager could
 * tell of it: what it has told is heard first, then the rings are read, then it is judged. */
static int turn(Watch *watch, Error *error)
{
	bool lost = false;

	if (wait_for_news(watch, error) < 0 || renew_trace(watch, error) < 0 || hear_units(watch, error) < 0)
		return -1;
	if (read_trace(watch, &lost, error) < 0 || (lost && scan(watch, true, error) < 0))
		return -1;
	judge_units(watch);
	if (!watch->trace && clock_monotonic_ms() >= watch->next_scan && scan(watch, true, error) < 0)
		return -1;
	begin_revert(watch);
	try_revert(watch);
	look_again(watch);
	return 0;
}

static bool is_over(const Watch *watch)
{
	return watch_known_end(&watch->known, watch->seconds) <= clock_now();
}

static int begin(Watch *watch, Error *error)
{
	uint64_t ignored = 0;

	if (watch_known_load(&watch->known, &watch->engine, clock_now(), watch->seconds, &ignored, error) < 0)
		return -1;
	if (is_over(watch))
		return WATCH_NOTHING;
	if (open_signs(watch, error) < 0 || watch_court_open(&watch->court, error) < 0 ||
		open_sources(watch, error) < 0)
		return -1;
	return reload(watch, error);
}

int watch_run(const WatchOptions *options, void (*ready)(const char *limits), Error *error)
{
	CLEANUP_WATCH Watch watch = {
		.engine = {.root_fd = -1}, .known = WATCH_KNOWN_INIT, .mounts = -1, .state = -1};
	int r = open_device(&watch, options, error);

	if (r == 0)
		r = begin(&watch, error);
	if (r != 0)
		return r;
	if (ready)
		ready(watch.court.limits);
	while (!is_over(&watch))
		if (turn(&watch, error) < 0)
			return -1;
	return 0;
}
