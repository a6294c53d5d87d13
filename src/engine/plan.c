/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/exposure.h"
#include "engine/ledger-update.h"
#include "engine/restart-forecast.h"
#include "parts/manifest/base-check.h"
#include "parts/manifest/letter.h"
#include "parts/overlay/overlay.h"

static const char format_name[] = "suture-plan-1";

static const char *const action_names[] = {
	[CHANGE_INSTALL] = "install",
	[CHANGE_REPAIR] = "repair",
	[CHANGE_REMOVE] = "remove",
	[CHANGE_WITHDRAW] = "withdraw",
	[CHANGE_RETIRE] = "retire",
	[CHANGE_REVERT] = "revert",
};

const char *plan_action_name(ChangeAction action)
{
	return action_names[action];
}

static bool starts_from(const Transaction *transaction, const Manifest *manifest, const char *from)
{
	const Improvement *active = improvements_find(&transaction->state.active, manifest->component);
	char letter[LETTER_SIZE];

	if (strcmp(from, "base") == 0)
		return true;
	return active && strcmp(active->manifest->base_version, manifest->base_version) == 0 &&
	       strcmp(letter_from_sequence(active->manifest->sequence, letter), from) == 0 &&
	       store_has_blob(transaction->engine->store, STORE_IMAGE, &active->manifest->image_digest);
}

/* Is a the one to try before b? Of the same size, the one that the manifest names first. */
static bool comes_before(const ManifestDownload *a, const ManifestDownload *b)
{
	return a->size != b->size ? a->size < b->size : a < b;
}

/* The smallest download that leads to this image from what is here; of those behind `tried`, unless that is
 * NULL. */
static const ManifestDownload *choose_download(
	const Transaction *transaction, const Manifest *manifest, const ManifestDownload *tried)
{
	const ManifestDownload *best = NULL;

	if (store_has_blob(transaction->engine->store, STORE_IMAGE, &manifest->image_digest))
		return NULL;
	for (size_t i = 0; i < manifest->n_downloads; i++) {
		const ManifestDownload *each = &manifest->downloads[i];

		if (each->kind == MANIFEST_DELTA && !starts_from(transaction, manifest, each->from))
			continue;
		if ((!tried || comes_before(tried, each)) && (!best || comes_before(each, best)))
			best = each;
	}
	return best;
}

bool plan_take_next_way(const Transaction *transaction, Change *change, const Error *why)
{
	const ManifestDownload *next = choose_download(transaction, change->manifest, change->download);

	if (!next)
		return false;
	log_warning("%s: %.500s; trying %s", change->component, why->text, path_basename(next->path));
	change->download = next;
	return true;
}

static bool is_asked_for(EngineNames components, const char *component)
{
	for (size_t i = 0; i < components.count; i++)
		if (strcmp(components.names[i], component) == 0)
			return true;
	return components.count == 0;
}

/* What the journal of an interrupted transaction says. */
static ChangeAction why_it_was_to_go(const json_t *departures, const char *component)
{
	const char *name = json_string_value(json_object_get(departures, component));

	for (size_t i = 0; name && i < ARRAY_SIZE(action_names); i++)
		if (strcmp(action_names[i], name) == 0)
			return (ChangeAction)i;
	return CHANGE_RETIRE;
}

static ChangeAction why_gone(const Transaction *transaction, const Manifest *manifest)
{
	if (transaction->departures)
		return why_it_was_to_go(transaction->departures, manifest->component);
	if (transaction->begin == EVENT_RESUME || transaction->begin == EVENT_REPAIR)
		return CHANGE_RETIRE;
	if (transaction->begin == EVENT_REVERT)
		return is_asked_for(transaction->components, manifest->component) ? CHANGE_REVERT
										  : CHANGE_RETIRE;
	if (!transaction->catalog)
		return is_asked_for(transaction->components, manifest->component) ? CHANGE_REMOVE
										  : CHANGE_RETIRE;
	for (size_t i = 0; i < transaction->catalog->n; i++) {
		const CatalogSeries *series = &transaction->catalog->series[i];

		if (strcmp(series->component, manifest->component) != 0 ||
			strcmp(series->manifest->base_version, manifest->base_version) != 0)
			continue;
		for (size_t j = 0; j < series->n_withdrawn; j++)
			if (series->withdrawn[j] == manifest->sequence)
				return CHANGE_WITHDRAW;
	}
	return CHANGE_RETIRE;
}

