/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/boot-report.h"

/* A process that the census found to be exposed to one improvement. */
typedef struct Seen {
	LedgerProcess process;
	const json_t *item; /* of suture-exposed-1 */
	bool is_listed;     /* in a row of the entry */
} Seen;

/* All of them, sorted. */
typedef struct SeenList {
	Seen *items;
	size_t n;
} SeenList;

static void seen_clear_cleanup(SeenList *list)
{
	free(list->items);
}

static int compare_seen(const void *a, const void *b)
{
	const LedgerProcess *left = &((const Seen *)a)->process, *right = &((const Seen *)b)->process;

	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return (left->started > right->started) - (left->started < right->started);
}

static const char *text_of(const json_t *item, const char *key)
{
	const char *text = json_string_value(json_object_get(item, key));

	return text ? text : "";
}

static bool concerns(const json_t *item, const char *component)
{
	size_t index;
	json_t *name;

	json_array_foreach(json_object_get(item, "components"), index,
		name) if (strcmp(json_string_value(name), component) == 0) return true;
	return false;
}

static int list_seen(const json_t *exposed, const char *component, SeenList *ret, Error *error)
{
	const json_t *processes = json_object_get(exposed, "processes");
	size_t index;
	json_t *item;

	ret->items = calloc(json_array_size(processes) + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_memory(error);
	json_array_foreach(processes, index, item)
	{
		LedgerProcess process = {json_integer_value(json_object_get(item, "pid")),
			json_integer_value(json_object_get(item, "started"))};

		if (concerns(item, component))
			ret->items[ret->n++] = (Seen){process, item, false};
	}
	qsort(ret->items, ret->n, sizeof(*ret->items), compare_seen);
	return 0;
}

static bool is_restarted(const json_t *units, const char *unit)
{
	size_t index;
	json_t *item;

	json_array_foreach(
		units, index, item) if (strcmp(text_of(item, "unit"), unit) == 0 &&
					json_is_true(json_object_get(item, "restarted"))) return true;
	return false;
}

/* What has become of a process that the census did not find; LEDGER_CLOSURES: nobody can tell. */
static LedgerClosure find_closure(
	const LedgerCensus *census, const LedgerRow *row, const LedgerProcess *process)
{
	if (!census->lives(census->userdata, process))
		return is_restarted(census->restarted, row->unit) ? LEDGER_RESTARTED : LEDGER_ENDED;
	return json_is_true(json_object_get(census->exposed, "complete")) ? LEDGER_LEFT : LEDGER_CLOSURES;
}

static void close_process(LedgerRow *row, size_t i, LedgerClosure closure, int64_t time)
{
	row->closed_by[closure]++;
	row->open[i] = row->open[--row->n_open];
	if (row->n_open == 0)
		row->closed = time;
}

static void review_row(const LedgerCensus *census, LedgerRow *row, SeenList *seen)
{
	for (size_t i = row->n_open; i > 0; i--) {
		Seen key = {.process = row->open[i - 1]};
		Seen *found = bsearch(&key, seen->items, seen->n, sizeof(key), compare_seen);
		LedgerClosure closure;

		if (found) {
			found->is_listed = true;
			continue;
		}
		closure = find_closure(census, row, &row->open[i - 1]);
		if (closure != LEDGER_CLOSURES)
			close_process(row, i - 1, closure, census->now);
	}
}

static bool is_alike(const LedgerRow *row, const json_t *item)
{
	return strcmp(row->name, text_of(item, "name")) == 0 &&
	       strcmp(row->unit, text_of(item, "unit")) == 0 &&
	       strcmp(row->kind, text_of(item, "kind")) == 0 &&
	       row->uid == json_integer_value(json_object_get(item, "uid"));
}

/* The row for a process; NULL in *ret when there is no room for another one. */
static int find_row(LedgerEntry *entry, const json_t *item, int64_t now, LedgerRow **ret, Error *error)
{
	LedgerRow *rows;

	*ret = NULL;
	for (size_t i = 0; i < entry->n_rows; i++)
		if (is_alike(&entry->rows[i], item)) {
			*ret = &entry->rows[i];
			return 0;
		}
	if (entry->n_rows == LEDGER_ROWS_MAX)
		return 0;
	rows = reallocarray(entry->rows, entry->n_rows + 1, sizeof(*rows));
	if (!rows)
		return error_memory(error);
	entry->rows = rows;
	*ret = &rows[entry->n_rows++];
	**ret = (LedgerRow){.uid = json_integer_value(json_object_get(item, "uid")), .since = now};
	(void)snprintf((*ret)->name, sizeof((*ret)->name), "%s", text_of(item, "name"));
	(void)snprintf((*ret)->unit, sizeof((*ret)->unit), "%s", text_of(item, "unit"));
	(void)snprintf((*ret)->kind, sizeof((*ret)->kind), "%s", text_of(item, "kind"));
	return 0;
}

static int list_process(LedgerRow *row, const LedgerProcess *process, Error *error)
{
	LedgerProcess *open = reallocarray(row->open, row->n_open + 1, sizeof(*open));

	if (!open)
		return error_memory(error);
	row->open = open;
	open[row->n_open++] = *process;
	row->count++;
	row->closed = 0;
	return 0;
}

/* Who was not exposed when the entry was last looked at. */
static int add_new(LedgerEntry *entry, const SeenList *seen, int64_t now, Error *error)
{
	size_t n_open = ledger_exposed(entry);
	int64_t unlisted = 0;

	for (size_t i = 0; i < seen->n; i++) {
		LedgerRow *row = NULL;

		if (seen->items[i].is_listed)
			continue;
		if (n_open < LEDGER_PROCESSES_MAX &&
			find_row(entry, seen->items[i].item, now, &row, error) < 0)
			return -1;
		if (!row) {
			unlisted++;
			continue;
		}
		if (list_process(row, &seen->items[i].process, error) < 0)
			return -1;
		n_open++;
	}
	if (unlisted > entry->unlisted)
		entry->unlisted = unlisted;
	return 0;
}

void ledger_end_protection(LedgerEntry *entry)
{
	if (entry->protected_since > 0)
		entry->reopened++;
	entry->protected_since = 0;
}

static void judge(LedgerEntry *entry, bool exposed, bool complete, int64_t now)
{
	if (exposed)
		ledger_end_protection(entry);
	if (exposed || !complete || entry->protected_since > 0)
		return;
	entry->protected_since = now;
	if (entry->protected_first == 0)
		entry->protected_first = now;
}

static int note_entry(LedgerEntry *entry, const LedgerCensus *census, Error *error)
{
	__attribute__((cleanup(seen_clear_cleanup))) SeenList seen = {NULL, 0};

	if (list_seen(census->exposed, entry->component, &seen, error) < 0)
		return -1;
	for (size_t i = 0; i < entry->n_rows; i++)
		review_row(census, &entry->rows[i], &seen);
	if (add_new(entry, &seen, census->now, error) < 0)
		return -1;
	judge(entry, seen.n > 0, json_is_true(json_object_get(census->exposed, "complete")), census->now);
	return 0;
}

/* No process outlives its boot, and no protection outlives it by itself: it is what the next one brings up.
 */
static void end_boot(LedgerEntry *entry, const LedgerCensus *census)
{
	for (size_t i = 0; i < entry->n_rows; i++)
		while (entry->rows[i].n_open > 0)
			close_process(
				&entry->rows[i], entry->rows[i].n_open - 1, LEDGER_REBOOTED, census->booted);
	if (!boot_report_proves(census->report, census->boot, &entry->manifest))
		ledger_end_protection(entry);
}

int ledger_note_census(Ledger *ledger, const LedgerCensus *census, Error *error)
{
	bool rebooted = ledger->boot[0] && strcmp(ledger->boot, census->boot) != 0;

	for (size_t i = 0; i < ledger->n; i++) {
		LedgerEntry *entry = &ledger->entries[i];

		if (entry->gone > 0)
			continue;
		if (rebooted)
			end_boot(entry, census);
		if (note_entry(entry, census, error) < 0)
			return -1;
	}
	(void)snprintf(ledger->boot, sizeof(ledger->boot), "%s", census->boot);
	return 0;
}
