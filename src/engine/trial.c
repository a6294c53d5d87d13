/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "parts/manifest/letter.h"

enum { NAMES_MAX = 4096, ATTEMPTS_MAX = 1000 };

static bool holds_text(const json_t *array, const char *text)
{
	size_t index;
	json_t *item;

	json_array_foreach(array, index,
		item) if (json_is_string(item) && strcmp(json_string_value(item), text) == 0) return true;
	return false;
}

bool trial_is_proven(const Trial *trial, const Digest *manifest)
{
	char hex[DIGEST_HEX_SIZE];

	return holds_text(trial->proven, digest_to_hex(manifest, hex));
}

static bool is_on(const Trial *trial, const Improvements *active)
{
	for (size_t i = 0; i < active->n; i++)
		if (!trial_is_proven(trial, &active->items[i].manifest_digest))
			return true;
	return false;
}

static bool is_same(const Quarantined *a, const Quarantined *b)
{
	return a->has_image && b->has_image ? digest_equal(&a->image, &b->image)
					    : digest_equal(&a->manifest, &b->manifest);
}

static Quarantined entry_of(const Improvement *item)
{
	Quarantined entry = {.sequence = item->manifest->sequence,
		.image = item->manifest->image_digest,
		.has_image = true,
		.manifest = item->manifest_digest};

	(void)snprintf(entry.component, sizeof(entry.component), "%s", item->manifest->component);
	return entry;
}

const Quarantined *trial_find_quarantined(const Trial *trial, const Improvement *item)
{
	const Quarantined wanted = entry_of(item);

	for (size_t i = 0; i < trial->n_quarantined; i++)
		if (is_same(&trial->quarantined[i], &wanted))
			return &trial->quarantined[i];
	return NULL;
}

bool trial_is_under_way(const Trial *trial, const Improvements *active, const char *boot)
{
	return is_on(trial, active) && strcmp(trial->boot, boot) == 0;
}

TrialVerdict trial_begin(Trial *trial, const Improvements *active, const char *boot)
{
	if (!is_on(trial, active))
		return TRIAL_OVER;
	if (strcmp(trial->boot, boot) == 0)
		return TRIAL_GOES_ON;
	if (trial->attempts >= TRIAL_BOOTS)
		return TRIAL_GIVEN_UP;
	trial->attempts++;
	trial->trouble[0] = '\0';
	(void)snprintf(trial->boot, sizeof(trial->boot), "%s", boot);
	return TRIAL_COUNTED;
}

void trial_drop_unproven(const Trial *trial, Improvements *set)
{
	for (size_t i = set->n; i > 0; i--)
		if (!trial_is_proven(trial, &set->items[i - 1].manifest_digest))
			improvements_drop(set, set->items[i - 1].manifest->component);
}

static void release(Trial *trial, Quarantined item)
{
	size_t kept = 0;

	for (size_t i = 0; i < trial->n_quarantined; i++)
		if (!is_same(&trial->quarantined[i], &item))
			trial->quarantined[kept++] = trial->quarantined[i];
	trial->n_quarantined = kept;
}

/* The oldest makes room: by now there are newer letters than it. */
static int put_quarantined(Trial *trial, const Quarantined *item, Error *error)
{
	Quarantined *items;

	release(trial, *item);
	if (trial->n_quarantined == TRIAL_QUARANTINE_MAX)
		release(trial, trial->quarantined[0]);
	items = reallocarray(trial->quarantined, trial->n_quarantined + 1, sizeof(*items));
	if (!items)
		return error_memory(error);
	trial->quarantined = items;
	items[trial->n_quarantined++] = *item;
	return 0;
}

static void forget_boots(Trial *trial)
{
	trial->attempts = 0;
	trial->boot[0] = trial->trouble[0] = '\0';
}

int trial_quarantine(Trial *trial, const Improvement *item, const char *reason, int64_t now, Error *error)
{
	Quarantined entry = entry_of(item);

	entry.time = now;
	(void)snprintf(entry.reason, sizeof(entry.reason), "%s", reason);
	return put_quarantined(trial, &entry, error);
}

int trial_give_up(Trial *trial, const Improvements *set, int64_t now, Error *error)
{
	char reason[ERROR_TEXT_SIZE];

	(void)snprintf(reason, sizeof(reason), "%u boots with it did not complete%s%.900s", trial->attempts,
		trial->trouble[0] ? ": " : "", trial->trouble);
	for (size_t i = 0; i < set->n; i++)
		if (!trial_is_proven(trial, &set->items[i].manifest_digest) &&
			trial_quarantine(trial, &set->items[i], reason, now, error) < 0)
			return -1;
	forget_boots(trial);
	return 0;
}

