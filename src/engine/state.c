/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

static const char format_name[] = "suture-state-1";
static const char document_name[] = "state";

enum { IMPROVEMENTS_MAX = 1024, KEY_SIZE = 24 };

static const char *generation_key(uint64_t number, char key[static KEY_SIZE])
{
	(void)snprintf(key, KEY_SIZE, "%" PRIu64, number);
	return key;
}

static int check_format(const json_t *document, Error *error)
{
	const char *format;

	if (json_string_field(document, "format", 64, &format, error) < 0)
		return -1;
	if (strcmp(format, format_name) != 0)
		return error_set(error, "is of the format \"%s\", which this version does not know", format);
	return 0;
}

static int read_kept_off(const json_t *document, State *state, Error *error)
{
	json_t *kept_off;

	if (!json_has(document, "kept_off"))
		return 0;
	if (json_array_field(document, "kept_off", IMPROVEMENTS_MAX, &kept_off, error) < 0)
		return -1;
	return kept_off_from_json(kept_off, &state->kept_off, error);
}

/* All but what is active. */
static int read_numbers(const json_t *document, State *state, Error *error)
{
	json_t *generations;
	int64_t generation, last, transactions;

	if (json_integer_field(document, "generation", 0, INT64_MAX, &generation, error) < 0 ||
		json_integer_field(document, "last_generation", generation, INT64_MAX, &last, error) < 0 ||
		json_integer_field(document, "transactions", 0, INT64_MAX, &transactions, error) < 0 ||
		json_object_field(document, "generations", &generations, error) < 0 ||
		(json_has(document, "checked") &&
			json_time_field(document, "checked", &state->checked, error) < 0) ||
		(json_has(document, "expires") &&
			json_time_field(document, "expires", &state->expires, error) < 0) ||
		(json_has(document, "old_data_since") &&
			json_time_field(document, "old_data_since", &state->old_data_since, error) < 0) ||
		read_kept_off(document, state, error) < 0)
		return -1;
	state->generation = (uint64_t)generation;
	state->last_generation = (uint64_t)last;
	state->transactions = (uint64_t)transactions;
	state->generations = json_incref(generations);
	return 0;
}

/* Entries of earlier versions name a manifest alone: it tells the image while it is still here. */
static void learn_quarantined_images(Trial *trial, const Store *store)
{
	for (size_t i = 0; i < trial->n_quarantined; i++) {
		CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
		Quarantined *each = &trial->quarantined[i];

		if (each->has_image || improvements_put(&set, store, &each->manifest, 0, NULL) < 0)
			continue;
		each->image = set.items[0].manifest->image_digest;
		each->has_image = true;
	}
}

/* Damage must not leave people without a next step. */
static int say_way_out(Error *error)
{
	Error why = error ? *error : ERROR_INIT;

	return error_set(error,
		"%.800s; \"suture remove\" forgets what was installed and shows the base, from where "
		"\"suture install\" installs it again",
		why.text);
}

static int read_document(const json_t *document, const Store *store, State *state, Error *error)
{
	json_t *active;

	if (check_format(document, error) < 0)
		return -1;
	if (read_numbers(document, state, error) < 0 ||
		json_array_field(document, "active", IMPROVEMENTS_MAX, &active, error) < 0 ||
		improvements_from_json(active, store, &state->active, error) < 0 ||
		trial_from_json(document, &state->trial, error) < 0)
		return say_way_out(error);
	learn_quarantined_images(&state->trial, store);
	return 0;
}

int state_load(const Store *store, State *ret, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_STATE State state = STATE_INIT;
	int r = store ? store_load(store, document_name, &document, error) : STORE_ABSENT;

	if (r < 0)
		return say_way_out(error);
	if (r == STORE_ABSENT) {
		state.generations = json_object();
		if (!state.generations)
			return error_memory(error);
	} else if (read_document(document, store, &state, error) < 0) {
		return error_in(error, "%s/state.json", store_path(store));
	}
	*ret = state;
	state = STATE_INIT;
	return 0;
}

int state_save(Store *store, const State *state, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *active = NULL, *kept_off = NULL;

	if (!document)
		return error_memory(error);
	if (json_put_text(document, "format", format_name, error) < 0 ||
		json_put_integer(document, "generation", (int64_t)state->generation, error) < 0 ||
		json_put_integer(document, "last_generation", (int64_t)state->last_generation, error) < 0 ||
		json_put_integer(document, "transactions", (int64_t)state->transactions, error) < 0 ||
		improvements_to_json(&state->active, &active, error) < 0 ||
		json_put(document, "active", active, error) < 0 ||
		kept_off_to_json(&state->kept_off, &kept_off, error) < 0 ||
		json_put(document, "kept_off", kept_off, error) < 0 ||
		json_put(document, "generations", json_incref(state->generations), error) < 0 ||
		(state->checked > 0 && json_put_time(document, "checked", state->checked, error) < 0) ||
		(state->expires > 0 && json_put_time(document, "expires", state->expires, error) < 0) ||
		(state->old_data_since > 0 &&
			json_put_time(document, "old_data_since", state->old_data_since, error) < 0) ||
		trial_to_json(&state->trial, document, error) < 0)
		return -1;
	return store_save(store, document_name, document, error);
}

