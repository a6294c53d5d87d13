/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Letters on trial (docs/boot.md): until a boot with a letter has completed, each boot with it is counted
 * before it begins, and when TRIAL_BOOTS did not complete, the letter goes to quarantine. Pure: what is
 * decided here depends on the state and on what happened, and is made durable by the caller.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "engine/improvements.h"

enum { TRIAL_BOOTS = 2, TRIAL_BOOT_ID_SIZE = 64, TRIAL_QUARANTINE_MAX = 64 };

/* What did harm is an image: a manifest that is issued again, for another rollout, brings the same one. */
typedef struct Quarantined {
	char component[MANIFEST_NAME_MAX + 1];
	unsigned sequence;
	Digest image;
	bool has_image;  /* false: an earlier version wrote it, and the manifest alone tells what is meant */
	Digest manifest; /* by which the letter had come */
	int64_t time;
	char reason[ERROR_TEXT_SIZE];
} Quarantined;

typedef struct Trial {
	json_t *proven;                /* [manifest digest]: active, and a boot with it has completed */
	unsigned attempts;             /* boots with letters that are not, none of which completed */
	char boot[TRIAL_BOOT_ID_SIZE]; /* the kernel's id of the last one that was counted */
	char trouble[ERROR_TEXT_SIZE]; /* why that one did not complete, when that is known */
	json_t *failed_units;  /* [name]: those that had failed without these letters; NULL: unknown */
	json_t *failing_units; /* [name]: those that failed by themselves before the last letter; NULL:
				  unknown */
	json_t *failed_checks; /* [name]: the administrator's checks that had failed without these letters */
	Quarantined *quarantined; /* oldest first */
	size_t n_quarantined;
} Trial;

/* Its fields in the document "state"; all may be absent. */
int trial_from_json(const json_t *document, Trial *ret, Error *error);
int trial_to_json(const Trial *trial, json_t *document, Error *error);
void trial_clear(Trial *trial);

/* component, letter, reason and time, for people who look. */
int trial_quarantined_to_json(const Quarantined *item, json_t *object, Error *error);

bool trial_is_proven(const Trial *trial, const Digest *manifest);
/* What keeps this letter off, or NULL. */
const Quarantined *trial_find_quarantined(const Trial *trial, const Improvement *item);

typedef enum TrialVerdict {
	TRIAL_OVER,     /* nothing is on trial */
	TRIAL_GOES_ON,  /* this boot is counted already */
	TRIAL_COUNTED,  /* it is now: save before anything is activated */
	TRIAL_GIVEN_UP, /* too many: trial_give_up(), save, and only then activate */
} TrialVerdict;

/* A boot with this id is about to activate these letters. */
TrialVerdict trial_begin(Trial *trial, const Improvements *active, const char *boot);

/* Is the boot with this id one of a trial? */
bool trial_is_under_way(const Trial *trial, const Improvements *active, const char *boot);

/* Takes what is not proven out of the set. */
void trial_drop_unproven(const Trial *trial, Improvements *set);
/* Puts a letter into quarantine: it did harm, and is active no more when this becomes durable. The reason is
 * cut where it is too long. */
int trial_quarantine(Trial *trial, const Improvement *item, const char *reason, int64_t now, Error *error);

/* Puts what is not proven of the set into quarantine. */
int trial_give_up(Trial *trial, const Improvements *set, int64_t now, Error *error);

enum { TRIAL_NOT_ON = 1 };

/* The boot with this id has come to its end, with these units failed (an array of names, NULL: unknown). 0:
 * all that it has shown of what is active is proven. TRIAL_NOT_ON: it was not on trial. < 0: a unit has
 * failed that had not before. */
int trial_complete(Trial *trial, const Improvements *active, const Improvements *shown, const char *boot,
	json_t *failed, Error *error);

/* In front of trial_settle(): the checks that had failed before (an array of names, NULL: none). */
void trial_settle_checks(Trial *trial, const Improvements *former, json_t *failed);

/* In front of it as well, where something came: the services that were failing before (failing-units.h). A
 * measure for the watch alone (watch-known.h), and so whether earlier letters are proven or not. */
void trial_settle_failing(Trial *trial, json_t *failing);

/* A transaction has changed what is active, from former. failed (may be NULL: unknown) are the units that
 * have failed by now, before any boot with it. */
int trial_settle(
	Trial *trial, const Improvements *former, const Improvements *active, json_t *failed, Error *error);
