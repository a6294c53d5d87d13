/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch-scan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "parts/census/census.h"

enum { COMM_MAX = 256 };

/* The targets of one set. */
static int select_targets(
	const WatchKnown *known, size_t set, CensusTarget **ret, size_t *ret_n, Error *error)
{
	CensusTarget *targets = calloc(known->targets.n_targets + 1, sizeof(*targets));
	size_t n = 0;

	if (!targets)
		return error_memory(error);
	for (size_t i = 0; i < known->targets.n_targets; i++) {
		const CensusTarget *each = &known->targets.targets[i];

		if (strcmp(known->targets.subjects[each->subject].manifest->component,
			    known->items[set].component) == 0)
			targets[n++] = *each;
	}
	*ret = targets;
	*ret_n = n;
	return 0;
}

static int scan_set(
	const WatchKnown *known, size_t set, const Engine *engine, Processes *processes, Error *error)
{
	CLEANUP_FREE CensusTarget *targets = NULL;
	CLEANUP(census_free) Census *census = NULL;
	CensusQuery query = {.root = engine->root, .current = known->targets.current};

	if (select_targets(known, set, &targets, &query.n_targets, error) < 0)
		return -1;
	query.targets = targets;
	if (census_take(&query, &census, error) < 0)
		return -1;
	for (size_t i = 0; i < census->n_findings; i++) {
		Process *process;

		if (census->findings[i].kind == CENSUS_NAMESPACE)
			continue;
		if (processes_get(processes, census->findings[i].pid, &process, error) < 0)
			return -1;
		process->sets |= UINT64_C(1) << set;
	}
	return 0;
}

/* A process that ends meanwhile keeps the name it had. */
static int note_process(int proc, const char *number, bool anew, Processes *processes, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	char name[32];
	Process *process;
	int64_t pid;

	if (text_to_integer(number, 1, INT32_MAX, &pid, NULL) < 0)
		return 0;
	if (processes_get(processes, (pid_t)pid, &process, error) < 0)
		return -1;
	process->ended = 0;
	process->sets = anew ? 0 : process->sets;
	(void)snprintf(name, sizeof(name), "%d/comm", (int)pid);
	if (file_read(proc, name, COMM_MAX, &text, NULL) == 0 && text.size > 0)
		(void)snprintf(process->name, sizeof(process->name), "%.*s",
			(int)strcspn((char *)text.data, "\n"), (char *)text.data);
	return 0;
}

static int note_all(uint64_t now, bool anew, Processes *processes, Error *error)
{
	CLEANUP(closedir) DIR *listing = opendir("/proc");
	struct dirent *entry;

	if (!listing)
		return error_os(error, errno, "cannot list /proc");
	for (size_t i = 0; i < processes->n; i++)
		if (processes->items[i].ended == 0)
			processes->items[i].ended = now;
	while ((entry = readdir(listing)))
		if (note_process(dirfd(listing), entry->d_name, anew, processes, error) < 0)
			return -1;
	return 0;
}

int watch_scan(const WatchKnown *known, const Engine *engine, uint64_t now, bool anew, Processes *processes,
	Error *error)
{
	if (note_all(now, anew, processes, error) < 0)
		return -1;
	for (size_t set = 0; set < WATCH_SETS_MAX; set++)
		if (known->items[set].used && scan_set(known, set, engine, processes, error) < 0)
			return -1;
	return 0;
}
