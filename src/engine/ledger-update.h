/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When the ledger is brought up to date: at each commit, whenever root has taken a census of what is active,
 * and when root sees that /usr does not show it.
 */

#include "engine/ledger.h"
#include "engine/transaction.h"

/* Entries begin for what is active now, and end for what went. After the state is committed. */
int ledger_note_commit(const Transaction *transaction, Error *error);

/*
 * The ledger as it is after a census of what is active (suture-exposed-1), or, while /usr shows something
 * else, after the end of the protection by what it lacks; of any other caller than root, or when the census
 * leaves out processes of whom only a user says that they end, the ledger as it was. It is written when the
 * engine was opened for writing, else when nobody else is at work; where it cannot be, that is a warning.
 * restarted: the units of suture-restart-1, or NULL.
 */
int ledger_observe(const Engine *engine, const State *state, const json_t *exposed, const json_t *restarted,
	Ledger *ret, Error *error);

/* The same for those who only want it noted: what goes wrong is a warning. */
void ledger_note_exposure(
	const Engine *engine, const State *state, const json_t *exposed, const json_t *restarted);