static bool holds(const Improvements *set, const Digest *manifest)
{
	for (size_t i = 0; i < set->n; i++)
		if (digest_equal(&set->items[i].manifest_digest, manifest))
			return true;
	return false;
}

/* What is active and was proven, or has been shown now. */
static int set_proven(Trial *trial, const Improvements *active, const Improvements *shown, Error *error)
{
	CLEANUP_JSON json_t *proven = json_array();

	if (!proven)
		return error_memory(error);
	for (size_t i = 0; i < active->n; i++) {
		const Digest *manifest = &active->items[i].manifest_digest;
		char hex[DIGEST_HEX_SIZE];

		if ((holds(shown, manifest) || trial_is_proven(trial, manifest)) &&
			json_add(proven, json_string(digest_to_hex(manifest, hex)), error) < 0)
			return -1;
	}
	json_decref(trial->proven);
	trial->proven = TAKE_PTR(proven);
	return 0;
}

static void set_failed_units(Trial *trial, json_t *failed)
{
	json_decref(trial->failed_units);
	trial->failed_units = json_incref(failed);
}

/* Where it is not known what had failed before, nobody can tell what is new. */
static int check_units(const Trial *trial, const json_t *failed, Error *error)
{
	size_t index;
	json_t *unit;

	json_array_foreach(failed, index, unit)
	{
		if (trial->failed_units && !holds_text(trial->failed_units, json_string_value(unit)))
			return error_set(error, "%s failed", json_string_value(unit));
	}
	return 0;
}

int trial_complete(Trial *trial, const Improvements *active, const Improvements *shown, const char *boot,
	json_t *failed, Error *error)
{
	if (!trial_is_under_way(trial, shown, boot))
		return TRIAL_NOT_ON;
	if (check_units(trial, failed, error) < 0 || set_proven(trial, active, shown, error) < 0)
		return -1;
	if (failed)
		set_failed_units(trial, failed);
	forget_boots(trial);
	return 0;
}

void trial_settle_checks(Trial *trial, const Improvements *former, json_t *failed)
{
	if (is_on(trial, former))
		return;
	json_decref(trial->failed_checks);
	trial->failed_checks = json_incref(failed);
}

void trial_settle_failing(Trial *trial, json_t *failing)
{
	json_decref(trial->failing_units);
	trial->failing_units = json_incref(failing);
}

int trial_settle(
	Trial *trial, const Improvements *former, const Improvements *active, json_t *failed, Error *error)
{
	const Improvements none = IMPROVEMENTS_INIT;

	if (!is_on(trial, former))
		set_failed_units(trial, failed);
	if (!improvements_equal(former, active))
		forget_boots(trial);
	for (size_t i = 0; i < active->n; i++)
		release(trial, entry_of(&active->items[i]));
	return set_proven(trial, active, &none, error);
}

static int check_names(const json_t *array, const char *what, Error *error)
{
	size_t index;
	json_t *item;

	json_array_foreach(array, index, item)
	{
		if (!json_is_string(item))
			return error_set(error, "\"%s\" holds something else than names", what);
	}
	return 0;
}

static int read_names(const json_t *object, const char *key, json_t **place, Error *error)
{
	json_t *array;

	if (!json_has(object, key))
		return 0;
	if (json_array_field(object, key, NAMES_MAX, &array, error) < 0 || check_names(array, key, error) < 0)
		return -1;
	*place = json_incref(array);
	return 0;
}

static int read_trial(const json_t *object, Trial *trial, Error *error)
{
	const char *boot, *trouble;
	int64_t attempts;

	if (json_integer_field(object, "attempts", 0, ATTEMPTS_MAX, &attempts, error) < 0 ||
		json_string_field(object, "boot", TRIAL_BOOT_ID_SIZE - 1, &boot, error) < 0 ||
		json_string_field(object, "trouble", ERROR_TEXT_SIZE - 1, &trouble, error) < 0 ||
		read_names(object, "proven", &trial->proven, error) < 0 ||
		read_names(object, "failed_units", &trial->failed_units, error) < 0 ||
		read_names(object, "failing_units", &trial->failing_units, error) < 0 ||
		read_names(object, "failed_checks", &trial->failed_checks, error) < 0)
		return error_in(error, "\"trial\"");
	trial->attempts = (unsigned)attempts;
	(void)snprintf(trial->boot, sizeof(trial->boot), "%s", boot);
	(void)snprintf(trial->trouble, sizeof(trial->trouble), "%s", trouble);
	return 0;
}

