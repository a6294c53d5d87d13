/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A transaction takes the device from one set of active improvements to another, through the transition table
 * in transaction.c. Before the swap the journal says what is intended; after it, what is mounted says whether
 * it came to pass, and where there are checks, the journal whether they let it in. Each step can be repeated,
 * and what a step before the swap has done is undone by throwing it away.
 *
 * A step is `int step_x(Transaction *, Error *)` in step-x.c: < 0 failed, 0 done, STEP_NOTHING when nothing
 * is left to do and the transaction ends well.
 */

#include <stdbool.h>
#include <stdint.h>

#include "engine/catalog.h"
#include "engine/context.h"
#include "engine/health.h"
#include "engine/improvements.h"
#include "engine/remote.h"
#include "engine/state.h"
#include "engine/waiting.h"

enum { STEP_NOTHING = 1 };

typedef enum TransactionState {
	TRANSACTION_IDLE,
	TRANSACTION_CHECKED,   /* the goal is known */
	TRANSACTION_FETCHED,   /* all downloads are in staging, digests checked */
	TRANSACTION_REBUILT,   /* all images are in staging */
	TRANSACTION_VERIFIED,  /* each image is the one its manifest signs */
	TRANSACTION_STAGED,    /* images durable under their digests; the swap comes next */
	TRANSACTION_ACTIVATED, /* /usr shows the new generation */
	TRANSACTION_HEALTHY,   /* the administrator's checks say so */
	TRANSACTION_COMMITTED, /* the state says so */
} TransactionState;

typedef enum TransactionEvent {
	EVENT_INSTALL, /* begin */
	EVENT_REMOVE,  /* begin */
	EVENT_RESUME,  /* begin */
	EVENT_REPAIR,  /* begin */
	EVENT_REVERT,  /* begin */
	EVENT_NEXT,    /* the last step is done */
	EVENT_FAILED,  /* the last step failed */
} TransactionEvent;

/* What becomes of one component. */
typedef enum ChangeAction {
	CHANGE_INSTALL,  /* first letter on this device, or over an older letter */
	CHANGE_REPAIR,   /* the same letter again: its image rotted or was lost */
	CHANGE_REMOVE,   /* asked for */
	CHANGE_WITHDRAW, /* the publisher withdrew the letter */
	CHANGE_RETIRE,   /* the base moved on */
	CHANGE_REVERT,   /* it did harm: off, and in quarantine */
} ChangeAction;

typedef struct Change {
	ChangeAction action;
	char component[MANIFEST_NAME_MAX + 1];
	unsigned from, to; /* sequences; 0: the base */
	/* Of the improvement that comes or goes; belongs to the transaction's goal or the state. */
	const Manifest *manifest;
	const Manifest *leaving;          /* the letter that goes; NULL: none does */
	const ManifestDownload *download; /* what travels; NULL when its image is here already */
	uint64_t received;                /* bytes that travelled this time */
	const char *reason;               /* of a revert; belongs to the transaction */
} Change;

typedef struct Transaction {
	Engine *engine;
	EngineNames components; /* asked for; none means all */
	bool dry_run;
	TransactionEvent begin;
	State state; /* as committed before */
	Improvements goal;
	Improvements former; /* what was active, once the goal is: changes point into it */
	Change *changes;
	size_t n_changes;
	uint64_t generation; /* the goal's number; 0 is the base */
	Catalog *catalog;    /* of an install */
	Waiting waiting;     /* of an install: what it could bring */
	Remote *remote;      /* of an install or a repair */
	json_t *departures;  /* of the journal, when this finishes an interrupted transaction */
	json_t *predicted;   /* what will have to be restarted, looked at just before the swap; may be NULL */
	int usr;             /* the true base's /usr */
	uint64_t number;     /* transactions of this device, counted from 1 */
	int64_t started;
	int64_t fetched; /* when the last download was complete; 0: this run has fetched nothing */
	char reason[ERROR_TEXT_SIZE]; /* of a revert: why, for people */
	Health health;                /* what will be, or was, checked before and after the swap */
	json_t *failed_checks;        /* [name]: those that had failed before; NULL: there are none */
	json_t *failing_units;        /* [name]: services that were before what comes; NULL: unknown */
	bool harm;                    /* reason says what the letters that came have done */
	TransactionState reached;
} Transaction;

int transaction_new(Engine *engine, EngineNames components, bool dry_run, Transaction **ret, Error *error);
Transaction *transaction_free(Transaction *transaction);
DEFINE_CLEANUP(Transaction *, transaction_free);

/* Runs the table from one of the events that begin to its end; STEP_NOTHING when there was nothing to do. */
int transaction_run(Transaction *transaction, TransactionEvent begin, Error *error);

/* Finishes or undoes what an interrupted run has left in the journal: forward when /usr shows its generation
 * already and no check has yet to pass, else back. */
int transaction_recover(Engine *engine, Error *error);

/* The table in words, one transition a line: for the documentation, which a test holds against it. */
void transaction_print_table(FILE *out);

/* Before the journal is written: which checks will what comes have to pass? (step-health.c) */
int health_collect_for(Transaction *transaction, Error *error);
/* Before the swap: which of them fail anyway? */
int health_measure_before(Transaction *transaction, Error *error);

int step_check(Transaction *transaction, Error *error);
int step_select(Transaction *transaction, Error *error);
int step_resume(Transaction *transaction, Error *error);
int step_repair(Transaction *transaction, Error *error);
int step_condemn(Transaction *transaction, Error *error);
int step_fetch(Transaction *transaction, Error *error);
int step_rebuild(Transaction *transaction, Error *error);
int step_verify(Transaction *transaction, Error *error);
int step_stage(Transaction *transaction, Error *error);
int step_activate(Transaction *transaction, Error *error);
int step_health(Transaction *transaction, Error *error);
int step_commit(Transaction *transaction, Error *error);
int step_revert(Transaction *transaction, Error *error);
