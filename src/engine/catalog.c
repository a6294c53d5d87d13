/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/shuffle.h"
#include "parts/manifest/base-check.h"
#include "parts/manifest/letter.h"
#include "parts/manifest/os-release.h"

enum { LETTERS_MAX = 65536, SEGMENT_MAX = 128, CATALOG_SIZE_MAX = 256 * 1024 * 1024 };

/* A manifest that this version cannot read, perhaps of a newer format. */
enum { MANIFEST_UNREADABLE = 1 };

static const char manifest_file[] = "manifest.json";

/* One manifest among the targets: PREFIX/COMPONENT/BASE/LETTER/manifest.json. */
typedef struct Listed {
	char *path;
	uint64_t length;
	Digest digest;
	const json_t *hashes; /* the updater's */
	size_t series_length; /* bytes of path up to and with BASE: what the letters of a series share */
	char component[SEGMENT_MAX + 1];
	unsigned sequence;
} Listed;

typedef struct Listing {
	EngineNames wanted;
	size_t prefix_length;
	Listed *items;
	size_t n;
} Listing;

static void listing_clear(Listing *listing)
{
	for (size_t i = 0; i < listing->n; i++)
		free(listing->items[i].path);
	free(listing->items);
}

static bool is_wanted(EngineNames wanted, const char *component)
{
	for (size_t i = 0; i < wanted.count; i++)
		if (strcmp(wanted.names[i], component) == 0)
			return true;
	return wanted.count == 0;
}

/* Splits a target's path; false when it is no manifest's. */
static bool split_path(const char *path, size_t prefix_length, Listed *ret)
{
	const char *component = path + prefix_length;
	const char *base = strchr(component, '/');
	const char *letter = base ? strchr(base + 1, '/') : NULL;
	const char *file = letter ? strchr(letter + 1, '/') : NULL;
	char text[LETTER_SIZE];

	if (!file || strcmp(file + 1, manifest_file) != 0 || base - component > SEGMENT_MAX ||
		file - letter - 1 >= LETTER_SIZE)
		return false;
	(void)snprintf(ret->component, sizeof(ret->component), "%.*s", (int)(base - component), component);
	(void)snprintf(text, sizeof(text), "%.*s", (int)(file - letter - 1), letter + 1);
	ret->series_length = (size_t)(letter - path);
	return text_is_name(ret->component, SEGMENT_MAX) &&
	       letter_to_sequence(text, &ret->sequence, NULL) == 0;
}

static int list_target(void *userdata, const UpdaterTarget *target, Error *error)
{
	Listing *listing = userdata;
	Listed item = {.length = target->length, .digest = target->digest, .hashes = target->hashes};
	Listed *items;

	if (!split_path(target->path, listing->prefix_length, &item) ||
		!is_wanted(listing->wanted, item.component))
		return 0;
	if (!json_has(target->hashes, "sha256"))
		return error_set(
			error, "%s has no SHA-256 in the repository's signed metadata", target->path);
	if (listing->n == LETTERS_MAX)
		return error_set(error, "the repository lists more than %d improvements", LETTERS_MAX);
	items = reallocarray(listing->items, listing->n + 1, sizeof(*items));
	if (!items)
		return error_memory(error);
	listing->items = items;
	if (text_copy(target->path, &item.path, error) < 0)
		return -1;
	items[listing->n++] = item;
	return 0;
}

/* By series, newest letter first. */
static int compare_listed(const void *a, const void *b)
{
	const Listed *left = a, *right = b;
	size_t shared =
		left->series_length < right->series_length ? left->series_length : right->series_length;
	int order = memcmp(left->path, right->path, shared);

	if (order == 0 && left->series_length != right->series_length)
		order = left->series_length < right->series_length ? -1 : 1;
	return order ? order : (left->sequence < right->sequence) - (left->sequence > right->sequence);
}

static bool same_series(const Listed *a, const Listed *b)
{
	return a->series_length == b->series_length && memcmp(a->path, b->path, a->series_length) == 0;
}

/* A signed manifest that speaks of something else than its path is a publisher's mistake, or one team's try
 * to speak for another. */
