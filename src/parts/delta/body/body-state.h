/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of body.c share: the state of a body being coded, and who does what with it.
 */

#include "parts/delta/body/adaptive.h"
#include "parts/delta/body/addresses.h"
#include "parts/delta/body/body.h"
#include "parts/delta/body/novel.h"
#include "parts/delta/model/scan.h"

enum { BODY_CHUNK = 256 }; /* references that are looked at together */

typedef struct References {
	Reference items[BODY_CHUNK];
	size_t n, next;
} References;

/* How far small constants in code have moved. */
typedef struct Drift {
	uint32_t by, last;
	uint8_t outcomes;
} Drift;

typedef struct Body {
	Layout *layout;
	Coder *coder;
	Coder teacher; /* gives back what it is handed */
	Novel *novel;
	Addresses *addresses;
	const BodyWriting *writing; /* NULL when reading */
	BodySettings settings;
	const BodyReading *reading; /* NULL when writing */
	uint8_t *window;            /* the result from window_at on */
	uint32_t window_at, at;
	ReferenceScan scan;
	References references, around;

	/* models */
	Adaptive dirty[4], right[4];            /* by the last two answers */
	Adaptive hit[REFERENCE_KINDS][4][2][4]; /* by where the guess is from, whether the target is near, and
						   the last two answers */
	Adaptive kind[REGION_KINDS + 1][8];     /* of new bytes, by the region */
	Adaptive number[32][3][4][2][2];        /* by register, distance, last two answers, drift */
	AdaptiveNumber run, length, skip, setting, drifts, part, packed;
	Adaptive whole[2];
	AdaptiveNumber moved[REFERENCE_KINDS];
	uint8_t hits[REFERENCE_KINDS], was_dirty, was_right;
	Drift drift;
} Body;

/* A copy under way: refs are looked for in old, and predicted for new. */
typedef struct Stretch {
	const OldElf *old;
	const NewElf *new;    /* NULL, as old, when there are no references */
	const uint8_t *bytes; /* old ones */
	uint32_t from;        /* where they are in the old space */
	uint32_t length;
	uint32_t boundary; /* an instruction begins here: offset in bytes */
	unsigned region;   /* ElfRegionKind */
} Stretch;

/* body-window.c: the result's bytes, as far as they are at hand. */

/* Where the byte of the result at a place is: no further back than a few dozens of bytes. */
uint8_t *body_at(Body *body, uint32_t at);

/* Sets a byte; writing, it is there already. */
void body_put(const Body *body, uint8_t *to, uint8_t byte);

/* Makes room for so many (at most 64 KiB) more bytes. */
int body_room(Body *body, uint32_t n, Error *error);

int body_copy(Body *body, const uint8_t *from, uint32_t n, Error *error);
int body_flush(Body *body, uint32_t keep, Error *error);

/* body-references.c */

/* Copies [offset, end) of the stretch, which has the given references and nothing to correct. */
int body_copy_clean(Body *body, Stretch *stretch, const References *references, uint32_t offset, uint32_t end,
	Error *error);

/* body-changes.c */

/* n new bytes in place of those of the stretch from offset on. */
int body_correct(Body *body, Stretch *stretch, const References *references, uint32_t offset, uint32_t n,
	Error *error);

/* The n new bytes between two blocks, or before the first or behind the last. last is the stretch before;
 * next the block behind, NULL without one. */
int body_code_between(Body *body, const Stretch *last, const Block *next, uint32_t n, Error *error);

/* body-compare.c: just for writing. */

/* Where in [offset, end) of the stretch the result first differs; end when it does not. References do not
 * differ, whatever they point at. */
uint32_t body_first_difference(
	Body *body, const Stretch *stretch, const References *references, uint32_t offset, uint32_t end);

/* How many bytes from offset on, which differs, are to be corrected together. */
uint32_t body_correction_length(
	Body *body, const Stretch *stretch, const References *references, uint32_t offset, uint32_t end);