static int read_quarantined(const json_t *array, Trial *trial, Error *error)
{
	size_t index;
	json_t *each;

	json_array_foreach(array, index, each)
	{
		const char *component, *letter, *reason;
		Quarantined item = {.sequence = 0};

		if (json_string_field(each, "component", MANIFEST_NAME_MAX, &component, error) < 0 ||
			json_string_field(each, "letter", LETTER_SIZE - 1, &letter, error) < 0 ||
			letter_to_sequence(letter, &item.sequence, error) < 0 ||
			json_string_field(each, "reason", ERROR_TEXT_SIZE - 1, &reason, error) < 0 ||
			json_digest_field(each, "manifest", &item.manifest, error) < 0 ||
			(json_has(each, "image") &&
				json_digest_field(each, "image", &item.image, error) < 0) ||
			json_time_field(each, "time", &item.time, error) < 0)
			return error_in(error, "\"quarantined\"");
		item.has_image = json_has(each, "image");
		(void)snprintf(item.component, sizeof(item.component), "%s", component);
		(void)snprintf(item.reason, sizeof(item.reason), "%s", reason);
		if (put_quarantined(trial, &item, error) < 0)
			return -1;
	}
	return 0;
}

int trial_from_json(const json_t *document, Trial *ret, Error *error)
{
	Trial trial = {.proven = NULL};
	json_t *object = NULL, *array = NULL;
	int r = 0;

	if (json_has(document, "trial"))
		r = json_object_field(document, "trial", &object, error);
	if (r == 0 && object)
		r = read_trial(object, &trial, error);
	if (r == 0 && json_has(document, "quarantined"))
		r = json_array_field(document, "quarantined", TRIAL_QUARANTINE_MAX, &array, error);
	if (r == 0 && array)
		r = read_quarantined(array, &trial, error);
	if (r < 0) {
		trial_clear(&trial);
		return -1;
	}
	*ret = trial;
	return 0;
}

static int put_names(json_t *object, const char *key, json_t *names, Error *error)
{
	return names ? json_put(object, key, json_incref(names), error) : 0;
}

int trial_quarantined_to_json(const Quarantined *item, json_t *object, Error *error)
{
	char letter[LETTER_SIZE];

	if (json_put_text(object, "component", item->component, error) < 0 ||
		json_put_text(object, "letter", letter_from_sequence(item->sequence, letter), error) < 0 ||
		json_put_text(object, "reason", item->reason, error) < 0)
		return -1;
	return json_put_time(object, "time", item->time, error);
}

static int put_quarantine(const Trial *trial, json_t *document, Error *error)
{
	json_t *array = json_array();

	if (json_put(document, "quarantined", array, error) < 0)
		return -1;
	for (size_t i = 0; i < trial->n_quarantined; i++) {
		const Quarantined *each = &trial->quarantined[i];
		json_t *item = json_object();

		if (json_add(array, item, error) < 0 || trial_quarantined_to_json(each, item, error) < 0 ||
			json_put_digest(item, "manifest", &each->manifest, error) < 0 ||
			(each->has_image && json_put_digest(item, "image", &each->image, error) < 0))
			return -1;
	}
	return 0;
}

int trial_to_json(const Trial *trial, json_t *document, Error *error)
{
	json_t *object = json_object();

	if (json_put(document, "trial", object, error) < 0 ||
		json_put_integer(object, "attempts", trial->attempts, error) < 0 ||
		json_put_text(object, "boot", trial->boot, error) < 0 ||
		json_put_text(object, "trouble", trial->trouble, error) < 0 ||
		put_names(object, "proven", trial->proven, error) < 0 ||
		put_names(object, "failed_units", trial->failed_units, error) < 0 ||
		put_names(object, "failing_units", trial->failing_units, error) < 0 ||
		put_names(object, "failed_checks", trial->failed_checks, error) < 0)
		return -1;
	return trial->n_quarantined > 0 ? put_quarantine(trial, document, error) : 0;
}

void trial_clear(Trial *trial)
{
	json_decref(trial->proven);
	json_decref(trial->failed_units);
	json_decref(trial->failing_units);
	json_decref(trial->failed_checks);
	free(trial->quarantined);
	*trial = (Trial){.proven = NULL};
}
