/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The ledger as the document "suture-ledger-1", and back.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ledger.h"
#include "parts/manifest/letter.h"

static const char format_name[] = "suture-ledger-1";

static const char *const closure_names[] = {
	[LEDGER_RESTARTED] = "restarted",
	[LEDGER_ENDED] = "ended",
	[LEDGER_LEFT] = "left",
	[LEDGER_REBOOTED] = "rebooted",
};

const char *ledger_closure_name(LedgerClosure closure)
{
	return closure_names[closure];
}

/* A time that is 0 is left out. */
static int put_time(json_t *object, const char *key, int64_t time, Error *error)
{
	return time > 0 ? json_put_time(object, key, time, error) : 0;
}

int ledger_put_times(const LedgerEntry *entry, json_t *object, Error *error)
{
	if (put_time(object, "fetched", entry->fetched, error) < 0 ||
		put_time(object, "active", entry->active, error) < 0 ||
		put_time(object, "protected_first", entry->protected_first, error) < 0 ||
		put_time(object, "protected", entry->protected_since, error) < 0 ||
		json_put_integer(object, "reopened", entry->reopened, error) < 0)
		return -1;
	return 0;
}

int ledger_row_to_json(const LedgerRow *row, json_t *object, Error *error)
{
	if (json_put_text(object, "name", row->name, error) < 0 ||
		(row->unit[0] && json_put_text(object, "unit", row->unit, error) < 0) ||
		json_put_text(object, "kind", row->kind, error) < 0 ||
		json_put_integer(object, "uid", row->uid, error) < 0 ||
		json_put_integer(object, "count", row->count, error) < 0 ||
		json_put_time(object, "since", row->since, error) < 0 ||
		put_time(object, "closed", row->closed, error) < 0)
		return -1;
	for (size_t i = 0; i < LEDGER_CLOSURES; i++)
		if (json_put_integer(object, closure_names[i], row->closed_by[i], error) < 0)
			return -1;
	return 0;
}

static int put_open(const LedgerRow *row, json_t *object, Error *error)
{
	json_t *array = json_array();

	if (json_put(object, "open", array, error) < 0)
		return -1;
	for (size_t i = 0; i < row->n_open; i++) {
		json_t *pair = json_array();

		if (json_add(array, pair, error) < 0 ||
			json_add(pair, json_integer(row->open[i].pid), error) < 0 ||
			json_add(pair, json_integer(row->open[i].started), error) < 0)
			return -1;
	}
	return 0;
}

static int put_rows(const LedgerEntry *entry, json_t *object, Error *error)
{
	json_t *array = json_array();

	if (json_put(object, "exposed", array, error) < 0)
		return -1;
	for (size_t i = 0; i < entry->n_rows; i++) {
		json_t *item = json_object();

		if (json_add(array, item, error) < 0 ||
			ledger_row_to_json(&entry->rows[i], item, error) < 0 ||
			put_open(&entry->rows[i], item, error) < 0)
			return -1;
	}
	return json_put_integer(object, "unlisted", entry->unlisted, error);
}

static int entry_to_json(const LedgerEntry *entry, json_t *object, Error *error)
{
	char letter[LETTER_SIZE];

	if (json_put_text(object, "component", entry->component, error) < 0 ||
		json_put_text(object, "letter", letter_from_sequence(entry->sequence, letter), error) < 0 ||
		json_put_text(object, "base_version", entry->base_version, error) < 0 ||
		json_put_text(object, "fixed_version", entry->fixed_version, error) < 0 ||
		json_put_digest(object, "manifest", &entry->manifest, error) < 0 ||
		json_put(object, "advisories", json_incref(entry->advisories), error) < 0 ||
		json_put_time(object, "released", entry->released, error) < 0 ||
		ledger_put_times(entry, object, error) < 0 ||
		put_time(object, "gone", entry->gone, error) < 0 ||
		(entry->gone > 0 && json_put_text(object, "reason", entry->reason, error) < 0))
		return -1;
	return put_rows(entry, object, error);
}

int ledger_to_json(const Ledger *ledger, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *array = json_array();

	if (!document || json_put(document, "improvements", array, error) < 0)
		return error_memory(error);
	if (json_put_text(document, "format", format_name, error) < 0 ||
		json_put_text(document, "boot", ledger->boot, error) < 0)
		return -1;
	for (size_t i = 0; i < ledger->n; i++) {
		json_t *item = json_object();

		if (json_add(array, item, error) < 0 || entry_to_json(&ledger->entries[i], item, error) < 0)
			return -1;
	}
	*ret = TAKE_PTR(document);
	return 0;
}

static int read_time(const json_t *object, const char *key, int64_t *ret, Error *error)
{
	return json_has(object, key) ? json_time_field(object, key, ret, error) : 0;
}

/* A text of fixed room. */
static int read_text(const json_t *object, const char *key, char *to, size_t size, Error *error)
{
	const char *text;

	if (json_string_field(object, key, size - 1, &text, error) < 0)
		return -1;
	(void)snprintf(to, size, "%s", text);
	return 0;
}

