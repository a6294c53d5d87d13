/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * engine_show(): one improvement, or what fixes one advisory, in detail.
 */

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/context.h"
#include "engine/report.h"
#include "engine/state.h"
#include "engine/waiting.h"
#include "parts/manifest/letter.h"

static const char show_format[] = "suture-show-1";

/* "libxml2", "libxml2 (a)", "libxml2 a" or "CVE-2026-1234"? */
static bool is_meant(const Manifest *manifest, const char *what)
{
	size_t n = strlen(manifest->component);
	unsigned sequence = 0;

	for (size_t i = 0; i < manifest->n_advisories; i++)
		if (strcasecmp(manifest->advisories[i].id, what) == 0)
			return true;
	if (!text_has_prefix(what, manifest->component))
		return false;
	if (what[n] == '\0')
		return true;
	return what[n] == ' ' && letter_to_sequence(what + n + 1, &sequence, NULL) == 0 &&
	       sequence == manifest->sequence;
}

static int put_files(const Manifest *manifest, json_t *item, Error *error)
{
	static const char *const types[] = {[MANIFEST_REGULAR] = "file",
		[MANIFEST_SYMLINK] = "symlink",
		[MANIFEST_DIRECTORY] = "directory",
		[MANIFEST_REMOVED] = "removed"};
	json_t *array = json_array();

	if (json_put(item, "changes", array, error) < 0)
		return -1;
	for (size_t i = 0; i < manifest->n_files; i++) {
		const ManifestFile *file = &manifest->files[i];
		json_t *entry = json_object();

		if (json_add(array, entry, error) < 0 ||
			json_put_text(entry, "path", file->path, error) < 0 ||
			json_put_text(entry, "type", types[file->type], error) < 0 ||
			json_put(entry, "new",
				json_boolean(file->type != MANIFEST_REMOVED &&
					     !manifest_find_base_file(manifest, file->path)),
				error) < 0 ||
			json_put_integer(entry, "size", (int64_t)file->size, error) < 0)
			return -1;
	}
	return 0;
}

static int put_pin(const Engine *engine, const Manifest *manifest, json_t *item, Error *error)
{
	const Pin *pin = pins_find(&engine->config.policy.pins, manifest->component);
	CLEANUP_FREE char *text = NULL;

	if (!pin)
		return 0;
	if (pins_describe(pin, &text, error) < 0)
		return -1;
	return json_put_text(item, "pinned", text, error);
}

static int put_shown(const Engine *engine, const Improvement *improvement, json_t *array, Error *error)
{
	json_t *item;

	if (report_put_improvement(array, improvement, error) < 0)
		return -1;
	item = json_array_get(array, json_array_size(array) - 1);
	if (put_pin(engine, improvement->manifest, item, error) < 0)
		return -1;
	return put_files(improvement->manifest, item, error);
}

/* Who asks for what is pinned wants to know that. */
static int complain_about_unknown(const Engine *engine, const char *what, Error *error)
{
	const Pin *pin = pins_find(&engine->config.policy.pins, what);
	CLEANUP_FREE char *text = NULL;

	if (!pin)
		return error_set(
			error, "nothing active here is called \"%s\"; \"suture status\" lists what is", what);
	if (pins_describe(pin, &text, error) < 0)
		return -1;
	return error_set(error, "nothing active here is called \"%s\"; it is %s", what, text);
}

/* Its own reason, and when that is over, the device's. */
static int put_wait(const Engine *engine, const WaitingItem *item, json_t *improvement, Error *error)
{
	int64_t now = clock_now();
	bool over =
		item->wait.reason == WAIT_FOR_NOTHING || (item->wait.until > 0 && item->wait.until <= now);
	Wait wait = over ? waiting_of_device(engine, now) : item->wait;
	json_t *object = json_object();

	if (json_put(improvement, "waits", object, error) < 0)
		return -1;
	return waiting_put(object, &wait, error);
}

/* Unless somebody has not waited, or the manifest went with a newer one. */
static int put_waiting_item(const Engine *engine, const State *state, const WaitingItem *item,
	const char *what, json_t *array, Error *error)
{
	const Improvement *active = improvements_find(&state->active, item->component);
	CLEANUP_IMPROVEMENTS Improvements found = IMPROVEMENTS_INIT;

	if ((active && active->manifest->sequence >= item->sequence) ||
		improvements_put(&found, engine->store, &item->manifest, 0, NULL) < 0 ||
		!is_meant(found.items[0].manifest, what))
		return 0;
	if (put_shown(engine, &found.items[0], array, error) < 0)
		return -1;
	return put_wait(engine, item, json_array_get(array, json_array_size(array) - 1), error);
}

/* What the last check found and is not active. */
static int put_waiting(
	const Engine *engine, const State *state, const char *what, json_t *array, Error *error)
{
	CLEANUP_WAITING Waiting waiting = {NULL, 0};

	if (waiting_load(engine->store, &waiting, error) < 0)
		return -1;
	for (size_t i = 0; i < waiting.n; i++)
		if (put_waiting_item(engine, state, &waiting.items[i], what, array, error) < 0)
			return -1;
	return 0;
}

int engine_show(Engine *engine, const char *what, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_STATE State state = STATE_INIT;
	json_t *array = json_array();

	if (!document || json_put(document, "improvements", array, error) < 0)
		return error_memory(error);
	if (state_load(engine->store, &state, error) < 0 ||
		json_put_text(document, "format", show_format, error) < 0 ||
		report_put_quarantined(&state, what, document, error) < 0)
		return -1;
	for (size_t i = 0; i < state.active.n; i++) {
		const Improvement *item = &state.active.items[i];

		if (is_meant(item->manifest, what) && put_shown(engine, item, array, error) < 0)
			return -1;
	}
	if (put_waiting(engine, &state, what, array, error) < 0)
		return -1;
	if (json_array_size(array) == 0 && json_array_size(json_object_get(document, "quarantined")) == 0)
		return complain_about_unknown(engine, what, error);
	*ret = TAKE_PTR(document);
	return 0;
}
