/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"

enum { BOOTED = 1000, NOW = 5000 };

/* One entry, for "libx", and who lives: any process whose number is even. */
static Ledger one_entry(void)
{
	Ledger ledger = LEDGER_INIT;

	ledger.entries = calloc(1, sizeof(*ledger.entries));
	assert_non_null(ledger.entries);
	ledger.n = 1;
	(void)snprintf(ledger.entries[0].component, sizeof(ledger.entries[0].component), "libx");
	ledger.entries[0].active = NOW - 1;
	return ledger;
}

static bool even_ones_live(void *userdata, const LedgerProcess *process)
{
	(void)userdata;
	return process->pid % 2 == 0;
}

typedef struct Found {
	int pid, started;
	const char *name, *unit, *component;
} Found;

static json_t *exposed(const Found *found, size_t n, bool complete)
{
	json_t *processes = json_array();

	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			json_array_append_new(processes,
				json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:[s]}", "pid", found[i].pid,
					"started", found[i].started, "uid", 33, "name", found[i].name, "unit",
					found[i].unit, "kind", "library", "components", found[i].component)),
			0);
	return json_pack("{s:o, s:b}", "processes", processes, "complete", complete);
}

typedef struct Occasion {
	const char *boot;
	int64_t now;
	json_t *restarted; /* is taken */
	json_t *report;    /* is taken */
	bool incomplete;
} Occasion;

static void take(Ledger *ledger, const Found *found, size_t n, Occasion occasion)
{
	CLEANUP_JSON json_t *document = exposed(found, n, !occasion.incomplete);
	LedgerCensus census = {.exposed = document,
		.restarted = occasion.restarted,
		.report = occasion.report,
		.boot = occasion.boot ? occasion.boot : "this-boot",
		.booted = BOOTED,
		.now = occasion.now ? occasion.now : NOW,
		.lives = even_ones_live};
	Error error = ERROR_INIT;

	assert_done(ledger_note_census(ledger, &census, &error), &error);
	json_decref(occasion.restarted);
	json_decref(occasion.report);
}

static const Found one[] = {{11, 500, "web", "web.service", "libx"}};
static const Found two[] = {{11, 500, "web", "web.service", "libx"}, {12, 600, "web", "web.service", "libx"}};

static void protected_when_a_complete_census_finds_nobody(void **state)
{
	CLEANUP_LEDGER Ledger ledger = one_entry();

	(void)state;
	take(&ledger, NULL, 0, (Occasion){.incomplete = true});
	assert_int_equal(ledger.entries[0].protected_since, 0);
	take(&ledger, NULL, 0, (Occasion){.now = NOW});
	take(&ledger, NULL, 0, (Occasion){.now = NOW + 100});
	assert_int_equal(ledger.entries[0].protected_since, NOW);
	assert_int_equal(ledger.entries[0].protected_first, NOW);
	/* Who cannot look everywhere takes nothing back. */
	take(&ledger, NULL, 0, (Occasion){.incomplete = true});
	assert_int_equal(ledger.entries[0].protected_since, NOW);
}

static void those_that_are_alike_share_a_row(void **state)
{
	static const Found others[] = {{11, 500, "web", "web.service", "libx"},
		{12, 600, "web", "web.service", "libx"}, {13, 700, "web", "other.service", "libx"}};
	CLEANUP_LEDGER Ledger ledger = one_entry();
	const LedgerEntry *entry = &ledger.entries[0];

	(void)state;
	take(&ledger, others, ARRAY_SIZE(others), (Occasion){0});
	take(&ledger, others, ARRAY_SIZE(others), (Occasion){0});
	assert_int_equal(entry->n_rows, 2);
	assert_int_equal(entry->rows[0].count, 2);
	assert_int_equal(entry->rows[0].uid, 33);
	assert_string_equal(entry->rows[1].unit, "other.service");
	assert_int_equal(ledger_exposed(entry), 3);
	assert_int_equal(entry->protected_since, 0);
}

