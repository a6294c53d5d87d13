/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/device-secret.h"
#include "engine/rollout.h"
#include "parts/manifest/letter.h"

enum { ITEMS_MAX = 65536 };

static const char document_name[] = "waiting";
static const char format_name[] = "suture-waiting-1";

/* The word in reports and documents, and what people read, with the time at which it ends in between. */
static const struct {
	const char *word, *before, *behind; /* behind NULL: no time */
} reasons[] = {
	[WAIT_FOR_NOTHING] = {"next-run", "the next unattended run installs it", NULL},
	[WAIT_FOR_TURN] = {"rollout", "its rollout reaches this device at ", ""},
	[WAIT_FOR_PUBLISHER] = {"held",
		"its publisher lets a part of the devices have it, and this one is not of it", NULL},
	[WAIT_FOR_DAYS] = {"deferred", "DeferDays= defers it until ", ""},
	[WAIT_FOR_SURROUNDINGS] = {"surroundings",
		"only what is urgent may come over this network or with this power", NULL},
	[WAIT_FOR_WINDOW] = {"window", "the maintenance window opens at ", ""},
	[WAIT_FOR_PEOPLE] = {"off", "Install=no: nothing is installed unless it is asked for", NULL},
};

void waiting_clear(Waiting *waiting)
{
	free(waiting->items);
	*waiting = (Waiting){NULL, 0};
}

bool waiting_is_urgent(const Manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_advisories; i++)
		if (strcmp(manifest->advisories[i].severity, "critical") == 0)
			return true;
	return manifest->rollout.urgent;
}

int waiting_judge(const Engine *engine, const Manifest *manifest, int64_t now, Wait *ret, Error *error)
{
	int64_t due =
		settings_due(&engine->config.automatic, manifest->released, waiting_is_urgent(manifest));
	Wait wait = {WAIT_FOR_NOTHING, 0};
	Digest device;
	uint64_t place;

	if (device_secret(engine->store, engine->root_fd, &device, error) < 0 ||
		rollout_place(&device, &manifest->image_digest, &place, error) < 0)
		return -1;
	switch (rollout_turn(&manifest->rollout, place, now, &wait.until)) {
	case ROLLOUT_HELD:
		wait.reason = WAIT_FOR_PUBLISHER;
		break;
	case ROLLOUT_LATER:
		wait.reason = WAIT_FOR_TURN;
		break;
	case ROLLOUT_NOW:
		break;
	}
	/* What ends last is what it waits for. */
	if (wait.reason != WAIT_FOR_PUBLISHER && due > now && due > wait.until)
		wait = (Wait){WAIT_FOR_DAYS, due};
	*ret = wait;
	return 0;
}

Wait waiting_of_device(const Engine *engine, int64_t now)
{
	const AutomaticSettings *settings = &engine->config.automatic;
	int64_t opening = window_next_opening(&settings->window, now);

	if (!settings->install)
		return (Wait){WAIT_FOR_PEOPLE, 0};
	if (opening != now)
		return (Wait){WAIT_FOR_WINDOW, opening};
	return (Wait){WAIT_FOR_NOTHING, 0};
}

static int append(Waiting *waiting, const WaitingItem *item, Error *error)
{
	WaitingItem *items;

	if (waiting->n == ITEMS_MAX)
		return error_set(error, "more than %d improvements wait", ITEMS_MAX);
	items = reallocarray(waiting->items, waiting->n + 1, sizeof(*items));
	if (!items)
		return error_memory(error);
	waiting->items = items;
	items[waiting->n++] = *item;
	return 0;
}

int waiting_add(Waiting *waiting, const Manifest *manifest, const Digest *digest, Wait wait, Error *error)
{
	WaitingItem item = {.sequence = manifest->sequence, .manifest = *digest, .wait = wait};

	(void)snprintf(item.component, sizeof(item.component), "%s", manifest->component);
	(void)snprintf(item.base_version, sizeof(item.base_version), "%s", manifest->base_version);
	return append(waiting, &item, error);
}

static int put_identity(const WaitingItem *item, json_t *object, Error *error)
{
	char letter[LETTER_SIZE];

	if (json_put_text(object, "component", item->component, error) < 0 ||
		json_put_text(object, "letter", letter_from_sequence(item->sequence, letter), error) < 0)
		return -1;
	return json_put_text(object, "base_version", item->base_version, error);
}

