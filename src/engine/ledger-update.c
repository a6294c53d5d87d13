/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-update.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/boot-id.h"
#include "engine/boot-report.h"
#include "engine/ledger-census.h"
#include "engine/plan.h"
#include "parts/census/proc.h"
#include "parts/overlay/overlay.h"

static const char unknown[] = "unknown";
static const char replaced[] = "replace";

/* Why an improvement went that was active before this transaction. */
static const char *find_reason(const Transaction *transaction, const char *component)
{
	const char *word = json_string_value(json_object_get(transaction->departures, component));

	if (improvements_find(&transaction->state.active, component))
		return replaced;
	for (size_t i = 0; i < transaction->n_changes; i++)
		if (strcmp(transaction->changes[i].component, component) == 0)
			return plan_action_name(transaction->changes[i].action);
	return word ? word : unknown;
}

static bool is_active(const Improvements *active, const LedgerEntry *entry)
{
	const Improvement *item = improvements_find(active, entry->component);

	return item && digest_equal(&item->manifest_digest, &entry->manifest);
}

static int begin_missing(Ledger *ledger, const Improvements *active, int64_t fetched, Error *error)
{
	for (size_t i = 0; i < active->n; i++)
		if (!ledger_find(ledger, &active->items[i].manifest_digest) &&
			ledger_begin(ledger, &active->items[i], fetched, error) < 0)
			return -1;
	return 0;
}

int ledger_note_commit(const Transaction *transaction, Error *error)
{
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	Store *store = transaction->engine->store;
	const Improvements *active = &transaction->state.active;

	if (ledger_load(store, &ledger, error) < 0)
		return -1;
	for (size_t i = 0; i < ledger.n; i++) {
		LedgerEntry *entry = &ledger.entries[i];

		if (entry->gone == 0 && !is_active(active, entry))
			ledger_end(entry, find_reason(transaction, entry->component), clock_now());
	}
	if (begin_missing(&ledger, active, transaction->fetched, error) < 0)
		return -1;
	return ledger_save_with_next(store, &ledger, error);
}

/* Conditions, when a process cannot be asked about, count as its end: root may ask about all there are. */
static bool lives(void *userdata, const LedgerProcess *process)
{
	const int *proc = userdata;
	CLEANUP_CLOSE int directory = -1;
	ProcStat stat;

	return proc_open_process(*proc, (pid_t)process->pid, &directory, NULL) == 0 &&
	       proc_stat(directory, &stat, NULL) == 0 && stat.start_time == (uint64_t)process->started &&
	       (stat.state != 'Z' || stat.n_threads > 1);
}

/* What /usr shows, and by what word. */
typedef struct Shown {
	uint64_t generation;
	json_t *report; /* suture-boot-1; NULL: there is none */
} Shown;

static void shown_clear(Shown *shown)
{
	json_decref(shown->report);
}

static int look_at_usr(const Engine *engine, Shown *ret, Error *error)
{
	/* A report that cannot be read says nothing. */
	(void)boot_report_of_root(engine->root, &ret->report, NULL);
	return overlay_current(engine->root, &ret->generation, error);
}

static int note(
	Ledger *ledger, const Shown *shown, const json_t *exposed, const json_t *restarted, Error *error)
{
	CLEANUP_CLOSE int proc = -1;
	char boot[TRIAL_BOOT_ID_SIZE];
	LedgerCensus census = {.exposed = exposed,
		.restarted = restarted,
		.boot = boot,
		.booted = boot_id_time(),
		.report = shown->report,
		.now = clock_now(),
		.lives = lives,
		.userdata = &proc};

	if (boot_id_read(boot, error) < 0 || proc_open_root(&proc, error) < 0)
		return -1;
	return ledger_note_census(ledger, &census, error);
}

/* Whoever begins now has the base's bytes of what is not shown. What a generation shows that nobody has
 * reported is not known: an install that was cut off, for example. */
static void note_hidden(Ledger *ledger, const Shown *shown)
{
	if (shown->generation > 0 && !boot_report_is_of(shown->report, shown->generation))
		return;
	for (size_t i = 0; i < ledger->n; i++) {
		LedgerEntry *entry = &ledger->entries[i];

		if (entry->gone == 0 &&
			(shown->generation == 0 || !boot_report_names(shown->report, &entry->manifest)))
			ledger_end_protection(entry);
	}
}

/* What an improvement's entry would say that the ledger lost, and the end of one that nobody saw going. */
static int settle(Ledger *ledger, const Improvements *active, Error *error)
{
	for (size_t i = 0; i < ledger->n; i++)
		if (ledger->entries[i].gone == 0 && !is_active(active, &ledger->entries[i]))
			ledger_end(&ledger->entries[i], unknown, clock_now());
	return begin_missing(ledger, active, 0, error);
}

/* Has nobody committed anything since the state was read? Only under the lock the answer lasts. */
static bool is_current(const Engine *engine, const State *state)
{
	CLEANUP_STATE State now = STATE_INIT;

	return state_load(engine->store, &now, NULL) == 0 && now.transactions == state->transactions &&
	       now.generation == state->generation;
}

static bool may_write(const Engine *engine, const State *state)
{
	if (store_is_locked(engine->store))
		return true;
	return store_lock(engine->store, 0, NULL) == 0 && is_current(engine, state);
}

int ledger_observe(const Engine *engine, const State *state, const json_t *exposed, const json_t *restarted,
	Ledger *ret, Error *error)
{
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	__attribute__((cleanup(shown_clear))) Shown shown = {.report = NULL};
	Error minor = ERROR_INIT;
	bool writes, all;

	if (geteuid() != 0 || !engine->store || state->active.n == 0 || json_has(exposed, "leaving"))
		return ledger_load(engine->store, ret, error);
	/* Under the lock /usr is on its way to nothing else. */
	writes = may_write(engine, state);
	if (look_at_usr(engine, &shown, &minor) < 0)
		return ledger_load(engine->store, ret, error);
	all = shown.generation == state->generation;
	if (ledger_load(engine->store, &ledger, error) < 0)
		return -1;
	if (!all && writes)
		note_hidden(&ledger, &shown);
	if (settle(&ledger, &state->active, &minor) < 0 ||
		(all && note(&ledger, &shown, exposed, restarted, &minor) < 0) ||
		(writes && ledger_save(engine->store, &ledger, &minor) < 0))
		log_warning("the ledger misses what was seen now: %s", minor.text);
	*ret = ledger;
	ledger = LEDGER_INIT;
	return 0;
}

void ledger_note_exposure(
	const Engine *engine, const State *state, const json_t *exposed, const json_t *restarted)
{
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	Error minor = ERROR_INIT;

	if (ledger_observe(engine, state, exposed, restarted, &ledger, &minor) < 0)
		log_warning("the ledger misses what was seen now: %s", minor.text);
}