static void tells_an_end_from_a_restart_and_from_going_on(void **state)
{
	CLEANUP_LEDGER Ledger ended = one_entry(), restarted = one_entry(), unrelated = one_entry();
	const LedgerRow *row;

	(void)state;
	take(&ended, two, 2, (Occasion){0});
	take(&ended, NULL, 0, (Occasion){.now = NOW + 9});
	row = &ended.entries[0].rows[0];
	assert_int_equal(row->closed_by[LEDGER_ENDED], 1);
	assert_int_equal(row->closed_by[LEDGER_LEFT], 1);
	assert_int_equal(row->closed, NOW + 9);
	assert_int_equal(ended.entries[0].protected_since, NOW + 9);

	take(&restarted, one, 1, (Occasion){0});
	take(&restarted, NULL, 0,
		(Occasion){.restarted = json_pack("[{s:s, s:b}]", "unit", "web.service", "restarted", 1)});
	assert_int_equal(restarted.entries[0].rows[0].closed_by[LEDGER_RESTARTED], 1);

	/* A restart that failed, and one of another unit, closed nothing. */
	take(&unrelated, one, 1, (Occasion){0});
	take(&unrelated, NULL, 0,
		(Occasion){.restarted = json_pack("[{s:s, s:b}, {s:s, s:b}]", "unit", "web.service",
				   "restarted", 0, "unit", "db.service", "restarted", 1)});
	assert_int_equal(unrelated.entries[0].rows[0].closed_by[LEDGER_ENDED], 1);
}

static void a_later_process_with_the_number_is_another_one(void **state)
{
	static const Found later[] = {{11, 999, "web", "web.service", "libx"}};
	CLEANUP_LEDGER Ledger ledger = one_entry();
	const LedgerRow *row;

	(void)state;
	take(&ledger, one, 1, (Occasion){0});
	take(&ledger, later, 1, (Occasion){0});
	row = &ledger.entries[0].rows[0];
	assert_int_equal(row->count, 2);
	assert_int_equal(row->closed_by[LEDGER_ENDED], 1);
	assert_int_equal(row->n_open, 1);
	assert_int_equal(row->open[0].started, 999);
	assert_int_equal(row->closed, 0);
}

static void who_cannot_be_looked_into_has_not_left(void **state)
{
	CLEANUP_LEDGER Ledger ledger = one_entry();

	(void)state;
	take(&ledger, two, 2, (Occasion){0});
	take(&ledger, NULL, 0, (Occasion){.incomplete = true});
	assert_int_equal(ledger.entries[0].rows[0].closed_by[LEDGER_ENDED], 1);
	assert_int_equal(ledger.entries[0].rows[0].n_open, 1);
	assert_int_equal(ledger.entries[0].protected_since, 0);
}

static void whoever_is_exposed_again_ends_the_protection(void **state)
{
	CLEANUP_LEDGER Ledger ledger = one_entry();
	const LedgerEntry *entry = &ledger.entries[0];

	(void)state;
	take(&ledger, NULL, 0, (Occasion){.now = NOW});
	take(&ledger, two, 2, (Occasion){.now = NOW + 1});
	take(&ledger, two, 2, (Occasion){.now = NOW + 2});
	assert_int_equal(entry->protected_since, 0);
	assert_int_equal(entry->protected_first, NOW);
	assert_int_equal(entry->reopened, 1);
	take(&ledger, NULL, 0, (Occasion){.now = NOW + 3});
	assert_int_equal(entry->protected_since, NOW + 3);
	assert_int_equal(entry->protected_first, NOW);
	assert_int_equal(entry->reopened, 1);
}

static void no_process_outlives_its_boot(void **state)
{
	CLEANUP_LEDGER Ledger ledger = one_entry();
	const LedgerRow *row;

	(void)state;
	take(&ledger, two, 2, (Occasion){.boot = "first"});
	take(&ledger, NULL, 0, (Occasion){.boot = "second"});
	row = &ledger.entries[0].rows[0];
	assert_int_equal(row->closed_by[LEDGER_REBOOTED], 2);
	assert_int_equal(row->closed, BOOTED);
	assert_string_equal(ledger.boot, "second");
	assert_int_equal(ledger.entries[0].protected_since, NOW);
	/* The same numbers in the next boot are other processes. */
	take(&ledger, two, 2, (Occasion){.boot = "third"});
	assert_int_equal(row->count, 4);
}

/* Of a boot that has activated the entry, or another one. */
static json_t *report(const char *boot, const LedgerEntry *entry)
{
	char hex[DIGEST_HEX_SIZE];

	return json_pack("{s:s, s:[s]}", "boot", boot, "began",
		entry ? digest_to_hex(&entry->manifest, hex) : "another");
}

