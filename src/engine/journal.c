/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/journal.h"

#include <string.h>

#include "engine/plan.h"

static const char format_name[] = "suture-journal-1";
static const char document_name[] = "journal";

enum { IMPROVEMENTS_MAX = 1024 };

static const char *const state_names[] = {
	[TRANSACTION_IDLE] = "idle",
	[TRANSACTION_CHECKED] = "checked",
	[TRANSACTION_FETCHED] = "fetched",
	[TRANSACTION_REBUILT] = "rebuilt",
	[TRANSACTION_VERIFIED] = "verified",
	[TRANSACTION_STAGED] = "staged",
	[TRANSACTION_ACTIVATED] = "activated",
	[TRANSACTION_HEALTHY] = "healthy",
	[TRANSACTION_COMMITTED] = "committed",
};

const char *journal_state_name(TransactionState state)
{
	return state_names[state];
}

/* Why something goes is known now: whoever finishes an interrupted transaction could not tell. */
static int put_departures(const Transaction *transaction, json_t *document, Error *error)
{
	json_t *departures = json_object();

	if (json_put(document, "departures", departures, error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->n_changes; i++) {
		const Change *change = &transaction->changes[i];

		if (change->to == 0 && json_put_text(departures, change->component,
					       plan_action_name(change->action), error) < 0)
			return -1;
	}
	return 0;
}

static bool is_checked(const Transaction *transaction)
{
	return transaction->health.n == 0 || transaction->reached >= TRANSACTION_HEALTHY;
}

int journal_write(const Transaction *transaction, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *goal = NULL;

	if (!document)
		return error_memory(error);
	if (json_put_text(document, "format", format_name, error) < 0 ||
		json_put_text(document, "state", journal_state_name(transaction->reached), error) < 0 ||
		json_put_integer(document, "generation", (int64_t)transaction->generation, error) < 0 ||
		json_put_integer(document, "transaction", (int64_t)transaction->number, error) < 0 ||
		json_put_time(document, "started", transaction->started, error) < 0 ||
		improvements_to_json(&transaction->goal, &goal, error) < 0 ||
		json_put(document, "goal", goal, error) < 0 ||
		put_departures(transaction, document, error) < 0 ||
		json_put_text(document, "reason", transaction->reason, error) < 0 ||
		json_put(document, "checked", json_boolean(is_checked(transaction)), error) < 0)
		return -1;
	return store_save(transaction->engine->store, document_name, document, error);
}

/* A state of earlier versions, between the swap and the checks, in which nothing had been done. */
static const char former_name[] = "restarted";

static int state_from_name(const char *name, TransactionState *ret, Error *error)
{
	name = strcmp(name, former_name) == 0 ? journal_state_name(TRANSACTION_ACTIVATED) : name;
	for (size_t i = 0; i < ARRAY_SIZE(state_names); i++) {
		if (strcmp(state_names[i], name) == 0) {
			*ret = (TransactionState)i;
			return 0;
		}
	}
	return error_set(error, "unknown state \"%s\"", name);
}

static int read_document(const json_t *document, const Store *store, Journal *ret, Error *error)
{
	const char *format, *state, *reason = "";
	json_t *goal, *departures = NULL;
	int64_t generation, number;
	bool checked = true;

	if (json_string_field(document, "format", 64, &format, error) < 0)
		return -1;
	if (strcmp(format, format_name) != 0)
		return error_set(error, "is of the format \"%s\", which this version does not know", format);
	if (json_string_field(document, "state", 64, &state, error) < 0 ||
		state_from_name(state, &ret->reached, error) < 0 ||
		json_integer_field(document, "generation", 0, INT64_MAX, &generation, error) < 0 ||
		json_integer_field(document, "transaction", 1, INT64_MAX, &number, error) < 0 ||
		json_array_field(document, "goal", IMPROVEMENTS_MAX, &goal, error) < 0 ||
		(json_has(document, "departures") &&
			json_object_field(document, "departures", &departures, error) < 0) ||
		(json_has(document, "reason") &&
			json_string_field(document, "reason", ERROR_TEXT_SIZE - 1, &reason, error) < 0) ||
		(json_has(document, "checked") && json_bool_field(document, "checked", &checked, error) < 0))
		return -1;
	ret->unchecked = !checked;
	ret->departures = json_incref(departures);
	(void)snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
	ret->generation = (uint64_t)generation;
	ret->number = (uint64_t)number;
	return improvements_from_json(goal, store, &ret->goal, error);
}

int journal_read(const Store *store, Journal *ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	int r = store_load(store, document_name, &document, error);

	if (r != 0)
		return r == STORE_ABSENT ? JOURNAL_ABSENT : -1;
	if (read_document(document, store, ret, error) < 0)
		return error_in(error, "%s/journal.json", store_path(store));
	return 0;
}

int journal_remove(Store *store, Error *error)
{
	return store_remove(store, document_name, error);
}
