/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/history.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/plan.h"
#include "engine/state.h"

static const char format_name[] = "suture-history-1";
static const char document_name[] = "history";

enum { HISTORY_SIZE_MAX = 4 * 1024 * 1024 };

static int begin(json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();

	if (!document)
		return error_memory(error);
	if (json_put_text(document, "format", format_name, error) < 0 ||
		json_put(document, "entries", json_array(), error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

/* Entries of a commit that was cut off, and is repeated now, or that failed, and gave its number back. */
static int drop_same_number(json_t *entries, int64_t number, Error *error)
{
	for (size_t n = json_array_size(entries); n > 0; n--) {
		const json_t *last = json_array_get(entries, n - 1);

		if (json_integer_value(json_object_get(last, "transaction")) != number)
			break;
		if (json_array_remove(entries, n - 1) < 0)
			return error_memory(error);
	}
	return 0;
}

/* The history takes its name before the state does: what is only in the one never was. Higher numbers are of
 * a state that was lost. */
static int drop_uncommitted(const Store *store, json_t *entries, Error *error)
{
	CLEANUP_STATE State state = STATE_INIT;

	if (state_load(store, &state, NULL) < 0)
		return 0;
	return drop_same_number(entries, (int64_t)(state.transactions + 1), error);
}

int history_read(const Store *store, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	json_t *entries;
	int r = store ? store_load(store, document_name, &document, error) : STORE_ABSENT;

	if (r < 0)
		return -1;
	if (r == STORE_ABSENT)
		return begin(ret, error);
	if (json_array_field(document, "entries", HISTORY_MAX, &entries, error) < 0)
		return error_in(error, "%s/history.json", store_path(store));
	if (drop_uncommitted(store, entries, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

/* A damaged one makes room, or nothing would be noted any more. */
static int read_or_begin(Store *store, json_t **ret, Error *error)
{
	Error why = ERROR_INIT;

	if (history_read(store, ret, &why) == 0)
		return 0;
	if (why.os_error == ENOMEM)
		return error_memory(error);
	if (store_set_aside(store, document_name, error) < 0)
		return -1;
	log_warning("%.800s; it is kept as history.json.damaged, and the history begins anew", why.text);
	return begin(ret, error);
}

/* Advisories make entries long, and what could not be read again must not be written. */
static bool is_too_long(const json_t *document, const json_t *entries)
{
	size_t n = json_array_size(entries);

	return n > HISTORY_MAX || (n > 1 && json_dumpb(document, NULL, 0, JSON_INDENT(2)) > HISTORY_SIZE_MAX);
}

static int append_change(json_t *entries, const Change *change, int64_t number, Error *error)
{
	json_t *entry = json_object();

	if (json_add(entries, entry, error) < 0 ||
		json_put_integer(entry, "transaction", number, error) < 0 ||
		json_put_time(entry, "time", clock_now(), error) < 0 ||
		plan_change_to_json(change, entry, error) < 0)
		return -1;
	return 0;
}

int history_append(const Transaction *transaction, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	json_t *entries;
	Store *store = transaction->engine->store;
	int64_t number = (int64_t)transaction->number;

	if (transaction->n_changes == 0)
		return 0;
	if (read_or_begin(store, &document, error) < 0)
		return -1;
	entries = json_object_get(document, "entries");
	if (drop_same_number(entries, number, error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (append_change(entries, &transaction->changes[i], number, error) < 0)
			return -1;
	while (is_too_long(document, entries))
		if (json_array_remove(entries, 0) < 0)
			return error_memory(error);
	return store_save_with_next(store, document_name, document, error);
}

int history_knows(const Store *store, const char *component, bool *ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	size_t index;
	json_t *entry;

	if (history_read(store, &document, error) < 0)
		return -1;
	*ret = false;
	json_array_foreach(json_object_get(document, "entries"), index, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "component"));

		if (name && strcmp(name, component) == 0)
			*ret = true;
	}
	return 0;
}

static bool is_repair(const json_t *entry, const char *component, int64_t since)
{
	const char *name = json_string_value(json_object_get(entry, "component"));
	const char *action = json_string_value(json_object_get(entry, "action"));
	int64_t time;

	return name && strcmp(name, component) == 0 && action &&
	       strcmp(action, plan_action_name(CHANGE_REPAIR)) == 0 &&
	       json_time_field(entry, "time", &time, NULL) == 0 && time >= since;
}

int history_repairs(const Store *store, const char *component, int64_t since, size_t *ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	size_t index, n = 0;
	json_t *entry;

	if (history_read(store, &document, error) < 0)
		return -1;
	json_array_foreach(json_object_get(document, "entries"), index, entry)
	{
		n += is_repair(entry, component, since);
	}
	*ret = n;
	return 0;
}
