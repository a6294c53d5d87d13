/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "engine/fixture.h"

enum { ACTIVE = 1700001000, LATER = 1700002000 };

/* A set of one small improvement. */
static Improvements improvement(Fixture *fixture, const char *component, unsigned sequence)
{
	Improvements set = IMPROVEMENTS_INIT;
	Digest digest = fixture_manifest(fixture, component, sequence);

	assert_done(
		improvements_put(&set, fixture->store, &digest, ACTIVE, &fixture->error), &fixture->error);
	return set;
}

static void begin(Fixture *fixture, Ledger *ledger, const char *component, unsigned sequence, int64_t fetched)
{
	CLEANUP_IMPROVEMENTS Improvements set = improvement(fixture, component, sequence);

	assert_done(ledger_begin(ledger, &set.items[0], fetched, &fixture->error), &fixture->error);
}

/* Gives an entry rows of one closed and one open process each. */
static void add_rows(LedgerEntry *entry, size_t n)
{
	entry->rows = calloc(n, sizeof(*entry->rows));
	assert_non_null(entry->rows);
	entry->n_rows = n;
	for (size_t i = 0; i < n; i++) {
		LedgerRow *row = &entry->rows[i];

		*row = (LedgerRow){.kind = "library", .uid = 1000, .count = 2, .since = ACTIVE};
		(void)snprintf(row->name, sizeof(row->name), "program-%zu", i);
		memset(row->unit, 'u', sizeof(row->unit) - 1);
		row->closed_by[LEDGER_RESTARTED] = 1;
		row->open = calloc(1, sizeof(*row->open));
		assert_non_null(row->open);
		row->open[0] = (LedgerProcess){100 + (int64_t)i, 77};
		row->n_open = 1;
	}
}

static void reads_back_what_it_wrote(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT, again = LEDGER_INIT;
	CLEANUP_JSON json_t *first = NULL, *second = NULL;

	begin(fixture, &ledger, "libx", 1, 0);
	begin(fixture, &ledger, "libx", 2, ACTIVE - 10);
	ledger_end(&ledger.entries[0], "replace", LATER);
	add_rows(&ledger.entries[1], 3);
	ledger.entries[1].protected_first = ledger.entries[1].protected_since = LATER;
	ledger.entries[1].reopened = 2;
	(void)snprintf(ledger.boot, sizeof(ledger.boot), "a-boot");
	assert_done(ledger_save(fixture->store, &ledger, &fixture->error), &fixture->error);
	assert_done(ledger_load(fixture->store, &again, &fixture->error), &fixture->error);
	assert_int_equal(again.n, 2);
	assert_int_equal(again.entries[0].gone, LATER);
	assert_string_equal(again.entries[0].reason, "replace");
	assert_int_equal(again.entries[1].fetched, ACTIVE - 10);
	assert_int_equal(again.entries[1].rows[2].open[0].pid, 102);
	assert_done(ledger_to_json(&ledger, &first, &fixture->error), &fixture->error);
	assert_done(ledger_to_json(&again, &second, &fixture->error), &fixture->error);
	assert_true(json_equal(first, second));
}

static void finds_only_what_has_not_gone(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	Digest a = fixture_manifest(fixture, "libx", 1);

	assert_null(ledger_find(&ledger, &a));
	begin(fixture, &ledger, "libx", 1, 0);
	assert_ptr_equal(ledger_find(&ledger, &a), &ledger.entries[0]);
	ledger_end(&ledger.entries[0], "remove", LATER);
	assert_null(ledger_find(&ledger, &a));
}

static void an_image_that_is_here_was_fetched_when_it_came(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;

	begin(fixture, &ledger, "libx", 1, ACTIVE - 10);
	ledger_end(&ledger.entries[0], "remove", LATER);
	begin(fixture, &ledger, "libx", 1, 0);
	assert_int_equal(ledger.entries[1].fetched, ACTIVE - 10);
}

static void forgets_the_oldest_that_has_gone(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	CLEANUP_IMPROVEMENTS Improvements a = improvement(fixture, "libx", 1);

	begin(fixture, &ledger, "stays", 1, 0);
	for (size_t i = 1; i < LEDGER_ENTRIES_MAX + 5; i++) {
		assert_done(ledger_begin(&ledger, &a.items[0], (int64_t)i, &fixture->error), &fixture->error);
		ledger_end(&ledger.entries[ledger.n - 1], "remove", LATER);
	}
	assert_int_equal(ledger.n, LEDGER_ENTRIES_MAX);
	assert_string_equal(ledger.entries[0].component, "stays");
	assert_int_equal(ledger.entries[1].fetched, 6);
}

static void a_large_ledger_counts_its_oldest_rows(void **state)
{
	Fixture *fixture = *state;
	enum { MANY = 12 };
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT, again = LEDGER_INIT;

	for (unsigned i = 0; i < MANY; i++) {
		begin(fixture, &ledger, "libx", i + 1, 0);
		add_rows(&ledger.entries[i], LEDGER_ROWS_MAX);
	}
	assert_done(ledger_save(fixture->store, &ledger, &fixture->error), &fixture->error);
	assert_done(ledger_load(fixture->store, &again, &fixture->error), &fixture->error);
	assert_int_equal(again.n, MANY);
	assert_int_equal(again.entries[0].n_rows, 0);
	assert_int_equal(again.entries[0].unlisted, 2 * LEDGER_ROWS_MAX);
	assert_int_equal(again.entries[MANY - 1].n_rows, LEDGER_ROWS_MAX);
	assert_int_equal(again.entries[MANY - 1].unlisted, 0);
}

