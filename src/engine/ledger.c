/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static const char document_name[] = "ledger";

static void clear_rows(LedgerEntry *entry)
{
	for (size_t i = 0; i < entry->n_rows; i++)
		free(entry->rows[i].open);
	free(entry->rows);
	entry->rows = NULL;
	entry->n_rows = 0;
}

static void clear_entry(LedgerEntry *entry)
{
	clear_rows(entry);
	json_decref(entry->advisories);
}

void ledger_clear(Ledger *ledger)
{
	for (size_t i = 0; i < ledger->n; i++)
		clear_entry(&ledger->entries[i]);
	free(ledger->entries);
	*ledger = LEDGER_INIT;
}

/* What an unknown, newer version wrote is not for this one to throw away. */
static bool is_foreign(const json_t *document)
{
	const char *format = json_string_value(json_object_get(document, "format"));

	return format && strncmp(format, "suture-ledger-", strlen("suture-ledger-")) == 0 &&
	       strcmp(format, "suture-ledger-1") != 0;
}

int ledger_load(const Store *store, Ledger *ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	Error why = ERROR_INIT;
	int r = store ? store_load(store, document_name, &document, &why) : STORE_ABSENT;

	if (r == 0 && ledger_from_json(document, &ledger, &why) < 0)
		r = error_in(&why, "%s/ledger.json", store_path(store));
	if (r < 0) {
		if (why.os_error == ENOMEM)
			return error_memory(error);
		ledger_clear(&ledger);
		ledger.foreign = is_foreign(document);
		log_warning(
			"%s; %s", why.text, ledger.foreign ? "it is left alone" : "the ledger begins anew");
	}
	*ret = ledger;
	ledger = LEDGER_INIT;
	return 0;
}

/* An entry's rows become a number. */
static void forget_rows(LedgerEntry *entry)
{
	for (size_t i = 0; i < entry->n_rows; i++)
		entry->unlisted += entry->rows[i].count;
	clear_rows(entry);
}

/* Keeps the rows of the newest entries that have room together. True when there were others. */
static bool make_fit(Ledger *ledger, const json_t *document)
{
	const json_t *array = json_object_get(document, "improvements");
	size_t size = 0, i = ledger->n;
	bool forgot = false;

	while (i > 0 && size <= LEDGER_SIZE_MAX)
		size += json_dumpb(json_array_get(array, --i), NULL, 0, JSON_COMPACT);
	if (size <= LEDGER_SIZE_MAX)
		return false;
	for (i++; i > 0; i--) {
		forgot = forgot || ledger->entries[i - 1].n_rows > 0;
		forget_rows(&ledger->entries[i - 1]);
	}
	return forgot;
}

static int save_by(int (*save)(Store *store, const char *name, const json_t *document, Error *error),
	Store *store, Ledger *ledger, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;

	if (ledger->foreign)
		return 0;
	if (ledger_to_json(ledger, &document, error) < 0)
		return -1;
	if (make_fit(ledger, document)) {
		json_decref(document);
		document = NULL;
		if (ledger_to_json(ledger, &document, error) < 0)
			return -1;
	}
	return store_says(store, document_name, document) ? 0 : save(store, document_name, document, error);
}

int ledger_save(Store *store, Ledger *ledger, Error *error)
{
	return save_by(store_save, store, ledger, error);
}

int ledger_save_with_next(Store *store, Ledger *ledger, Error *error)
{
	return save_by(store_save_with_next, store, ledger, error);
}

LedgerEntry *ledger_find(const Ledger *ledger, const Digest *manifest)
{
	for (size_t i = ledger->n; i > 0; i--)
		if (ledger->entries[i - 1].gone == 0 &&
			digest_equal(&ledger->entries[i - 1].manifest, manifest))
			return &ledger->entries[i - 1];
	return NULL;
}

static void forget_oldest(Ledger *ledger)
{
	size_t i = 0;

	while (i < ledger->n && ledger->entries[i].gone == 0)
		i++;
	if (i == ledger->n)
		i = 0;
	clear_entry(&ledger->entries[i]);
	ledger->n--;
	memmove(&ledger->entries[i], &ledger->entries[i + 1], (ledger->n - i) * sizeof(*ledger->entries));
}

static int list_advisories(const Manifest *manifest, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *array = json_array();

	if (!array)
		return error_memory(error);
	for (size_t i = 0; i < manifest->n_advisories && i < LEDGER_ADVISORIES_MAX; i++)
		if (json_add(array, json_string(manifest->advisories[i].id), error) < 0)
			return -1;
	*ret = TAKE_PTR(array);
	return 0;
}

/* The image may be here from an earlier time: then that is when it was fetched. */
static int64_t fetched_before(const Ledger *ledger, const Digest *manifest)
{
	for (size_t i = ledger->n; i > 0; i--)
		if (digest_equal(&ledger->entries[i - 1].manifest, manifest))
			return ledger->entries[i - 1].fetched;
	return 0;
}

int ledger_begin(Ledger *ledger, const Improvement *improvement, int64_t fetched, Error *error)
{
	const Manifest *manifest = improvement->manifest;
	LedgerEntry entry = {.sequence = manifest->sequence,
		.manifest = improvement->manifest_digest,
		.released = manifest->released,
		.fetched = fetched > 0 ? fetched : fetched_before(ledger, &improvement->manifest_digest),
		.active = improvement->installed};
	LedgerEntry *entries = reallocarray(ledger->entries, ledger->n + 1, sizeof(*entries));

	if (!entries)
		return error_memory(error);
	ledger->entries = entries;
	if (list_advisories(manifest, &entry.advisories, error) < 0)
		return -1;
	(void)snprintf(entry.component, sizeof(entry.component), "%s", manifest->component);
	(void)snprintf(entry.base_version, sizeof(entry.base_version), "%s", manifest->base_version);
	(void)snprintf(entry.fixed_version, sizeof(entry.fixed_version), "%s", manifest->fixed_version);
	entries[ledger->n++] = entry;
	if (ledger->n > LEDGER_ENTRIES_MAX)
		forget_oldest(ledger);
	return 0;
}

void ledger_end(LedgerEntry *entry, const char *reason, int64_t now)
{
	for (size_t i = 0; i < entry->n_rows; i++) {
		free(entry->rows[i].open);
		entry->rows[i].open = NULL;
		entry->rows[i].n_open = 0;
	}
	entry->gone = now;
	(void)snprintf(entry->reason, sizeof(entry->reason), "%s", reason);
}

size_t ledger_exposed(const LedgerEntry *entry)
{
	size_t n = 0;

	for (size_t i = 0; i < entry->n_rows; i++)
		n += entry->rows[i].n_open;
	return n;
}

int64_t ledger_remaining(const LedgerRow *row)
{
	int64_t n = row->count;

	for (size_t i = 0; i < LEDGER_CLOSURES; i++)
		n -= row->closed_by[i];
	return n;
}
