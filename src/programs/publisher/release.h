/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One release on its way: what was read, what it becomes, and what will be published. The steps run in the
 * order of their declarations; each fills its part.
 */

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "parts/manifest/manifest.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/package/changes.h"
#include "programs/publisher/publisher.h"
#include "programs/publisher/published.h"

enum { RELEASE_DELTAS_MAX = 2 };

typedef struct Release {
	const PublisherSettings *settings;
	Progress progress;
	KeySet keys;
	PackageSet *base, *fixed;
	Changes changes;
	Manifest *manifest;
	Published *repository;
	Manifest *previous; /* the newest letter so far, NULL when this is the first */
	char *work;         /* a temporary directory */
	FileMap image;
	Buffer full; /* the compressed image */
	Buffer deltas[RELEASE_DELTAS_MAX];
	char *delta_from[RELEASE_DELTAS_MAX]; /* "base", "a" */
	size_t n_deltas;
	Buffer document; /* the manifest's bytes */
	bool is_draft;
	uint64_t package_size; /* bytes of the fixed .deb files; 0 for trees */
} Release;

void release_clear(Release *release);

enum {
	RELEASE_KNOWN = 1,
	RELEASE_DRAFT = 2,
};

/* Reads both sets and the OS, finds what changed, and begins the manifest: everything but the letter. */
int release_read(Release *release, Error *error);

/* Takes the next letter of the series. RELEASE_KNOWN when the newest letter has exactly this content. */
int release_take_letter(Release *release, Error *error);

/* The image with its digests, checked against the manifest. */
int release_build(Release *release, Error *error);

/* The compressed image and the deltas, each proved to give the image; finishes the manifest. */
int release_pack(Release *release, Error *error);

/* Stores what travels, then signs the metadata that names it. RELEASE_DRAFT when signatures are missing,
 * which the sentence says, and it waits for them. */
int release_publish(Release *release, Error *error);

int release_print(const Release *release, Error *error);
int release_print_json(const Release *release, Error *error);