static int add_change(Transaction *transaction, ChangeAction action, const Manifest *manifest,
	const Manifest *leaving, Error *error)
{
	Change *changes = reallocarray(transaction->changes, transaction->n_changes + 1, sizeof(*changes));
	bool arrives = action == CHANGE_INSTALL || action == CHANGE_REPAIR;
	Change *change;

	if (!changes)
		return error_memory(error);
	transaction->changes = changes;
	change = &changes[transaction->n_changes++];
	*change = (Change){
		.action = action,
		.from = leaving ? leaving->sequence : 0,
		.to = arrives ? manifest->sequence : 0,
		.manifest = manifest,
		.leaving = leaving,
		.reason = action == CHANGE_REVERT ? transaction->reason : NULL,
	};
	(void)snprintf(change->component, sizeof(change->component), "%s", manifest->component);
	if (!arrives)
		return 0;
	change->download = choose_download(transaction, manifest, NULL);
	if (!change->download &&
		!store_has_blob(transaction->engine->store, STORE_IMAGE, &manifest->image_digest))
		return error_set(error, "%s (%u): the manifest offers no download that this device can use",
			manifest->component, manifest->sequence);
	return 0;
}

/* What is active already needs nothing, unless its image was lost or discarded: then it is fetched again. */
static bool is_here(const Transaction *transaction, const Improvement *wanted)
{
	return !transaction->remote ||
	       store_has_blob(transaction->engine->store, STORE_IMAGE, &wanted->manifest->image_digest);
}

static int add_arrivals(Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->goal.n; i++) {
		const Improvement *wanted = &transaction->goal.items[i];
		const Improvement *active =
			improvements_find(&transaction->state.active, wanted->manifest->component);
		bool is_same = active && digest_equal(&active->manifest_digest, &wanted->manifest_digest);

		if (is_same && is_here(transaction, wanted))
			continue;
		if (add_change(transaction, is_same ? CHANGE_REPAIR : CHANGE_INSTALL, wanted->manifest,
			    active ? active->manifest : NULL, error) < 0)
			return -1;
	}
	return 0;
}

static int add_departures(Transaction *transaction, Error *error)
{
	for (size_t i = 0; i < transaction->state.active.n; i++) {
		const Manifest *active = transaction->state.active.items[i].manifest;

		if (improvements_find(&transaction->goal, active->component))
			continue;
		if (add_change(transaction, why_gone(transaction, active), active, active, error) < 0)
			return -1;
	}
	return 0;
}

int plan_drop_retired(Transaction *transaction, Error *error)
{
	Improvements *goal = &transaction->goal;

	if (goal->n == 0)
		return 0;
	if (transaction->usr < 0 &&
		overlay_open_base(transaction->engine->root, &transaction->usr, error) < 0)
		return -1;
	for (size_t i = goal->n; i > 0; i--) {
		const Manifest *manifest = goal->items[i - 1].manifest;
		int r = base_check(manifest, transaction->usr, error);

		if (r < 0)
			return -1;
		if (r > 0)
			improvements_drop(goal, manifest->component);
	}
	return 0;
}

