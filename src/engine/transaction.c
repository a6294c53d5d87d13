/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/collect.h"
#include "engine/journal.h"
#include "engine/plan.h"
#include "parts/overlay/overlay.h"

typedef struct Transition {
	TransactionState from;
	TransactionEvent event;
	TransactionState to;
	const char *name;
	int (*step)(Transaction *transaction, Error *error); /* NULL: there is nothing to do */
} Transition;

/* An EVENT_FAILED row says what is done when the step that begins in its state fails. Before the swap that is
 * nothing: what was fetched and rebuilt stays in staging for the next try, and /usr shows what it showed. */
static const Transition transitions[] = {
	{TRANSACTION_IDLE, EVENT_INSTALL, TRANSACTION_CHECKED, "check", step_check},
	{TRANSACTION_IDLE, EVENT_REMOVE, TRANSACTION_STAGED, "select", step_select},
	{TRANSACTION_IDLE, EVENT_RESUME, TRANSACTION_STAGED, "resume", step_resume},
	{TRANSACTION_IDLE, EVENT_REPAIR, TRANSACTION_CHECKED, "repair", step_repair},
	{TRANSACTION_IDLE, EVENT_REVERT, TRANSACTION_STAGED, "condemn", step_condemn},
	{TRANSACTION_CHECKED, EVENT_NEXT, TRANSACTION_FETCHED, "fetch", step_fetch},
	{TRANSACTION_FETCHED, EVENT_NEXT, TRANSACTION_REBUILT, "rebuild", step_rebuild},
	{TRANSACTION_REBUILT, EVENT_NEXT, TRANSACTION_VERIFIED, "verify", step_verify},
	{TRANSACTION_VERIFIED, EVENT_NEXT, TRANSACTION_STAGED, "stage", step_stage},
	{TRANSACTION_STAGED, EVENT_NEXT, TRANSACTION_ACTIVATED, "activate", step_activate},
	{TRANSACTION_ACTIVATED, EVENT_NEXT, TRANSACTION_HEALTHY, "health", step_health},
	{TRANSACTION_HEALTHY, EVENT_NEXT, TRANSACTION_COMMITTED, "commit", step_commit},
	{TRANSACTION_IDLE, EVENT_FAILED, TRANSACTION_IDLE, "", NULL},
	{TRANSACTION_CHECKED, EVENT_FAILED, TRANSACTION_IDLE, "", NULL},
	{TRANSACTION_FETCHED, EVENT_FAILED, TRANSACTION_IDLE, "", NULL},
	{TRANSACTION_REBUILT, EVENT_FAILED, TRANSACTION_IDLE, "", NULL},
	{TRANSACTION_VERIFIED, EVENT_FAILED, TRANSACTION_IDLE, "", NULL},
	{TRANSACTION_STAGED, EVENT_FAILED, TRANSACTION_IDLE, "", NULL},
	{TRANSACTION_ACTIVATED, EVENT_FAILED, TRANSACTION_IDLE, "revert", step_revert},
	{TRANSACTION_HEALTHY, EVENT_FAILED, TRANSACTION_IDLE, "revert", step_revert},
};

static const char *const event_names[] = {
	[EVENT_INSTALL] = "install",
	[EVENT_REMOVE] = "remove",
	[EVENT_RESUME] = "resume",
	[EVENT_REPAIR] = "repair",
	[EVENT_REVERT] = "revert",
	[EVENT_NEXT] = "done",
	[EVENT_FAILED] = "failed",
};

void transaction_print_table(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(transitions); i++) {
		const Transition *each = &transitions[i];

		fprintf(out, "%-10s %-8s %-10s %s\n", journal_state_name(each->from),
			event_names[each->event], journal_state_name(each->to),
			each->step ? each->name : "-");
	}
}

int transaction_new(Engine *engine, EngineNames components, bool dry_run, Transaction **ret, Error *error)
{
	CLEANUP(transaction_free) Transaction *transaction = calloc(1, sizeof(*transaction));

	if (!transaction)
		return error_memory(error);
	transaction->engine = engine;
	transaction->components = components;
	transaction->dry_run = dry_run;
	transaction->usr = -1;
	transaction->started = clock_now();
	if (state_load(engine->store, &transaction->state, error) < 0)
		return -1;
	transaction->number = transaction->state.transactions + 1;
	*ret = TAKE_PTR(transaction);
	return 0;
}

Transaction *transaction_free(Transaction *transaction)
{
	if (transaction) {
		state_clear(&transaction->state);
		improvements_clear(&transaction->goal);
		improvements_clear(&transaction->former);
		free(transaction->changes);
		json_decref(transaction->departures);
		json_decref(transaction->predicted);
		json_decref(transaction->failed_checks);
		health_clear(&transaction->health);
		(void)catalog_free(transaction->catalog);
		waiting_clear(&transaction->waiting);
		(void)remote_free(transaction->remote);
		(void)close_keeping_errno(transaction->usr);
		free(transaction);
	}
	return NULL;
}

static const Transition *find(TransactionState from, TransactionEvent event)
{
	for (size_t i = 0; i < ARRAY_SIZE(transitions); i++)
		if (transitions[i].from == from && transitions[i].event == event)
			return &transitions[i];
	return NULL;
}

/* The step's own failure is what people must hear of; one of its undoing is added to it. */
static int fail(Transaction *transaction, Error *error)
{
	const Transition *undo = find(transaction->reached, EVENT_FAILED);
	Error second = ERROR_INIT;

	/* First of all: what has done harm stays away, however far going back comes. */
	if (transaction->harm && journal_write(transaction, &second) < 0)
		log_warning("an interruption now would let it come again: %s", second.text);
	if (undo && undo->step && undo->step(transaction, &second) < 0)
		return error_in(error, "and going back failed as well (%.300s)", second.text);
	/* A journal that cannot be removed is read, and undone, by the next run. */
	if (!transaction->dry_run && transaction->reached >= TRANSACTION_STAGED)
		(void)journal_remove(transaction->engine->store, NULL);
	return -1;
}

