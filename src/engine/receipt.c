/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The receipt: what the ledger has of improvements, for whoever has to show that a hole is closed.
 */

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/closure.h"
#include "engine/context.h"
#include "engine/report.h"
#include "parts/manifest/letter.h"

static const char format_name[] = "suture-receipt-1";

/* "libxml2", "libxml2 (a)", "libxml2 a" or "CVE-2026-1234"? */
static bool is_meant(const LedgerEntry *entry, const char *what)
{
	size_t n = strlen(entry->component), index;
	unsigned sequence = 0;
	json_t *id;

	json_array_foreach(
		entry->advisories, index, id) if (strcasecmp(json_string_value(id), what) == 0) return true;
	if (!text_has_prefix(what, entry->component))
		return false;
	if (what[n] == '\0')
		return true;
	return what[n] == ' ' && letter_to_sequence(what + n + 1, &sequence, NULL) == 0 &&
	       sequence == entry->sequence;
}

static int put_rows(const LedgerEntry *entry, json_t *item, Error *error)
{
	json_t *array = json_array();

	if (json_put(item, "exposed", array, error) < 0)
		return -1;
	for (size_t i = 0; i < entry->n_rows; i++) {
		json_t *row = json_object();

		if (json_add(array, row, error) < 0 || ledger_row_to_json(&entry->rows[i], row, error) < 0 ||
			json_put_integer(row, "remaining", ledger_remaining(&entry->rows[i]), error) < 0)
			return -1;
	}
	return json_put_integer(item, "unlisted", entry->unlisted, error);
}

static int put_entry(const Closure *closure, const LedgerEntry *entry, json_t *item, Error *error)
{
	ClosureVerdict verdict = closure_judge(closure, entry);
	char letter[LETTER_SIZE];

	if (json_put_text(item, "component", entry->component, error) < 0 ||
		json_put_text(item, "letter", letter_from_sequence(entry->sequence, letter), error) < 0 ||
		json_put_text(item, "base_version", entry->base_version, error) < 0 ||
		json_put_text(item, "fixed_version", entry->fixed_version, error) < 0 ||
		json_put_digest(item, "manifest", &entry->manifest, error) < 0 ||
		json_put(item, "advisories", json_incref(entry->advisories), error) < 0 ||
		json_put_time(item, "released", entry->released, error) < 0 ||
		ledger_put_times(entry, item, error) < 0 ||
		json_put_text(item, "verdict", closure_verdict_name(verdict), error) < 0)
		return -1;
	if (verdict == CLOSURE_INACTIVE || verdict == CLOSURE_UNKNOWN)
		(void)json_object_del(item, "protected");
	if (entry->gone > 0 && (json_put_time(item, "gone", entry->gone, error) < 0 ||
				       json_put_text(item, "reason", entry->reason, error) < 0))
		return -1;
	return put_rows(entry, item, error);
}

static int put_entries(const Closure *closure, const char *what, json_t *document, Error *error)
{
	json_t *array = json_array();

	if (json_put(document, "improvements", array, error) < 0)
		return -1;
	for (size_t i = 0; i < closure->ledger.n; i++) {
		json_t *item;

		if (what && !is_meant(&closure->ledger.entries[i], what))
			continue;
		item = json_object();
		if (json_add(array, item, error) < 0 ||
			put_entry(closure, &closure->ledger.entries[i], item, error) < 0)
			return -1;
	}
	if (what && json_array_size(array) == 0)
		return error_set(error,
			"the ledger has nothing called \"%s\"; \"suture receipt\" lists what it has", what);
	return 0;
}

int engine_receipt(Engine *engine, const char *what, json_t **ret, Error *error)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;
	CLEANUP_JSON json_t *document = json_object();

	if (!document)
		return error_memory(error);
	if (closure_look(engine, &closure, error) < 0 ||
		json_put_text(document, "format", format_name, error) < 0 ||
		json_put_text(document, "root", engine->root, error) < 0 ||
		report_put_os(engine, document, error) < 0 ||
		json_put_time(document, "time", clock_now(), error) < 0 ||
		json_put(document, "looked", json_boolean(closure.looked), error) < 0 ||
		put_entries(&closure, what, document, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}
