/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The closure ledger, the document "ledger" (docs/formats/state.md): for each improvement when it was
 * released, fetched and active, who was exposed then, what closed each exposure, and since when nobody is
 * exposed. It claims no more than a complete census of root has seen (engine/ledger-census.h).
 *
 * It is a record, and nothing is decided by it: one that is damaged begins anew, and one that cannot be
 * written holds nothing up.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "engine/improvements.h"
#include "engine/trial.h"
#include "parts/census/census.h"
#include "parts/store/store.h"

enum {
	LEDGER_ENTRIES_MAX = 200,
	LEDGER_ROWS_MAX = 500,       /* of one entry */
	LEDGER_PROCESSES_MAX = 1000, /* of one entry, that are exposed at once */
	LEDGER_ADVISORIES_MAX = 256, /* of one entry */
	LEDGER_WORD_SIZE = 16,
	LEDGER_SIZE_MAX = 2 * 1024 * 1024, /* bytes, without blanks; older rows are only counted */
};

/* What closed an exposure. */
typedef enum LedgerClosure {
	LEDGER_RESTARTED, /* suture restarted its unit */
	LEDGER_ENDED,     /* the process has ended */
	LEDGER_LEFT,      /* the process goes on, without the old bytes */
	LEDGER_REBOOTED,  /* the boot that it was a process of is over */
	LEDGER_CLOSURES,
} LedgerClosure;

/* A process that is exposed: a number alone is given to another one some day. */
typedef struct LedgerProcess {
	int64_t pid;
	int64_t started; /* clock ticks since the boot */
} LedgerProcess;

/* Processes that were exposed alike. */
typedef struct LedgerRow {
	char name[CENSUS_NAME_SIZE];
	char unit[CENSUS_UNIT_SIZE]; /* "" when in none */
	char kind[LEDGER_WORD_SIZE]; /* as in suture-exposed-1 */
	int64_t uid;
	int64_t count; /* that ever were */
	int64_t closed_by[LEDGER_CLOSURES];
	int64_t since;  /* when the first was found */
	int64_t closed; /* when the last was found closed; 0: some still are exposed */
	LedgerProcess *open;
	size_t n_open;
} LedgerRow;

/* One improvement from its activation until it goes. Times are seconds since 1970; 0: unknown, or not yet. */
typedef struct LedgerEntry {
	char component[MANIFEST_NAME_MAX + 1];
	char base_version[MANIFEST_NAME_MAX + 1];
	char fixed_version[MANIFEST_NAME_MAX + 1];
	unsigned sequence;
	Digest manifest;
	json_t *advisories; /* [id] */
	int64_t released, fetched, active;
	int64_t protected_first; /* when a census first found nobody exposed */
	int64_t protected_since; /* since when none has found anybody */
	int64_t reopened;        /* how often somebody was exposed again after that */
	int64_t gone;
	char reason[LEDGER_WORD_SIZE]; /* why it went: an action of suture-plan-1, "replace" or "unknown" */
	LedgerRow *rows;
	size_t n_rows;
	int64_t unlisted; /* exposed processes beyond the limits, at the worst */
} LedgerEntry;

/* Oldest first. Starts as LEDGER_INIT. */
typedef struct Ledger {
	LedgerEntry *entries;
	size_t n;
	char boot[TRIAL_BOOT_ID_SIZE]; /* the kernel's id of the boot of the last census; "" before one */
	bool foreign;                  /* a version that this one does not know wrote it: never replaced */
} Ledger;

#define LEDGER_INIT \
	(Ledger) \
	{ \
		.entries = NULL \
	}

/* Damage is a warning, and gives an empty ledger. store may be NULL. */
int ledger_load(const Store *store, Ledger *ret, Error *error);

/* Writes it when it differs from what the store has; a foreign one is left alone. When it is too large, the
 * rows of the oldest entries leave it, and are only counted. */
int ledger_save(Store *store, Ledger *ledger, Error *error);
/* Durable with the document that is saved or removed next (store.h). */
int ledger_save_with_next(Store *store, Ledger *ledger, Error *error);

void ledger_clear(Ledger *ledger);
static inline void ledger_clear_cleanup(Ledger *ledger)
{
	ledger_clear(ledger);
}
#define CLEANUP_LEDGER __attribute__((cleanup(ledger_clear_cleanup)))

/* The entry of the improvement with this manifest that has not gone; NULL: none. */
LedgerEntry *ledger_find(const Ledger *ledger, const Digest *manifest);

/* Begins an entry; when there are too many, the oldest that has gone is forgotten. */
int ledger_begin(Ledger *ledger, const Improvement *improvement, int64_t fetched, Error *error);

/* The improvement went: who is still exposed then remains so in its rows, but is not looked for any more. */
void ledger_end(LedgerEntry *entry, const char *reason, int64_t now);

/* How many were exposed when the entry was last looked at: of an improvement that has not gone, and of a row.
 */
size_t ledger_exposed(const LedgerEntry *entry);
int64_t ledger_remaining(const LedgerRow *row);

/* Its parts of the document, as reports show them too (engine/ledger-json.c). The times: all but the rows. */
const char *ledger_closure_name(LedgerClosure closure);
int ledger_put_times(const LedgerEntry *entry, json_t *object, Error *error);
int ledger_row_to_json(const LedgerRow *row, json_t *object, Error *error);
int ledger_to_json(const Ledger *ledger, json_t **ret, Error *error);
int ledger_from_json(const json_t *document, Ledger *ret, Error *error);
