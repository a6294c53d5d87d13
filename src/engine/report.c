/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The reports that look without changing anything: status, exposed and history.
 */

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/url.h"
#include "engine/boot-report.h"
#include "engine/context.h"
#include "engine/exposure.h"
#include "engine/guard.h"
#include "engine/history.h"
#include "engine/ledger-update.h"
#include "engine/plan.h"
#include "engine/settings-report.h"
#include "engine/report.h"
#include "engine/state.h"
#include "engine/suspension.h"
#include "engine/watch-report.h"
#include "parts/image/verity.h"
#include "parts/manifest/letter.h"
#include "parts/overlay/overlay.h"

static const char status_format[] = "suture-status-1";

int report_put_os(const Engine *engine, json_t *document, Error *error)
{
	json_t *os = json_object();

	if (json_put(document, "os", os, error) < 0 || json_put_text(os, "id", engine->os.id, error) < 0 ||
		json_put_text(os, "version_id", engine->os.version_id, error) < 0 ||
		json_put_text(os, "architecture", engine->os.architecture, error) < 0)
		return -1;
	return engine->os.image_version ? json_put_text(os, "image_version", engine->os.image_version, error)
					: 0;
}

int report_put_improvement(json_t *array, const Improvement *improvement, Error *error)
{
	const Manifest *manifest = improvement->manifest;
	CLEANUP_FREE char *title = NULL;
	char letter[LETTER_SIZE];
	json_t *item = json_object();

	if (json_add(array, item, error) < 0 || manifest_title(manifest, &title, error) < 0 ||
		json_put_text(item, "title", title, error) < 0 ||
		json_put_text(item, "component", manifest->component, error) < 0 ||
		json_put_text(item, "letter", letter_from_sequence(manifest->sequence, letter), error) < 0 ||
		json_put_text(item, "base_version", manifest->base_version, error) < 0 ||
		json_put_text(item, "fixed_version", manifest->fixed_version, error) < 0 ||
		json_put_time(item, "released", manifest->released, error) < 0 ||
		json_put_integer(item, "files", (int64_t)manifest->n_files, error) < 0 ||
		json_put_integer(item, "image_size", (int64_t)manifest->image_size, error) < 0 ||
		(improvement->installed > 0 &&
			json_put_time(item, "installed", improvement->installed, error) < 0))
		return -1;
	return plan_put_advisories(item, manifest, error);
}

/* An image that was discarded is guarded by nothing. */
static int put_integrity(
	const Engine *engine, const Manifest *manifest, json_t *item, Protection *least, Error *error)
{
	bool is_here = store_has_blob(engine->store, STORE_IMAGE, &manifest->image_digest);
	bool corrupt = !is_here || (geteuid() == 0 && guard_is_corrupt(manifest));
	Protection protection;

	if (json_put(item, "corrupt", json_boolean(corrupt), error) < 0)
		return -1;
	if (!is_here)
		return 0;
	protection = guard_kind(engine, manifest);
	*least = protection < *least ? protection : *least;
	return json_put_text(item, "integrity", integrity_protection(protection), error);
}

/* What the ledger says; nobody is protected by what /usr does not show. */
static int put_ledger(const Ledger *ledger, const Digest *manifest, bool shown, json_t *item, Error *error)
{
	const LedgerEntry *entry = ledger_find(ledger, manifest);
	json_t *object;

	if (!entry)
		return 0;
	object = json_object();
	if (json_put(item, "ledger", object, error) < 0 || ledger_put_times(entry, object, error) < 0)
		return -1;
	if (!shown)
		(void)json_object_del(object, "protected");
	return 0;
}

static int put_ledgers(const Engine *engine, const State *state, bool shown, json_t *document, Error *error)
{
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	const json_t *array = json_object_get(document, "improvements");

	if (ledger_observe(engine, state, json_object_get(document, "exposed"), NULL, &ledger, error) < 0)
		return -1;
	for (size_t i = 0; i < state->active.n; i++)
		if (put_ledger(&ledger, &state->active.items[i].manifest_digest, shown,
			    json_array_get(array, i), error) < 0)
			return -1;
	return 0;
}

