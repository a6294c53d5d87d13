/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/deltas.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/text.h"
#include "parts/delta/decode/apply.h"
#include "parts/image/image.h"

void deltas_offer_clear(DeltaOffer *offer)
{
	free(offer->items);
	*offer = (DeltaOffer){NULL, 0};
}

int deltas_offer_base(const Manifest *manifest, const PackageSet *base, DeltaOffer *ret, Error *error)
{
	CLEANUP_OFFER DeltaOffer offer = {NULL, 0};

	offer.items = calloc(manifest->n_base_files, sizeof(*offer.items));
	if (!offer.items)
		return error_memory(error);
	for (size_t i = 0; i < manifest->n_base_files; i++) {
		const ManifestBaseFile *file = &manifest->base_files[i];
		const PackageEntry *entry = package_find(base, file->path);

		if (!entry || entry->type != PACKAGE_FILE || !digest_equal(&entry->digest, &file->digest))
			return error_set(
				error, "the base given has not the %s that the manifest names", file->path);
		offer.items[offer.n_items++] = (DiffSource){file->path, package_content(base, entry)};
	}
	*ret = offer;
	offer = (DeltaOffer){NULL, 0};
	return 0;
}

int deltas_offer_image(Bytes image, DeltaOffer *ret, Error *error)
{
	DiffSource *items = calloc(1, sizeof(*items));

	if (!items)
		return error_memory(error);
	items[0] = (DiffSource){".", image};
	*ret = (DeltaOffer){items, 1};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const DiffSource *)a)->name, ((const DiffSource *)b)->name);
}

static size_t find_source(const DeltaOffer *offer, const char *name)
{
	const DiffSource key = {.name = name};
	const DiffSource *found = bsearch(&key, offer->items, offer->n_items, sizeof(key), by_name);

	return found ? (size_t)(found - offer->items) : SIZE_MAX;
}

/* How much of a file's name says what it is: "libxml2.so" of "libxml2.so.2.9.14". */
static size_t stem_length(const char *name)
{
	const char *so = strstr(name, ".so.");

	return so ? (size_t)(so - name) + strlen(".so") : strlen(name);
}

static bool same_stem(const char *a, const char *b)
{
	size_t length = stem_length(a);

	return length == stem_length(b) && memcmp(a, b, length) == 0;
}

/* A library's new version most likely comes from the old one, which has another name: the same path, else
 * the first with the same stem, preferably in the same directory. */
static size_t likely_source(const DeltaOffer *offer, const char *path)
{
	const char *name = path_basename(path);
	size_t found = find_source(offer, path);
	size_t elsewhere = SIZE_MAX;

	if (found != SIZE_MAX)
		return found;
	if (offer->n_items == 1)
		return 0;
	for (size_t i = 0; i < offer->n_items; i++) {
		const char *other = offer->items[i].name;
		const char *other_name = path_basename(other);

		if (!same_stem(name, other_name))
			continue;
		if (other_name - other == name - path && memcmp(other, path, (size_t)(name - path)) == 0)
			return i;
		if (elsewhere == SIZE_MAX)
			elsewhere = i;
	}
	return elsewhere;
}

typedef struct Extents {
	const DeltaOffer *offer;
	DiffExtent *items;
	size_t n_items, capacity;
} Extents;

static int add_extent(void *userdata, const ImageEntry *entry, Error *error)
{
	Extents *extents = userdata;
	CLEANUP_FREE char *path = NULL;

	if (!S_ISREG(entry->mode) || entry->content.size == 0)
		return 0;
	if (extents->n_items == extents->capacity) {
		size_t capacity = extents->capacity ? extents->capacity * 2 : 64;
		DiffExtent *items = reallocarray(extents->items, capacity, sizeof(*items));

		if (!items)
			return error_memory(error);
		extents->items = items;
		extents->capacity = capacity;
	}
	if (text_format(&path, error, "usr/%s", entry->path) < 0)
		return -1;
	extents->items[extents->n_items++] =
		(DiffExtent){entry->offset, entry->content.size, likely_source(extents->offer, path)};
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	uint64_t x = ((const DiffExtent *)a)->offset;
	uint64_t y = ((const DiffExtent *)b)->offset;

	return x < y ? -1 : x > y;
}

/* Hard links lead to the same run twice, which counts once. */
static void order_extents(Extents *extents)
{
	size_t kept = 0;
	uint64_t end = 0;

	if (extents->n_items > 0)
		qsort(extents->items, extents->n_items, sizeof(*extents->items), by_offset);
	for (size_t i = 0; i < extents->n_items; i++) {
		const DiffExtent *extent = &extents->items[i];

		if (extent->offset < end)
			continue;
		end = extent->offset + extent->length;
		extents->items[kept++] = *extent;
	}
	extents->n_items = kept;
}

static void show_progress(void *progress, uint64_t done, uint64_t total)
{
	progress_update(progress, done, total);
}

int deltas_make(const DeltaOffer *offer, Bytes image, Progress *progress, Buffer *ret, Error *error)
{
	Extents extents = {.offer = offer};
	int r = image_walk(image, add_extent, &extents, error);

	if (r == 0) {
		order_extents(&extents);
		r = delta_diff(
			&(DiffJob){
				.sources = offer->items,
				.n_sources = offer->n_items,
				.result = image,
				.extents = extents.items,
				.n_extents = extents.n_items,
				.progress = progress ? show_progress : NULL,
				.userdata = progress,
			},
			ret, error);
	}
	free(extents.items);
	return r;
}

typedef struct Compare {
	Bytes image;
	uint64_t at;
} Compare;

static int compare_next(void *userdata, Bytes next, Error *error)
{
	Compare *compare = userdata;

	if (!range_within(compare->at, next.size, compare->image.size) ||
		!bytes_equal(next, (Bytes){compare->image.data + compare->at, next.size}))
		return error_set(error, "the delta makes other bytes than the image from byte %llu on",
			(unsigned long long)compare->at);
	compare->at += next.size;
	return 0;
}

static int take_sources(const DeltaHeader *header, const DeltaOffer *offer, Bytes *sources, Error *error)
{
	for (uint32_t i = 0; i < header->n_sources; i++) {
		size_t found = find_source(offer, header->sources[i].name);

		if (found == SIZE_MAX)
			return error_set(error, "the delta starts from %s, which is not there",
				header->sources[i].name);
		sources[i] = offer->items[found].bytes;
	}
	return 0;
}

int deltas_check(Bytes delta, const DeltaOffer *offer, Bytes image, Error *error)
{
	__attribute__((cleanup(delta_header_clear_cleanup))) DeltaHeader header = {.sources = NULL};
	CLEANUP_FREE Bytes *sources = NULL;
	Compare compare = {image, 0};

	if (delta_header_parse(delta, &header, error) < 0)
		return -1;
	sources = calloc(header.n_sources + 1, sizeof(*sources));
	if (!sources)
		return error_memory(error);
	if (take_sources(&header, offer, sources, error) < 0 ||
		delta_apply(delta, &header, sources, compare_next, &compare, error) < 0)
		return -1;
	if (compare.at != image.size)
		return error_set(error, "the delta makes %llu bytes, and the image has %zu",
			(unsigned long long)compare.at, image.size);
	return 0;
}
