/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/processes.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t second = 1000000000;

void processes_clear(Processes *processes)
{
	free(processes->items);
	*processes = (Processes){.items = NULL};
}

/* The place of a pid, or the one where it belongs. */
static size_t place_of(const Processes *processes, pid_t pid)
{
	size_t low = 0, high = processes->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (processes->items[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

Process *processes_find(const Processes *processes, pid_t pid)
{
	size_t at = place_of(processes, pid);

	return at < processes->n && processes->items[at].pid == pid ? &processes->items[at] : NULL;
}

static int make_room(Processes *processes, Error *error)
{
	size_t wanted = processes->capacity ? processes->capacity * 2 : 256;
	Process *items;

	if (processes->n < processes->capacity)
		return 0;
	if (wanted > PROCESSES_MAX)
		return error_set(error, "more than %d processes", PROCESSES_MAX);
	items = reallocarray(processes->items, wanted, sizeof(*items));
	if (!items)
		return error_memory(error);
	processes->items = items;
	processes->capacity = wanted;
	return 0;
}

int processes_get(Processes *processes, pid_t pid, Process **ret, Error *error)
{
	size_t at = place_of(processes, pid);

	if (at == processes->n || processes->items[at].pid != pid) {
		if (make_room(processes, error) < 0)
			return -1;
		memmove(&processes->items[at + 1], &processes->items[at],
			(processes->n - at) * sizeof(processes->items[0]));
		processes->items[at] = (Process){.pid = pid};
		processes->n++;
	}
	*ret = &processes->items[at];
	return 0;
}

/* A number that was used before begins anew. */
static int fork_from(Processes *processes, const TraceRecord *record, Error *error)
{
	const Process *parent = processes_find(processes, record->parent);
	Process copy = parent ? *parent : (Process){.pid = 0};
	Process *process;

	if (processes_get(processes, record->process, &process, error) < 0)
		return -1;
	copy.pid = record->process;
	copy.ended = 0;
	copy.fate = PROCESS_LIVES;
	*process = copy;
	return 0;
}

int processes_apply(Processes *processes, const TraceRecord *record, uint64_t sets, Error *error)
{
	Process *process;

	if (record->kind == TRACE_FORK)
		return fork_from(processes, record, error);
	if (record->kind != TRACE_EXEC && record->kind != TRACE_MAP && record->kind != TRACE_END)
		return 0;
	if (processes_get(processes, record->process, &process, error) < 0)
		return -1;
	if (record->kind == TRACE_EXEC) {
		process->ended = 0; /* told of its first thread, when another one takes its place */
		process->sets = 0;
		memcpy(process->name, record->name, sizeof(process->name));
	} else if (record->kind == TRACE_MAP) {
		process->sets |= sets;
	} else {
		process->ended = record->time;
	}
	return 0;
}

void processes_purge(Processes *processes, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < processes->n; i++) {
		const Process *each = &processes->items[i];

		if (each->ended == 0 || each->ended + PROCESSES_KEPT_SECONDS * second > now)
			processes->items[kept++] = *each;
	}
	processes->n = kept;
}