static int put_improvements(
	const Engine *engine, const State *state, bool shown, json_t *document, Error *error)
{
	Protection least =
		state->active.n > 0 || verity_is_supported() ? PROTECTION_DM_VERITY : PROTECTION_WHOLE;
	Integrity wanted = engine->config.integrity;
	json_t *array = json_array();

	if (json_put(document, "improvements", array, error) < 0)
		return -1;
	for (size_t i = 0; i < state->active.n; i++) {
		const Improvement *each = &state->active.items[i];

		if (report_put_improvement(array, each, error) < 0 ||
			json_put(json_array_get(array, i), "proven",
				json_boolean(trial_is_proven(&state->trial, &each->manifest_digest)),
				error) < 0 ||
			put_integrity(engine, each->manifest, json_array_get(array, i), &least, error) < 0)
			return -1;
	}
	if (json_put_text(document, "integrity", integrity_protection(least), error) < 0 ||
		json_put_text(document, "integrity_wanted", integrity_word(wanted), error) < 0)
		return -1;
	return json_put(document, "integrity_met",
		json_boolean(state->active.n == 0 || !shown || integrity_takes(wanted, least)), error);
}

/* What people took off, and is not back in a newer letter. */
static int put_kept_off(const State *state, json_t *document, Error *error)
{
	json_t *array = json_array();

	if (json_put(document, "kept_off", array, error) < 0)
		return -1;
	for (size_t i = 0; i < state->kept_off.n; i++) {
		json_t *item;

		if (improvements_find(&state->active, state->kept_off.items[i].component))
			continue;
		item = json_object();
		if (json_add(array, item, error) < 0 ||
			kept_off_item_to_json(&state->kept_off.items[i], item, error) < 0)
			return -1;
	}
	return 0;
}

int report_put_quarantined(const State *state, const char *component, json_t *document, Error *error)
{
	json_t *array = json_array();

	if (json_put(document, "quarantined", array, error) < 0)
		return -1;
	for (size_t i = 0; i < state->trial.n_quarantined; i++) {
		const Quarantined *each = &state->trial.quarantined[i];
		json_t *item;

		if (component && strcmp(each->component, component) != 0)
			continue;
		item = json_object();
		if (json_add(array, item, error) < 0 || trial_quarantined_to_json(each, item, error) < 0)
			return -1;
	}
	return 0;
}

/* What this boot could not activate, as long as that is so. */
static int read_boot(const Engine *engine, const State *state, uint64_t mounted, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *boot = NULL;

	*ret = NULL;
	if (mounted == state->generation)
		return 0;
	if (boot_report_of_root(engine->root, &boot, error) < 0)
		return -1;
	if (boot_report_is_of(boot, mounted))
		*ret = json_incref(boot);
	return 0;
}

static int put_boot(const json_t *boot, json_t *document, Error *error)
{
	return boot ? json_put(document, "boot_problems", json_incref(json_object_get(boot, "problems")),
			      error)
		    : 0;
}

static bool is_any_corrupt(const json_t *document)
{
	size_t index;
	json_t *item;

	json_array_foreach(json_object_get(document, "improvements"), index, item)
	{
		if (json_is_true(json_object_get(item, "corrupt")))
			return true;
	}
	return false;
}

/* "corrupt": the kernel refuses to read some of what is active, or its image is gone. "base": nothing is
 * installed. "protected": active, and nobody is exposed. "exposed": active, and somebody is. "unknown":
 * active, but not every process could be looked into. "suspended": /usr shows the base for a package manager.
 * "inactive": it shows the base. "partial": /usr shows what a boot could activate of it. "interrupted": /usr
 * shows a generation that the state does not know (yet). */
static const char *judge(const Engine *engine, const State *state, uint64_t mounted, const json_t *boot,
	const json_t *document)
{
	const json_t *exposed = json_object_get(document, "exposed");

	if (mounted != state->generation && mounted == 0)
		return suspension_is_on(engine->root_fd) ? "suspended" : "inactive";
	if (mounted != state->generation)
		return boot ? "partial" : "interrupted";
	if (state->active.n == 0)
		return "base";
	if (is_any_corrupt(document) || guard_is_spoilt(engine))
		return "corrupt";
	if (json_array_size(json_object_get(exposed, "processes")) > 0)
		return "exposed";
	return json_is_true(json_object_get(exposed, "complete")) ? "protected" : "unknown";
}