static int check_identity(const Engine *engine, const Listed *item, const Manifest *manifest, Error *error)
{
	if (strcmp(manifest->component, item->component) != 0 || manifest->sequence != item->sequence ||
		strcmp(manifest->os.id, engine->os.id) != 0 ||
		strcmp(manifest->os.version_id, engine->os.version_id) != 0 ||
		strcmp(manifest->os.architecture, engine->os.architecture) != 0)
		return error_set(error, "%s describes something else than its path says", item->path);
	return 0;
}

static int read_manifest(Engine *engine, Remote *remote, const Listed *item, Manifest **ret, Error *error)
{
	UpdaterTarget target = {item->path, item->length, item->digest, item->hashes};
	CLEANUP_IMPROVEMENTS Improvements cached = IMPROVEMENTS_INIT;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	CLEANUP(manifest_free) Manifest *manifest = NULL;

	if (store_has_blob(engine->store, STORE_MANIFEST, &item->digest) &&
		improvements_put(&cached, engine->store, &item->digest, 0, NULL) == 0) {
		manifest = TAKE_PTR(cached.items[0].manifest);
	} else {
		if (remote_fetch(remote, &target, MANIFEST_SIZE_MAX, &text, error) < 0)
			return -1;
		if (manifest_parse(buffer_bytes(&text), &manifest, error) < 0) {
			(void)error_in(error, "%s", item->path);
			return MANIFEST_UNREADABLE;
		}
		if (store_put_blob(engine->store, STORE_MANIFEST, &item->digest, buffer_bytes(&text), error) <
			0)
			return -1;
	}
	if (check_identity(engine, item, manifest, error) < 0)
		return -1;
	*ret = TAKE_PTR(manifest);
	return 0;
}

static bool in_sequences(const unsigned *sequences, size_t n, unsigned sequence)
{
	for (size_t i = 0; i < n; i++)
		if (sequences[i] == sequence)
			return true;
	return false;
}

static int copy_withdrawn(const Manifest *newest, CatalogSeries *series, Error *error)
{
	if (newest->n_withdrawn == 0)
		return 0;
	series->withdrawn = calloc(newest->n_withdrawn, sizeof(*series->withdrawn));
	if (!series->withdrawn)
		return error_memory(error);
	memcpy(series->withdrawn, newest->withdrawn, newest->n_withdrawn * sizeof(*series->withdrawn));
	series->n_withdrawn = newest->n_withdrawn;
	return 0;
}

static int judge(const Engine *engine, int usr, CatalogSeries *series, Error *error)
{
	Error why = ERROR_INIT;
	int r;

	if (!series->held_back &&
		in_sequences(series->withdrawn, series->n_withdrawn, series->manifest->sequence)) {
		series->verdict = CATALOG_WITHDRAWN;
		return text_copy("every letter on this base was withdrawn", &series->reason, error);
	}
	r = os_match(&series->manifest->os, &engine->os, &why);
	if (r == OS_DIFFERS) {
		series->verdict = CATALOG_OTHER_OS;
		return text_copy(why.text, &series->reason, error);
	}
	if (r == 0)
		r = base_check(series->manifest, usr, &why);
	if (r < 0) {
		*error = why;
		return -1;
	}
	if (r == 0 && series->held_back && series->manifest->sequence > series->pin->sequence) {
		series->verdict = CATALOG_PINNED;
		return pins_describe(series->pin, &series->reason, error);
	}
	series->verdict = r == BASE_ABSENT    ? CATALOG_NOT_INSTALLED
			  : r == BASE_DIFFERS ? CATALOG_OTHER_BASE
					      : CATALOG_FITS;
	return r == 0 ? 0 : text_copy(why.text, &series->reason, error);
}

/* Notes the first that is beyond the pin. */
static bool is_held_back(CatalogSeries *series, unsigned sequence)
{
	if (!series->pin || sequence <= series->pin->sequence)
		return false;
	series->held_back = series->held_back ? series->held_back : sequence;
	return true;
}

/* The place of the newest that may be installed; n when there is none. */
static size_t choose(CatalogSeries *series, const Listed *items, size_t n)
{
	size_t i = 0;

	while (i < n && (in_sequences(series->withdrawn, series->n_withdrawn, items[i].sequence) ||
				is_held_back(series, items[i].sequence)))
		i++;
	return i;
}