int state_mend(Store *store, Error *error)
{
	CLEANUP_JSON json_t *document = NULL;
	CLEANUP_STATE State whole = STATE_INIT, rest = STATE_INIT;
	Error why = ERROR_INIT;

	if (state_load(store, &whole, &why) == 0)
		return 0;
	if (store_load(store, document_name, &document, NULL) == 0 && check_format(document, error) < 0)
		return error_in(error, "%s/state.json", store_path(store));
	if (!document || read_numbers(document, &rest, NULL) < 0) {
		state_clear(&rest);
		rest.generations = json_object();
		if (!rest.generations)
			return error_memory(error);
	}
	/* What did harm is to stay away, whatever else cannot be read. */
	if (document)
		(void)trial_from_json(document, &rest.trial, NULL);
	rest.generation = 0;
	log_warning("%s", why.text);
	return state_save(store, &rest, error);
}

void state_clear(State *state)
{
	improvements_clear(&state->active);
	kept_off_clear(&state->kept_off);
	json_decref(state->generations);
	trial_clear(&state->trial);
	*state = STATE_INIT;
}

/* A number that was given is not given again. */
static void raise_last(State *state, uint64_t number)
{
	if (state->last_generation < number)
		state->last_generation = number;
}

int state_note_generation(State *state, uint64_t number, const Improvements *set, Error *error)
{
	json_t *manifests = json_array();
	char key[KEY_SIZE];

	if (json_put(state->generations, generation_key(number, key), manifests, error) < 0)
		return -1;
	raise_last(state, number);
	for (size_t i = 0; i < set->n; i++) {
		char hex[DIGEST_HEX_SIZE];

		if (json_add(manifests, json_string(digest_to_hex(&set->items[i].manifest_digest, hex)),
			    error) < 0)
			return -1;
	}
	return 0;
}

int state_forget_generations(State *state, const uint64_t *kept, size_t n_kept, Error *error)
{
	json_t *remaining = json_object();

	if (!remaining)
		return error_memory(error);
	for (size_t i = 0; i < n_kept; i++) {
		char key[KEY_SIZE];
		json_t *manifests = json_object_get(state->generations, generation_key(kept[i], key));

		if (manifests && json_object_set(remaining, key, manifests) < 0) {
			json_decref(remaining);
			return error_memory(error);
		}
	}
	json_decref(state->generations);
	state->generations = remaining;
	return 0;
}

int state_learn_generations(State *state, const json_t *generations, Error *error)
{
	const char *key;
	json_t *manifests;

	json_object_foreach((json_t *)(uintptr_t)generations, key, manifests)
	{
		int64_t number;

		if (text_to_integer(key, 1, INT64_MAX - 1, &number, NULL) < 0)
			continue;
		raise_last(state, (uint64_t)number);
		if (!json_object_get(state->generations, key) &&
			json_put(state->generations, key, json_incref(manifests), error) < 0)
			return -1;
	}
	return 0;
}

void state_remember_generation(Store *store, uint64_t number, const Improvements *set)
{
	CLEANUP_STATE State state = STATE_INIT;
	Error minor = ERROR_INIT;

	if (state_load(store, &state, &minor) < 0 || state_note_generation(&state, number, set, &minor) < 0 ||
		state_save(store, &state, &minor) < 0)
		log_warning("who is exposed after the next install may not all be seen: %s", minor.text);
}

int state_generation_set(
	const State *state, const Store *store, uint64_t number, Improvements *ret, Error *error)
{
	CLEANUP_IMPROVEMENTS Improvements set = IMPROVEMENTS_INIT;
	char key[KEY_SIZE];
	const json_t *manifests = json_object_get(state->generations, generation_key(number, key));
	size_t index;
	json_t *item;

	if (!manifests)
		return STATE_UNKNOWN_GENERATION;
	if (!json_is_array(manifests))
		return error_set(error, "%s/state.json: generation %s is damaged", store_path(store), key);
	json_array_foreach(manifests, index, item)
	{
		Digest digest;

		if (!json_is_string(item) || digest_from_hex(json_string_value(item), &digest, NULL) < 0)
			return error_set(
				error, "%s/state.json: generation %s is damaged", store_path(store), key);
		if (improvements_put(&set, store, &digest, 0, error) < 0)
			return -1;
	}
	*ret = set;
	set = IMPROVEMENTS_INIT;
	return 0;
}
