/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch-court.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "parts/census/proc-text.h"
#include "parts/watch/owner.h"

static const uint64_t second = 1000000000;

int watch_court_open(WatchCourt *court, Error *error)
{
	if (cgroups_new(&court->cgroups, error) < 0)
		return -1;
	return cgroups_scan(court->cgroups, error);
}

void watch_court_clear(WatchCourt *court)
{
	(void)cgroups_free(court->cgroups);
	processes_clear(&court->processes);
}

/* Whoever may send signals may end a process of his as if it had crashed; what the kernel raises at a fault,
 * and what abort() sends to itself, is the process's own doing. */
static bool is_own_doing(int code)
{
	return code > 0 || code == SI_TKILL;
}

/* Below user.slice is what people have started, and root's own session. */
static bool is_of_sessions(const char *cgroup)
{
	static const char slice[] = "/user.slice/", root[] = "/user.slice/user-0.slice/";

	return text_has_prefix(cgroup, slice) && !text_has_prefix(cgroup, root);
}

/* Whether it is a person's the kernel has noted as it crashed. What is still there of it tells besides as
 * whom somebody had logged in, so that nobody gets out by a program that makes him root. Where neither tells,
 * or a flood of groups has pushed its own out, nobody's word is taken for root's. */
static bool is_users(const TraceRecord *record, const char *cgroup)
{
	Owner owner;

	if (!cgroup || is_of_sessions(cgroup) || (record->has_user && owner_is_person(record->user)))
		return true;
	if (owner_read(record->process, &owner, NULL) == 0)
		return owner_is_person(owner.user) || owner_is_person(owner.login);
	return !record->has_user;
}

static void unit_of(const char *cgroup, char unit[static CENSUS_UNIT_SIZE])
{
	char line[CGROUPS_PATH_MAX + 8];

	(void)snprintf(line, sizeof(line), "0::%s\n", cgroup ? cgroup : "/");
	proc_text_unit(bytes_of_text(line), unit);
}

static void name_sets(const WatchKnown *known, uint64_t sets, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < WATCH_SETS_MAX && n < size; i++)
		if (sets >> i & 1 && known->items[i].used)
			n += (size_t)snprintf(text + n, size - n, "%s%s (%s)", n ? ", " : "",
				known->items[i].component, known->items[i].letter);
}

static void bring(
	WatchCourt *court, const WatchKnown *known, const Process *process, const char *what, int64_t time)
{
	WatchCrash crash = {.time = time, .sets = process->sets & watch_known_sets(known)};
	char names[256];

	(void)snprintf(crash.name, sizeof(crash.name), "%s", process->name);
	text_make_printable(crash.name);
	name_sets(known, crash.sets, names, sizeof(names));
	if (crash.sets != 0)
		log_info("%s[%d] %s; it had mapped bytes of %s", crash.name, (int)process->pid, what, names);
	court->reached |= watch_judge_add(&court->judge, &crash);
}

int watch_court_signal(WatchCourt *court, const WatchKnown *known, const TraceRecord *record, Error *error)
{
	const char *cgroup = cgroups_find(court->cgroups, record->cgroup);
	char unit[CENSUS_UNIT_SIZE], what[64];
	Process *process;

	if (processes_get(&court->processes, record->process, &process, error) < 0)
		return -1;
	if (process->fate != PROCESS_LIVES)
		return 0;
	if (!is_own_doing(record->code)) {
		process->fate = PROCESS_KILLED;
		return 0;
	}
	process->fate = PROCESS_COUNTED;
	if (!court->users_count && is_users(record, cgroup))
		return 0;
	unit_of(cgroup, unit);
	if (watch_known_had_failed(known, unit))
		return 0;
	(void)snprintf(what, sizeof(what), "crashed by signal %d", record->signal);
	bring(court, known, process, what, (int64_t)(record->time / second));
	return 0;
}

/* A number that another process has by now is one that has not ended. */
static Process *find_failed(const WatchCourt *court, const UnitFailure *failure, pid_t pid)
{
	Process *process = processes_find(&court->processes, pid);

	if (!process || process->fate == PROCESS_COUNTED || (court->is_exact && process->ended == 0) ||
		(process->fate == PROCESS_KILLED && failure->result == UNIT_CRASHED))
		return NULL;
	return process;
}

bool watch_court_is_news(const WatchCourt *court, const WatchKnown *known, const UnitFailure *failure)
{
	if (watch_known_had_failed(known, failure->unit))
		return false;
	for (size_t i = 0; i < failure->n_pids; i++)
		if (find_failed(court, failure, failure->pids[i]))
			return true;
	return false;
}

bool watch_court_hears(const WatchCourt *court, uid_t user)
{
	return court->users_count || !owner_is_person(user);
}

void watch_court_unit(WatchCourt *court, const WatchKnown *known, const UnitFailure *failure, int64_t now)
{
	if (watch_known_had_failed(known, failure->unit))
		return;
	for (size_t i = 0; i < failure->n_pids; i++) {
		Process *process = find_failed(court, failure, failure->pids[i]);

		if (!process)
			continue;
		process->fate = PROCESS_COUNTED;
		bring(court, known, process,
			failure->result == UNIT_HUNG ? "did not answer" : "failed as a service", now);
	}
}

void watch_court_forget(WatchCourt *court, uint64_t sets)
{
	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		if (sets >> i & 1)
			watch_judge_forget(&court->judge, i);
	for (size_t i = 0; i < court->processes.n; i++)
		court->processes.items[i].sets &= ~sets;
	court->reached &= ~sets;
}

void watch_court_reason(const WatchCourt *court, size_t set, char text[static ERROR_TEXT_SIZE])
{
	char who[WATCH_WHO_SIZE];

	(void)snprintf(text, ERROR_TEXT_SIZE, "%u %s of %s in %u minutes", court->judge.rule.crashes,
		court->judge.rule.crashes == 1 ? "crash" : "crashes",
		watch_judge_who(&court->judge, set, who), court->judge.rule.minutes);
}

int watch_court_find(const WatchKnown *known, const char *component)
{
	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		if (known->items[i].used && strcmp(known->items[i].component, component) == 0)
			return (int)i;
	return -1;
}
