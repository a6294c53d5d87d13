/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a transaction changes, before and after it is done.
 */

#include "engine/transaction.h"

/* Takes out of the goal what the base has left behind. Opens transaction->usr. */
int plan_drop_retired(Transaction *transaction, Error *error);

/* Compares the goal with the state: fills in the changes, what each has to download, and the generation's
 * number. */
int plan_changes(Transaction *transaction, Error *error);

/* Some way did not lead there: the next larger download of those that begin from what is here, with a note
 * why. False when there is none. */
bool plan_take_next_way(const Transaction *transaction, Change *change, const Error *why);

/* "install", "remove", … */
const char *plan_action_name(ChangeAction action);

/* The report: what would be done (done false: with the processes that would be exposed), or was. */
int plan_report(Transaction *transaction, bool done, json_t **ret, Error *error);

/* One change's fields into an object. */
int plan_change_to_json(const Change *change, json_t *object, Error *error);

/* "changes": all of the transaction's. */
int plan_put_changes(const Transaction *transaction, json_t *document, Error *error);

/* [{"id", "severity", "summary"}] */
int plan_put_advisories(json_t *object, const Manifest *manifest, Error *error);