static void does_not_write_what_is_there_already(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	struct stat before, after;

	begin(fixture, &ledger, "libx", 1, 0);
	assert_done(ledger_save(fixture->store, &ledger, &fixture->error), &fixture->error);
	assert_int_equal(fstatat(store_directory(fixture->store), "ledger.json", &before, 0), 0);
	assert_done(ledger_save(fixture->store, &ledger, &fixture->error), &fixture->error);
	assert_int_equal(fstatat(store_directory(fixture->store), "ledger.json", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	ledger_end(&ledger.entries[0], "remove", LATER);
	assert_done(ledger_save(fixture->store, &ledger, &fixture->error), &fixture->error);
	assert_int_equal(fstatat(store_directory(fixture->store), "ledger.json", &after, 0), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
}

static void write_text(Fixture *fixture, const char *text)
{
	assert_done(file_replace(store_directory(fixture->store), "ledger.json", bytes_of_text(text), 0644,
			    &fixture->error),
		&fixture->error);
}

#define ENTRY_BEGINNING \
	"{\"format\": \"suture-ledger-1\", \"boot\": \"\", \"improvements\": [{\"component\": \"libx\", " \
	"\"letter\": \"a\", \"base_version\": \"1\", \"fixed_version\": \"2\", \"manifest\": " \
	"\"0000000000000000000000000000000000000000000000000000000000000000\", \"advisories\": [], " \
	"\"released\": \"2026-11-24T06:35:07Z\", \"reopened\": 0, \"unlisted\": 0, \"exposed\": "

static void what_is_damaged_begins_anew(void **state)
{
	static const char *const damaged[] = {
		"",
		"{",
		"{}",
		"{\"format\": \"suture-state-1\"}",
		"{\"format\": \"suture-ledger-1\", \"improvements\": []}",
		"{\"format\": \"suture-ledger-1\", \"boot\": \"\", \"improvements\": [7]}",
		ENTRY_BEGINNING "{}}]}",
		ENTRY_BEGINNING "[{}]}]}",
		ENTRY_BEGINNING "[{\"name\": \"x\", \"kind\": \"library\", \"uid\": -1, \"count\": 1, "
				"\"since\": \"2026-11-24T06:35:07Z\", \"restarted\": 0, \"ended\": 0, "
				"\"left\": 0, \"rebooted\": 0, \"open\": []}]}]}",
		ENTRY_BEGINNING "[{\"name\": \"x\", \"kind\": \"library\", \"uid\": 0, \"count\": 1, "
				"\"since\": \"2026-11-24T06:35:07Z\", \"restarted\": 0, \"ended\": 0, "
				"\"left\": 0, \"rebooted\": 0, \"open\": [[1]]}]}]}",
	};
	Fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		CLEANUP_LEDGER Ledger ledger = LEDGER_INIT, again = LEDGER_INIT;

		write_text(fixture, damaged[i]);
		assert_done(ledger_load(fixture->store, &ledger, &fixture->error), &fixture->error);
		assert_int_equal(ledger.n, 0);
		begin(fixture, &ledger, "libx", 1, 0);
		assert_done(ledger_save(fixture->store, &ledger, &fixture->error), &fixture->error);
		assert_done(ledger_load(fixture->store, &again, &fixture->error), &fixture->error);
		assert_int_equal(again.n, 1);
	}
	write_text(fixture, ENTRY_BEGINNING "[]}]}");
	{
		CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;

		assert_done(ledger_load(fixture->store, &ledger, &fixture->error), &fixture->error);
		assert_int_equal(ledger.n, 1);
	}
}

static void leaves_a_newer_versions_ledger_alone(void **state)
{
	static const char newer[] = "{\"format\": \"suture-ledger-2\"}";
	Fixture *fixture = *state;
	CLEANUP_LEDGER Ledger ledger = LEDGER_INIT;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;

	write_text(fixture, newer);
	assert_done(ledger_load(fixture->store, &ledger, &fixture->error), &fixture->error);
	assert_true(ledger.foreign);
	begin(fixture, &ledger, "libx", 1, 0);
	assert_done(ledger_save(fixture->store, &ledger, &fixture->error), &fixture->error);
	assert_done(file_read(store_directory(fixture->store), "ledger.json", 1024, &text, &fixture->error),
		&fixture->error);
	assert_string_equal((char *)text.data, newer);
}

int main(void)
{
#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(reads_back_what_it_wrote),
		LEDGER_TEST(finds_only_what_has_not_gone),
		LEDGER_TEST(an_image_that_is_here_was_fetched_when_it_came),
		LEDGER_TEST(forgets_the_oldest_that_has_gone),
		LEDGER_TEST(a_large_ledger_counts_its_oldest_rows),
		LEDGER_TEST(does_not_write_what_is_there_already),
		LEDGER_TEST(what_is_damaged_begins_anew),
		LEDGER_TEST(leaves_a_newer_versions_ledger_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