static void a_protection_outlives_only_a_boot_that_came_up_with_it(void **state)
{
	CLEANUP_LEDGER Ledger ledger = one_entry();
	const LedgerEntry *entry = &ledger.entries[0];

	(void)state;
	take(&ledger, NULL, 0, (Occasion){.boot = "first"});
	take(&ledger, NULL, 0,
		(Occasion){.boot = "second", .now = NOW + 1, .report = report("second", entry)});
	assert_int_equal(entry->protected_since, NOW);
	assert_int_equal(entry->reopened, 0);
	/* The report of a boot that is over, of another improvement, and none. */
	take(&ledger, NULL, 0,
		(Occasion){.boot = "third", .now = NOW + 2, .report = report("second", entry)});
	assert_int_equal(entry->protected_since, NOW + 2);
	take(&ledger, NULL, 0,
		(Occasion){.boot = "fourth", .now = NOW + 3, .report = report("fourth", NULL)});
	assert_int_equal(entry->protected_since, NOW + 3);
	take(&ledger, NULL, 0, (Occasion){.boot = "fifth", .now = NOW + 4, .incomplete = true});
	assert_int_equal(entry->protected_since, 0);
	assert_int_equal(entry->protected_first, NOW);
	assert_int_equal(entry->reopened, 3);
	/* Within the boot it is settled. */
	take(&ledger, NULL, 0, (Occasion){.boot = "fifth", .now = NOW + 5});
	take(&ledger, NULL, 0, (Occasion){.boot = "fifth", .now = NOW + 6});
	assert_int_equal(entry->protected_since, NOW + 5);
	assert_int_equal(entry->reopened, 3);
}

static void each_improvement_has_its_own_exposures(void **state)
{
	static const Found other[] = {{11, 500, "web", "web.service", "liby"}};
	CLEANUP_LEDGER Ledger ledger = one_entry();

	(void)state;
	take(&ledger, other, 1, (Occasion){0});
	assert_int_equal(ledger.entries[0].n_rows, 0);
	assert_int_equal(ledger.entries[0].protected_since, NOW);
}

static void what_has_gone_stays_as_it_was(void **state)
{
	CLEANUP_LEDGER Ledger ledger = one_entry();

	(void)state;
	take(&ledger, one, 1, (Occasion){0});
	ledger_end(&ledger.entries[0], "remove", NOW);
	take(&ledger, NULL, 0, (Occasion){.boot = "another"});
	assert_int_equal(ledger_remaining(&ledger.entries[0].rows[0]), 1);
	assert_int_equal(ledger.entries[0].rows[0].closed, 0);
	assert_int_equal(ledger.entries[0].protected_since, 0);
}

static void counts_what_it_has_no_room_for(void **state)
{
	enum { MANY = LEDGER_PROCESSES_MAX + 7 };
	CLEANUP_FREE Found *crowd = calloc(MANY, sizeof(*crowd));
	CLEANUP_FREE char(*units)[16] = calloc(MANY, sizeof(*units));
	CLEANUP_LEDGER Ledger alike = one_entry(), different = one_entry();

	(void)state;
	assert_non_null(crowd);
	assert_non_null(units);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(units[i], sizeof(units[i]), "%d", i);
		crowd[i] = (Found){2 * i + 2, 1, "web", "web.service", "libx"};
	}
	take(&alike, crowd, MANY, (Occasion){0});
	assert_int_equal(alike.entries[0].unlisted, 7);
	assert_int_equal(ledger_exposed(&alike.entries[0]), LEDGER_PROCESSES_MAX);
	for (int i = 0; i < MANY; i++)
		crowd[i].unit = units[i];
	take(&different, crowd, LEDGER_ROWS_MAX + 3, (Occasion){0});
	assert_int_equal(different.entries[0].n_rows, LEDGER_ROWS_MAX);
	assert_int_equal(different.entries[0].unlisted, 3);
	/* Without room in the list it is exposed all the same. */
	take(&different, &crowd[LEDGER_ROWS_MAX], 3, (Occasion){0});
	assert_int_equal(different.entries[0].protected_since, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protected_when_a_complete_census_finds_nobody),
		cmocka_unit_test(those_that_are_alike_share_a_row),
		cmocka_unit_test(tells_an_end_from_a_restart_and_from_going_on),
		cmocka_unit_test(a_later_process_with_the_number_is_another_one),
		cmocka_unit_test(who_cannot_be_looked_into_has_not_left),
		cmocka_unit_test(whoever_is_exposed_again_ends_the_protection),
		cmocka_unit_test(no_process_outlives_its_boot),
		cmocka_unit_test(a_protection_outlives_only_a_boot_that_came_up_with_it),
		cmocka_unit_test(each_improvement_has_its_own_exposures),
		cmocka_unit_test(what_has_gone_stays_as_it_was),
		cmocka_unit_test(counts_what_it_has_no_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
