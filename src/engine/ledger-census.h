/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From a census to the ledger: who is exposed now, who no longer is and why, and with that whether each
 * improvement is protected. Pure: whether a process still lives is asked of the caller.
 */

#include "engine/ledger.h"

typedef struct LedgerCensus {
	const json_t *exposed;   /* suture-exposed-1, of what is active and shown */
	const json_t *restarted; /* the units of suture-restart-1 that were just restarted; NULL: none */
	const char *boot;        /* the kernel's id of this boot */
	int64_t booted;          /* when that began */
	const json_t *report;    /* suture-boot-1, what that has activated; NULL: nothing says so */
	int64_t now;
	/* Is this process still there, and no later one with its number? */
	bool (*lives)(void *userdata, const LedgerProcess *process);
	void *userdata;
} LedgerCensus;

/* Brings every entry that has not gone up to date. Protected is who is exposed nowhere, in a census that
 * could look into every process; who is exposed again after that is not protected any more, nor across a boot
 * that is not known to have come up with the improvement. */
int ledger_note_census(Ledger *ledger, const LedgerCensus *census, Error *error);

/* The improvement was seen not to be shown, or somebody to be exposed to it: a later census begins anew. */
void ledger_end_protection(LedgerEntry *entry);