static int put_item(const WaitingItem *item, json_t *array, Error *error)
{
	json_t *object = json_object();

	if (json_add(array, object, error) < 0 || put_identity(item, object, error) < 0 ||
		json_put_digest(object, "manifest", &item->manifest, error) < 0 ||
		json_put_text(object, "reason", reasons[item->wait.reason].word, error) < 0)
		return -1;
	return item->wait.until > 0 ? json_put_time(object, "until", item->wait.until, error) : 0;
}

int waiting_save(Store *store, const Waiting *waiting, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	json_t *array = json_array();

	if (!document || json_put(document, "items", array, error) < 0)
		return error_memory(error);
	for (size_t i = 0; i < waiting->n; i++)
		if (put_item(&waiting->items[i], array, error) < 0)
			return -1;
	if (json_put_text(document, "format", format_name, error) < 0)
		return -1;
	return store_says(store, document_name, document)
		       ? 0
		       : store_save_with_next(store, document_name, document, error);
}

static int read_reason(const char *word, WaitReason *ret, Error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (strcmp(reasons[i].word, word) == 0) {
			*ret = (WaitReason)i;
			return 0;
		}
	return error_set(error, "\"%.80s\" is no reason to wait", word);
}

static int read_item(const json_t *object, WaitingItem *ret, Error *error)
{
	const char *component, *letter, *base_version, *reason;

	if (json_string_field(object, "component", MANIFEST_NAME_MAX, &component, error) < 0 ||
		json_string_field(object, "letter", LETTER_SIZE - 1, &letter, error) < 0 ||
		json_string_field(object, "base_version", MANIFEST_NAME_MAX, &base_version, error) < 0 ||
		json_string_field(object, "reason", MANIFEST_NAME_MAX, &reason, error) < 0 ||
		json_digest_field(object, "manifest", &ret->manifest, error) < 0 ||
		letter_to_sequence(letter, &ret->sequence, error) < 0 ||
		read_reason(reason, &ret->wait.reason, error) < 0)
		return -1;
	(void)snprintf(ret->component, sizeof(ret->component), "%s", component);
	(void)snprintf(ret->base_version, sizeof(ret->base_version), "%s", base_version);
	return json_has(object, "until") ? json_time_field(object, "until", &ret->wait.until, error) : 0;
}

int waiting_load(const Store *store, Waiting *ret, Error *error)
{
	CLEANUP_WAITING Waiting waiting = {NULL, 0};
	CLEANUP_JSON json_t *document = NULL;
	json_t *array = NULL, *object;
	size_t index;
	int r = store ? store_load(store, document_name, &document, error) : STORE_ABSENT;

	if (r == STORE_ABSENT)
		return 0;
	if (r < 0)
		return -1;
	if (json_array_field(document, "items", ITEMS_MAX, &array, error) < 0)
		return error_in(error, "%s.json", document_name);
	json_array_foreach(array, index, object)
	{
		WaitingItem item = {.sequence = 0};

		if (read_item(object, &item, error) < 0)
			return error_in(error, "%s.json: items[%zu]", document_name, index);
		if (append(&waiting, &item, error) < 0)
			return -1;
	}
	*ret = waiting;
	waiting = (Waiting){NULL, 0};
	return 0;
}

void waiting_explain(const Wait *wait, Error *ret)
{
	const char *behind = reasons[wait->reason].behind;
	char time[CLOCK_TEXT_SIZE];

	(void)error_set(ret, "%s%s%s", reasons[wait->reason].before,
		behind ? clock_to_text(wait->until, time) : "", behind ? behind : "");
}

int waiting_put(json_t *object, const Wait *wait, Error *error)
{
	Error why = ERROR_INIT;

	waiting_explain(wait, &why);
	if (json_put_text(object, "reason", reasons[wait->reason].word, error) < 0 ||
		json_put_text(object, "why", why.text, error) < 0)
		return -1;
	return wait->until > 0 ? json_put_time(object, "until", wait->until, error) : 0;
}

int waiting_to_json(const Waiting *waiting, json_t **ret, Error *error)
{
	CLEANUP_JSON json_t *array = json_array();

	if (!array)
		return error_memory(error);
	for (size_t i = 0; i < waiting->n; i++) {
		json_t *object;

		if (waiting->items[i].wait.reason == WAIT_FOR_NOTHING)
			continue;
		object = json_object();
		if (json_add(array, object, error) < 0 ||
			put_identity(&waiting->items[i], object, error) < 0 ||
			waiting_put(object, &waiting->items[i].wait, error) < 0)
			return -1;
	}
	*ret = TAKE_PTR(array);
	return 0;
}