/* items are those behind the one that is offered. */
static int keep_earlier(CatalogSeries *series, const Listed *items, size_t n, Error *error)
{
	series->earlier = calloc(n ? n : 1, sizeof(*series->earlier));
	if (!series->earlier)
		return error_memory(error);
	for (size_t i = 0; i < n; i++) {
		CatalogLetter letter = {
			NULL, items[i].length, items[i].digest, items[i].hashes, items[i].sequence};

		if (in_sequences(series->withdrawn, series->n_withdrawn, items[i].sequence))
			continue;
		if (text_copy(items[i].path, &letter.path, error) < 0)
			return -1;
		series->earlier[series->n_earlier++] = letter;
	}
	return 0;
}

/* items are the letters of one series, newest first. */
static int read_series(Engine *engine, Remote *remote, const Listed *items, size_t n, int usr,
	CatalogSeries *series, Error *error)
{
	size_t chosen;
	int r;

	series->newest_digest = items[0].digest;
	if (text_copy(items[0].component, &series->component, error) < 0)
		return -1;
	r = read_manifest(engine, remote, &items[0], &series->manifest, error);
	if (r != 0)
		return r;
	if (copy_withdrawn(series->manifest, series, error) < 0)
		return -1;
	series->pin = pins_find(&engine->config.policy.pins, series->component);
	chosen = choose(series, items, n);
	chosen = chosen < n ? chosen : 0;
	series->manifest_digest = items[chosen].digest;
	if (keep_earlier(series, &items[chosen + 1], n - chosen - 1, error) < 0)
		return -1;
	if (chosen > 0) {
		series->manifest = manifest_free(series->manifest);
		r = read_manifest(engine, remote, &items[chosen], &series->manifest, error);
		if (r != 0)
			return r;
	}
	return judge(engine, usr, series, error);
}

static void series_clear(CatalogSeries *series)
{
	free(series->component);
	for (size_t i = 0; i < series->n_earlier; i++)
		free(series->earlier[i].path);
	free(series->earlier);
	free(series->withdrawn);
	free(series->reason);
	(void)manifest_free(series->manifest);
	*series = (CatalogSeries){.component = NULL};
}

/* All manifests of a check are held in memory, and kept. */
static int check_size(const Listing *listing, Error *error)
{
	uint64_t size = 0;

	for (size_t i = 0; i < listing->n; i++) {
		if (i > 0 && same_series(&listing->items[i - 1], &listing->items[i]))
			continue;
		if (!range_within(size, listing->items[i].length, CATALOG_SIZE_MAX))
			return error_set(error,
				"the repository's manifests for this system have more than %d MiB together; "
				"install components by name",
				CATALOG_SIZE_MAX / (1024 * 1024));
		size += listing->items[i].length;
	}
	return 0;
}

/* The letters of one series among those that are listed. */
typedef struct Stretch {
	size_t first, n;
} Stretch;

static int split(const Listing *listing, Stretch **ret, size_t *ret_n, Error *error)
{
	CLEANUP_FREE Stretch *series = calloc(listing->n ? listing->n : 1, sizeof(*series));
	size_t n = 0;

	if (!series)
		return error_memory(error);
	for (size_t i = 0; i < listing->n; i++) {
		if (i == 0 || !same_series(&listing->items[i - 1], &listing->items[i]))
			series[n++].first = i;
		series[n - 1].n++;
	}
	*ret = TAKE_PTR(series);
	*ret_n = n;
	return 0;
}

/* One that cannot be read must not keep the fixes of others away; who asked for it by name hears of it. */
static int read_one(Engine *engine, Remote *remote, const Listing *listing, const Stretch *stretch, int usr,
	CatalogSeries *series, Error *error)
{
	Error why = ERROR_INIT;
	int r = read_series(engine, remote, &listing->items[stretch->first], stretch->n, usr, series, &why);

	if (r == MANIFEST_UNREADABLE && listing->wanted.count == 0) {
		log_warning("left out: %s", why.text);
		series_clear(series);
		return 0;
	}
	if (r != 0)
		*error = why;
	return r != 0 ? -1 : 0;
}