/* Looking into other processes and below the overlay takes root. */
static int look(const Engine *engine, const State *state, json_t **ret, Error *error)
{
	if (geteuid() == 0)
		return exposure_report(engine, state, &state->active, ret, error);
	return exposure_unseen(ret, error);
}

/* Everybody may ask for the status: the password of a repository stays out of it. */
static int put_repository(const Engine *engine, json_t *document, Error *error)
{
	CLEANUP_FREE char *shown = NULL;

	if (!engine->config.repository)
		return 0;
	if (url_for_people(engine->config.repository, &shown, error) < 0)
		return -1;
	return json_put_text(document, "repository", shown, error);
}

static int put_freshness(const Engine *engine, const State *state, json_t *document, Error *error)
{
	int64_t now = clock_now();

	if (put_repository(engine, document, error) < 0)
		return -1;
	if (state->checked > 0 && json_put_time(document, "checked", state->checked, error) < 0)
		return -1;
	if (state->expires > 0 &&
		(json_put_time(document, "metadata_expires", state->expires, error) < 0 ||
			json_put(document, "stale", json_boolean(state->expires <= now), error) < 0 ||
			json_put(document, "expires_soon",
				json_boolean(
					state->expires > now && state->expires < now + STATE_EXPIRES_SOON),
				error) < 0))
		return -1;
	return state->old_data_since > 0
		       ? json_put_time(document, "old_data_since", state->old_data_since, error)
		       : 0;
}

static int put_package_manager(const Engine *engine, json_t *document, Error *error)
{
	PackageManager manager;
	json_t *object;
	int r = suspension_find_manager(engine->root_fd, &manager, error);

	if (r != 0)
		return r < 0 ? -1 : 0;
	object = json_object();
	if (json_put(document, "package_manager", object, error) < 0 ||
		json_put_integer(object, "pid", manager.pid, error) < 0)
		return -1;
	return json_put_text(object, "name", manager.name, error);
}

static int put_watch(const Engine *engine, json_t *document, Error *error)
{
	CLEANUP_JSON json_t *watch = NULL;

	if (watch_report_read(engine->root_fd, &watch, error) < 0)
		return -1;
	return watch ? json_put(document, "watch", TAKE_PTR(watch), error) : 0;
}

int engine_status(Engine *engine, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_JSON json_t *boot = NULL;
	CLEANUP_STATE State state = STATE_INIT;
	json_t *exposed = NULL;
	uint64_t mounted = 0;

	if (!document)
		return error_memory(error);
	if (state_load(engine->store, &state, error) < 0 ||
		overlay_current(engine->root, &mounted, error) < 0 ||
		read_boot(engine, &state, mounted, &boot, error) < 0 ||
		look(engine, &state, &exposed, error) < 0 ||
		json_put(document, "exposed", exposed, error) < 0 ||
		put_improvements(engine, &state, mounted == state.generation, document, error) < 0 ||
		put_ledgers(engine, &state, mounted == state.generation, document, error) < 0 ||
		json_put_text(document, "format", status_format, error) < 0 ||
		json_put_text(document, "root", engine->root, error) < 0 ||
		report_put_os(engine, document, error) < 0 ||
		json_put_integer(document, "generation", (int64_t)mounted, error) < 0 ||
		json_put_text(document, "verdict", judge(engine, &state, mounted, boot, document), error) <
			0 ||
		put_kept_off(&state, document, error) < 0 ||
		report_put_quarantined(&state, NULL, document, error) < 0 ||
		put_boot(boot, document, error) < 0 || put_package_manager(engine, document, error) < 0 ||
		put_freshness(engine, &state, document, error) < 0 ||
		put_watch(engine, document, error) < 0 ||
		settings_report_put(&engine->config, document, error) < 0)
		return -1;
	*ret = TAKE_PTR(document);
	return 0;
}

int engine_exposed(Engine *engine, json_t **ret, Error *error)
{
	CLEANUP_STATE State state = STATE_INIT;

	if (state_load(engine->store, &state, error) < 0)
		return -1;
	if (geteuid() != 0)
		return error_set(error, "looking into other people's processes takes root: run it as root");
	if (exposure_report(engine, &state, &state.active, ret, error) < 0)
		return -1;
	ledger_note_exposure(engine, &state, *ret, NULL);
	return 0;
}

int engine_history(Engine *engine, json_t **ret, Error *error)
{
	return history_read(engine->store, ret, error);
}