static int read_open(const json_t *object, LedgerRow *row, Error *error)
{
	json_t *array, *pair;
	size_t index;

	if (json_array_field(object, "open", LEDGER_PROCESSES_MAX, &array, error) < 0)
		return -1;
	row->open = calloc(json_array_size(array) + 1, sizeof(*row->open));
	if (!row->open)
		return error_memory(error);
	json_array_foreach(array, index, pair)
	{
		const json_t *pid = json_array_get(pair, 0), *started = json_array_get(pair, 1);

		if (!json_is_integer(pid) || !json_is_integer(started))
			return error_set(error, "\"open\" has something else than a process");
		row->open[row->n_open++] =
			(LedgerProcess){json_integer_value(pid), json_integer_value(started)};
	}
	return 0;
}

static int read_row(const json_t *object, LedgerRow *row, Error *error)
{
	if (read_text(object, "name", row->name, sizeof(row->name), error) < 0 ||
		(json_has(object, "unit") &&
			read_text(object, "unit", row->unit, sizeof(row->unit), error) < 0) ||
		read_text(object, "kind", row->kind, sizeof(row->kind), error) < 0 ||
		json_integer_field(object, "uid", 0, UINT32_MAX, &row->uid, error) < 0 ||
		json_integer_field(object, "count", 0, INT32_MAX, &row->count, error) < 0 ||
		json_time_field(object, "since", &row->since, error) < 0 ||
		read_time(object, "closed", &row->closed, error) < 0)
		return -1;
	for (size_t i = 0; i < LEDGER_CLOSURES; i++)
		if (json_integer_field(object, closure_names[i], 0, INT32_MAX, &row->closed_by[i], error) < 0)
			return -1;
	return read_open(object, row, error);
}

static int read_rows(const json_t *object, LedgerEntry *entry, Error *error)
{
	json_t *array, *item;
	size_t index;

	if (json_integer_field(object, "unlisted", 0, INT64_MAX / 2, &entry->unlisted, error) < 0 ||
		json_array_field(object, "exposed", LEDGER_ROWS_MAX, &array, error) < 0)
		return -1;
	entry->rows = calloc(json_array_size(array) + 1, sizeof(*entry->rows));
	if (!entry->rows)
		return error_memory(error);
	json_array_foreach(array, index, item)
	{
		if (read_row(item, &entry->rows[entry->n_rows++], error) < 0)
			return -1;
	}
	return 0;
}

static int read_advisories(const json_t *object, json_t **ret, Error *error)
{
	json_t *array, *item;
	size_t index;

	if (json_array_field(object, "advisories", LEDGER_ADVISORIES_MAX, &array, error) < 0)
		return -1;
	json_array_foreach(array, index, item)
	{
		if (!json_is_string(item))
			return error_set(error, "\"advisories\" has something else than a name");
	}
	*ret = json_incref(array);
	return 0;
}

static int read_names(const json_t *object, LedgerEntry *entry, Error *error)
{
	char letter[LETTER_SIZE];

	if (read_text(object, "component", entry->component, sizeof(entry->component), error) < 0 ||
		read_text(object, "base_version", entry->base_version, sizeof(entry->base_version), error) <
			0 ||
		read_text(object, "fixed_version", entry->fixed_version, sizeof(entry->fixed_version),
			error) < 0 ||
		read_text(object, "letter", letter, sizeof(letter), error) < 0 ||
		letter_to_sequence(letter, &entry->sequence, error) < 0 ||
		json_digest_field(object, "manifest", &entry->manifest, error) < 0)
		return -1;
	return read_advisories(object, &entry->advisories, error);
}

static int read_entry(const json_t *object, LedgerEntry *entry, Error *error)
{
	if (read_names(object, entry, error) < 0 ||
		json_time_field(object, "released", &entry->released, error) < 0 ||
		read_time(object, "fetched", &entry->fetched, error) < 0 ||
		read_time(object, "active", &entry->active, error) < 0 ||
		read_time(object, "protected_first", &entry->protected_first, error) < 0 ||
		read_time(object, "protected", &entry->protected_since, error) < 0 ||
		read_time(object, "gone", &entry->gone, error) < 0 ||
		json_integer_field(object, "reopened", 0, INT32_MAX, &entry->reopened, error) < 0 ||
		(entry->gone > 0 &&
			read_text(object, "reason", entry->reason, sizeof(entry->reason), error) < 0))
		return -1;
	return read_rows(object, entry, error);
}

int ledger_from_json(const json_t *document, Ledger *ret, Error *error)
{
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	const char *format;
	json_t *array, *item;
	size_t index;

	if (json_string_field(document, "format", 64, &format, error) < 0)
		return -1;
	if (strcmp(format, format_name) != 0)
		return error_set(error, "is of the format \"%s\", which this version does not know", format);
	if (read_text(document, "boot", ledger.boot, sizeof(ledger.boot), error) < 0 ||
		json_array_field(document, "improvements", LEDGER_ENTRIES_MAX, &array, error) < 0)
		return -1;
	ledger.entries = calloc(json_array_size(array) + 1, sizeof(*ledger.entries));
	if (!ledger.entries)
		return error_memory(error);
	json_array_foreach(array, index, item)
	{
		if (read_entry(item, &ledger.entries[ledger.n++], error) < 0)
			return -1;
	}
	*ret = ledger;
	ledger = LEDGER_INIT;
	return 0;
}
