/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The journal: one document that says what a swap is to bring about. It exists only from just before the swap
 * until the state says so, or after that was interrupted (docs/formats/state.md). Where the administrator's
 * checks have a say, it says too how far they came.
 */

#include "engine/transaction.h"

enum { JOURNAL_ABSENT = 1 };

typedef struct Journal {
	TransactionState reached;
	uint64_t generation, number;
	Improvements goal;
	json_t *departures;           /* {COMPONENT: action} for what the goal lacks */
	bool unchecked;               /* there are checks, and they have not passed */
	char reason[ERROR_TEXT_SIZE]; /* of a revert, or why a check has failed; "" otherwise */
} Journal;

#define JOURNAL_INIT \
	(Journal) \
	{ \
		.reached = TRANSACTION_IDLE \
	}

static inline void journal_clear_cleanup(Journal *journal)
{
	improvements_clear(&journal->goal);
	json_decref(journal->departures);
}
#define CLEANUP_JOURNAL __attribute__((cleanup(journal_clear_cleanup)))

int journal_write(const Transaction *transaction, Error *error);
/* JOURNAL_ABSENT when there is none. */
int journal_read(const Store *store, Journal *ret, Error *error);
int journal_remove(Store *store, Error *error);

const char *journal_state_name(TransactionState state);