static int choose_generation(Transaction *transaction, Error *error)
{
	CLEANUP_FREE OverlayGeneration *mounted = NULL;
	uint64_t highest = transaction->state.last_generation;
	size_t n = 0;

	if (overlay_list(transaction->engine->root, &mounted, &n, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (mounted[i].number > highest)
			highest = mounted[i].number;
	transaction->generation = transaction->goal.n > 0 ? highest + 1 : 0;
	return 0;
}

int plan_changes(Transaction *transaction, Error *error)
{
	transaction->n_changes = 0;
	if (add_arrivals(transaction, error) < 0 || add_departures(transaction, error) < 0)
		return -1;
	return choose_generation(transaction, error);
}

static int add_advisory(json_t *array, const ManifestAdvisory *advisory, Error *error)
{
	json_t *item = json_object();

	if (json_add(array, item, error) < 0 || json_put_text(item, "id", advisory->id, error) < 0 ||
		json_put_text(item, "severity", advisory->severity, error) < 0)
		return -1;
	return json_put_text(item, "summary", advisory->summary, error);
}

int plan_put_advisories(json_t *object, const Manifest *manifest, Error *error)
{
	json_t *array = json_array();

	if (json_put(object, "advisories", array, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_advisories; i++)
		if (add_advisory(array, &manifest->advisories[i], error) < 0)
			return -1;
	return 0;
}

static bool fixes(const Manifest *manifest, const char *advisory)
{
	for (size_t i = 0; i < manifest->n_advisories; i++)
		if (strcmp(manifest->advisories[i].id, advisory) == 0)
			return true;
	return false;
}

/* What the letter that goes fixes, and the one that comes, if any does, does not. */
static int put_open_again(json_t *object, const Change *change, Error *error)
{
	const Manifest *leaving = change->leaving;
	json_t *array = json_array();

	if (json_put(object, "open_again", array, error) < 0)
		return -1;
	for (size_t i = 0; leaving && i < leaving->n_advisories; i++)
		if (!(change->to && fixes(change->manifest, leaving->advisories[i].id)) &&
			add_advisory(array, &leaving->advisories[i], error) < 0)
			return -1;
	return 0;
}

static int put_download(const Change *change, json_t *object, Error *error)
{
	json_t *download = json_object();

	if (json_put(object, "download", download, error) < 0 ||
		json_put_text(download, "kind", change->download->kind == MANIFEST_DELTA ? "delta" : "full",
			error) < 0 ||
		json_put_integer(download, "size", (int64_t)change->download->size, error) < 0 ||
		json_put_integer(download, "received", (int64_t)change->received, error) < 0)
		return -1;
	return change->download->from ? json_put_text(download, "from", change->download->from, error) : 0;
}

int plan_change_to_json(const Change *change, json_t *object, Error *error)
{
	const Manifest *manifest = change->manifest;
	char letter[LETTER_SIZE];

	if (json_put_text(object, "action", action_names[change->action], error) < 0 ||
		json_put_text(object, "component", change->component, error) < 0 ||
		json_put_text(object, "base_version", manifest->base_version, error) < 0 ||
		json_put_text(object, "fixed_version", manifest->fixed_version, error) < 0 ||
		(change->from && json_put_text(object, "from_letter",
					 letter_from_sequence(change->from, letter), error) < 0) ||
		(change->to && json_put_text(object, "letter", letter_from_sequence(change->to, letter),
				       error) < 0) ||
		json_put_integer(object, "image_size", (int64_t)manifest->image_size, error) < 0 ||
		json_put_integer(object, "files", (int64_t)manifest->n_files, error) < 0 ||
		plan_put_advisories(object, manifest, error) < 0 ||
		put_open_again(object, change, error) < 0 ||
		(change->reason && json_put_text(object, "reason", change->reason, error) < 0))
		return -1;
	return change->download ? put_download(change, object, error) : 0;
}

int plan_put_changes(const Transaction *transaction, json_t *document, Error *error)
{
	json_t *changes = json_array();

	if (json_put(document, "changes", changes, error) < 0)
		return -1;
	for (size_t i = 0; i < transaction->n_changes; i++) {
		json_t *object = json_object();

		if (json_add(changes, object, error) < 0 ||
			plan_change_to_json(&transaction->changes[i], object, error) < 0)
			return -1;
	}
	return 0;
}

static int add_kept_off(json_t *array, const CatalogSeries *series, Error *error)
{
	json_t *item = json_object();
	char letter[LETTER_SIZE];

	if (json_add(array, item, error) < 0 ||
		json_put_text(item, "component", series->component, error) < 0 ||
		json_put_text(item, "letter", letter_from_sequence(series->manifest->sequence, letter),
			error) < 0 ||
		json_put_text(item, "base_version", series->manifest->base_version, error) < 0)
		return -1;
	return plan_put_advisories(item, series->manifest, error);
}

/* What the repository has for this system, and people took off. */
static int put_kept_off(const Transaction *transaction, json_t *document, Error *error)
{
	json_t *array = json_array();

	if (json_put(document, "kept_off", array, error) < 0)
		return -1;
	for (size_t i = 0; transaction->catalog && i < transaction->catalog->n; i++) {
		const CatalogSeries *series = &transaction->catalog->series[i];

		if (series->verdict == CATALOG_FITS &&
			kept_off_covers(&transaction->state.kept_off, series->manifest) &&
			!improvements_find(&transaction->goal, series->component) &&
			add_kept_off(array, series, error) < 0)
			return -1;
	}
	return 0;
}

/* What the repository has for components that are here, and cannot be used: people ask why. */
static int put_unfit(const Transaction *transaction, json_t *document, Error *error)
{
	json_t *array = json_array();

	if (json_put(document, "not_for_this_system", array, error) < 0)
		return -1;
	for (size_t i = 0; transaction->catalog && i < transaction->catalog->n; i++) {
		const CatalogSeries *series = &transaction->catalog->series[i];
		json_t *item;

		if (!series->reason || series->verdict == CATALOG_NOT_INSTALLED ||
			series->verdict == CATALOG_PINNED ||
			catalog_find(transaction->catalog, series->component))
			continue;
		item = json_object();
		if (json_add(array, item, error) < 0 ||
			json_put_text(item, "component", series->component, error) < 0 ||
			json_put_text(item, "reason", series->reason, error) < 0)
			return -1;
	}
	return 0;
}

static int add_held_back(json_t *array, const CatalogSeries *series, Error *error)
{
	CLEANUP_FREE char *reason = NULL;
	json_t *item = json_object();
	char letter[LETTER_SIZE];

	if (json_add(array, item, error) < 0 || pins_describe(series->pin, &reason, error) < 0 ||
		json_put_text(item, "component", series->component, error) < 0 ||
		json_put_text(item, "letter", letter_from_sequence(series->held_back, letter), error) < 0 ||
		json_put_text(item, "base_version", series->manifest->base_version, error) < 0)
		return -1;
	return json_put_text(item, "reason", reason, error);
}

/* What fits and is newer than what there will be, but for a pin. */
static int put_held_back(const Transaction *transaction, json_t *document, Error *error)
{
	json_t *array = json_array();

	if (json_put(document, "held_back", array, error) < 0)
		return -1;
	for (size_t i = 0; transaction->catalog && i < transaction->catalog->n; i++) {
		const CatalogSeries *series = &transaction->catalog->series[i];
		const Improvement *have = improvements_find(&transaction->goal, series->component);

		if ((series->verdict == CATALOG_FITS || series->verdict == CATALOG_PINNED) &&
			series->held_back > (have ? have->manifest->sequence : 0) &&
			add_held_back(array, series, error) < 0)
			return -1;
	}
	return 0;
}

int plan_report(Transaction *transaction, bool done, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *exposed = NULL, *waits = NULL;

	if (!document)
		return error_memory(error);
	if (json_put_text(document, "format", format_name, error) < 0 ||
		json_put(document, "done", json_boolean(done), error) < 0 ||
		plan_put_changes(transaction, document, error) < 0 ||
		put_kept_off(transaction, document, error) < 0 ||
		put_held_back(transaction, document, error) < 0 ||
		put_unfit(transaction, document, error) < 0 ||
		waiting_to_json(&transaction->waiting, &waits, error) < 0 ||
		json_put(document, "waits", waits, error) < 0)
		return -1;
	/* Before, the prediction: who uses today what the goal replaces. After, the truth. */
	if (exposure_report(transaction->engine, &transaction->state, &transaction->goal, &exposed, error) <
			0 ||
		json_put(document, "exposed", exposed, error) < 0 ||
		restart_forecast_put(transaction->predicted, json_object_get(exposed, "actions"), done,
			document, error) < 0)
		return -1;
	if (improvements_equal(&transaction->goal, &transaction->state.active))
		ledger_note_exposure(transaction->engine, &transaction->state, exposed, NULL);
	*ret = TAKE_PTR(document);
	return 0;
}
