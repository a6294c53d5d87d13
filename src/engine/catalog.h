/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the repository has for this device: for each series of letters (one component on one base), the newest
 * improvement that is not withdrawn and not beyond what the policy pins the component at, and whether it
 * fits.
 */

#include "engine/context.h"
#include "engine/improvements.h"
#include "engine/remote.h"

typedef enum CatalogVerdict {
	CATALOG_FITS,          /* made for exactly this base */
	CATALOG_NOT_INSTALLED, /* none of its base's files is here */
	CATALOG_OTHER_BASE,    /* the component is here, with other bytes */
	CATALOG_OTHER_OS,
	CATALOG_WITHDRAWN,   /* every letter of the series was */
	CATALOG_PINNED,      /* the policy lets no letter of the series be installed */
	CATALOG_QUARANTINED, /* set by the check: its image did harm here, or boots with it did not complete
			      */
} CatalogVerdict;

/* A letter whose manifest was not looked at yet. */
typedef struct CatalogLetter {
	char *path;
	uint64_t length;
	Digest digest;
	const json_t *hashes; /* the updater's */
	unsigned sequence;
} CatalogLetter;

typedef struct CatalogSeries {
	char *component;
	CatalogVerdict verdict;
	Digest manifest_digest; /* of the one that is offered; where none is, of the newest */
	Digest newest_digest;   /* of the newest, withdrawn or not */
	Manifest *manifest;
	unsigned *withdrawn; /* sequences, by the newest manifest's word */
	size_t n_withdrawn;
	const Pin *pin;         /* of the configuration; NULL: the component is not pinned */
	CatalogLetter *earlier; /* than the one that is offered, newest first, without what is withdrawn */
	size_t n_earlier;
	unsigned held_back; /* the newest letter beyond the pin that is not withdrawn; 0: none is */
	char *reason;       /* why it does not fit, as a sentence; NULL when it does */
} CatalogSeries;

typedef struct Catalog {
	CatalogSeries *series;
	size_t n;
} Catalog;

/* Fetches the manifests that the store does not hold yet. usr is the true base's /usr. */
int catalog_read(
	Engine *engine, Remote *remote, EngineNames components, int usr, Catalog **ret, Error *error);
Catalog *catalog_free(Catalog *catalog);
DEFINE_CLEANUP(Catalog *, catalog_free);

enum { CATALOG_UNFIT = 1 }; /* it cannot be understood, or is for another base than the one that is offered */

/* The manifest of series->earlier[at], in the store as well. */
int catalog_read_earlier(Engine *engine, Remote *remote, int usr, const CatalogSeries *series, size_t at,
	Manifest **ret, Error *error);

/* The series of this component that fits, or NULL. */
const CatalogSeries *catalog_find(const Catalog *catalog, const char *component);