/* What was left out has no component. */
static void close_gaps(Catalog *catalog)
{
	size_t n = 0;

	for (size_t i = 0; i < catalog->n; i++)
		if (catalog->series[i].component)
			catalog->series[n++] = catalog->series[i];
	catalog->n = n;
}

/* Asks the server in an order that tells nothing (engine/shuffle.h), and puts them into theirs. */
static int read_all(
	Engine *engine, Remote *remote, const Listing *listing, int usr, Catalog *catalog, Error *error)
{
	CLEANUP_FREE Stretch *stretches = NULL;
	CLEANUP_FREE size_t *order = NULL;
	size_t n = 0;

	if (split(listing, &stretches, &n, error) < 0 || shuffle(n, &order, error) < 0)
		return -1;
	catalog->series = calloc(n ? n : 1, sizeof(*catalog->series));
	if (!catalog->series)
		return error_memory(error);
	catalog->n = n;
	for (size_t i = 0; i < n; i++)
		if (read_one(engine, remote, listing, &stretches[order[i]], usr, &catalog->series[order[i]],
			    error) < 0)
			return -1;
	close_gaps(catalog);
	return 0;
}

static int complain_about_unknown(
	const Catalog *catalog, EngineNames wanted, const ManifestOs *os, Error *error)
{
	for (size_t i = 0; i < wanted.count; i++) {
		bool known = false;

		for (size_t j = 0; j < catalog->n; j++)
			known = known || strcmp(catalog->series[j].component, wanted.names[i]) == 0;
		if (!known)
			return error_set(error,
				"the repository has no component \"%s\" for %s %s on %s; \"suture check\" "
				"lists what it has",
				wanted.names[i], os->id, os->version_id, os->architecture);
	}
	return 0;
}

int catalog_read(Engine *engine, Remote *remote, EngineNames components, int usr, Catalog **ret, Error *error)
{
	__attribute__((cleanup(listing_clear))) Listing listing = {.wanted = components};
	CLEANUP(catalog_free) Catalog *catalog = calloc(1, sizeof(*catalog));
	CLEANUP_FREE char *prefix = NULL;

	if (!catalog)
		return error_memory(error);
	if (text_format(&prefix, error, "%s/%s/%s/", engine->os.id, engine->os.version_id,
		    engine->os.architecture) < 0)
		return -1;
	listing.prefix_length = strlen(prefix);
	if (updater_each(remote_updater(remote), prefix, list_target, &listing, error) < 0)
		return -1;
	if (listing.n > 0)
		qsort(listing.items, listing.n, sizeof(*listing.items), compare_listed);
	if (check_size(&listing, error) < 0 || read_all(engine, remote, &listing, usr, catalog, error) < 0 ||
		complain_about_unknown(catalog, components, &engine->os, error) < 0)
		return -1;
	*ret = TAKE_PTR(catalog);
	return 0;
}

int catalog_read_earlier(Engine *engine, Remote *remote, int usr, const CatalogSeries *series, size_t at,
	Manifest **ret, Error *error)
{
	const CatalogLetter *letter = &series->earlier[at];
	CLEANUP(manifest_free) Manifest *manifest = NULL;
	Listed item = {.path = letter->path,
		.length = letter->length,
		.digest = letter->digest,
		.hashes = letter->hashes,
		.sequence = letter->sequence};
	int r;

	(void)snprintf(item.component, sizeof(item.component), "%s", series->component);
	r = read_manifest(engine, remote, &item, &manifest, error);
	if (r == 0)
		r = os_match(&manifest->os, &engine->os, error);
	if (r == 0)
		r = base_check(manifest, usr, error);
	if (r != 0)
		return r < 0 ? -1 : CATALOG_UNFIT;
	*ret = TAKE_PTR(manifest);
	return 0;
}

Catalog *catalog_free(Catalog *catalog)
{
	if (catalog) {
		for (size_t i = 0; i < catalog->n; i++)
			series_clear(&catalog->series[i]);
		free(catalog->series);
		free(catalog);
	}
	return NULL;
}

const CatalogSeries *catalog_find(const Catalog *catalog, const char *component)
{
	for (size_t i = 0; i < catalog->n; i++)
		if (catalog->series[i].verdict == CATALOG_FITS &&
			strcmp(catalog->series[i].component, component) == 0)
			return &catalog->series[i];
	return NULL;
}