/* After a reboot the last retired letter's image is in no mount any more: this may be the first run to
 * notice. */
static int end_without_change(const Transaction *transaction)
{
	Error minor = ERROR_INIT;

	if (!transaction->dry_run && collect_leftovers(transaction, &minor) < 0)
		log_warning("leftovers stay until the next install: %s", minor.text);
	return STEP_NOTHING;
}

/* Just before the swap: a transaction that is cut off earlier has changed nothing, and after the swap what is
 * mounted says how far it came. What it does not say is whether checks have passed. */
static int note_intent(Transaction *transaction, Error *error)
{
	if (transaction->reached == TRANSACTION_STAGED)
		return health_collect_for(transaction, error) < 0 ? -1 : journal_write(transaction, error);
	if (transaction->reached == TRANSACTION_HEALTHY && transaction->health.n > 0)
		return journal_write(transaction, error);
	return 0;
}

int transaction_run(Transaction *transaction, TransactionEvent begin, Error *error)
{
	TransactionEvent event = begin;
	const Transition *transition;

	transaction->begin = begin;
	while ((transition = find(transaction->reached, event))) {
		int r = transition->step(transaction, error);

		if (r < 0)
			return fail(transaction, error);
		if (r == STEP_NOTHING)
			return end_without_change(transaction);
		transaction->reached = transition->to;
		if (transaction->dry_run)
			return 0;
		if (transaction->reached == TRANSACTION_COMMITTED)
			break;
		if (note_intent(transaction, error) < 0)
			return fail(transaction, error);
		event = EVENT_NEXT;
	}
	return journal_remove(transaction->engine->store, error);
}

/* The transaction that the journal is of. */
static int take_up(Engine *engine, Journal *journal, Transaction **ret, Error *error)
{
	CLEANUP(transaction_free) Transaction *transaction = NULL;

	/* A state that is damaged besides would stop every command here, the one that mends it too. */
	if (state_mend(engine->store, error) < 0 ||
		transaction_new(engine, (EngineNames){NULL, 0}, false, &transaction, error) < 0)
		return -1;
	transaction->goal = journal->goal;
	journal->goal = IMPROVEMENTS_INIT;
	transaction->departures = TAKE_PTR(journal->departures);
	memcpy(transaction->reason, journal->reason, sizeof(transaction->reason));
	if (plan_changes(transaction, error) < 0)
		return -1;
	transaction->generation = journal->generation;
	transaction->number = journal->number;
	*ret = TAKE_PTR(transaction);
	return 0;
}

/* The swap is the point of no return: what is mounted decides. */
static int finish(Engine *engine, Journal *journal, Error *error)
{
	CLEANUP(transaction_free) Transaction *transaction = NULL;

	if (take_up(engine, journal, &transaction, error) < 0)
		return -1;
	transaction->reached = TRANSACTION_HEALTHY;
	if (step_commit(transaction, error) < 0)
		return -1;
	return journal_remove(engine->store, error);
}

/* Who began meanwhile uses the bytes of a generation that never was the state's. */
static void note_for_census(Transaction *transaction)
{
	State *state = &transaction->state;
	Error minor = ERROR_INIT;

	if (state->last_generation < transaction->generation)
		state->last_generation = transaction->generation;
	if (state_note_generation(state, transaction->generation, &transaction->goal, &minor) < 0 ||
		state_save(transaction->engine->store, state, &minor) < 0)
		log_warning("who is exposed after the next install may not all be seen: %s", minor.text);
}

/* But for what no check has let in. Checks take their time, and who is at work here may be a package
 * manager's hook: the next install brings it again, and has it checked. */
static int undo(Engine *engine, Journal *journal, Error *error)
{
	CLEANUP(transaction_free) Transaction *transaction = NULL;

	if (take_up(engine, journal, &transaction, error) < 0)
		return -1;
	transaction->reached = TRANSACTION_ACTIVATED;
	transaction->harm = *transaction->reason != '\0';
	if (transaction->harm)
		log_warning("%s; what came is taken off, and in quarantine", transaction->reason);
	else
		log_warning("an install ended before the checks had passed; it is taken back");
	note_for_census(transaction);
	if (step_revert(transaction, error) < 0)
		return -1;
	return journal_remove(engine->store, error);
}

int transaction_recover(Engine *engine, Error *error)
{
	CLEANUP_JOURNAL Journal journal = JOURNAL_INIT;
	uint64_t mounted = 0;
	Error why = ERROR_INIT;
	int r = journal_read(engine->store, &journal, &why);

	if (r == JOURNAL_ABSENT)
		return 0;
	/* /usr shows the old generation or the new one, and the state is the old one: valid without it. */
	if (r < 0) {
		log_warning("%s; what it began is forgotten", why.text);
		return journal_remove(engine->store, error);
	}
	/* An earlier version's, of a step before the swap. */
	if (journal.reached < TRANSACTION_STAGED)
		return journal_remove(engine->store, error);
	if (overlay_current(engine->root, &mounted, error) < 0)
		return -1;
	if (journal.unchecked && (mounted == journal.generation || *journal.reason))
		return undo(engine, &journal, error);
	if (mounted == journal.generation)
		return finish(engine, &journal, error);
	return journal_remove(engine->store, error);
}
