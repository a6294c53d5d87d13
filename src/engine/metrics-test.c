/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/metrics.h"

#include <string.h>

#include "engine/fixture.h"

enum { ACTIVE = 1700001000 };

/* A device that shows what is installed: libx (a), in the ledger. */
static void set_up(Fixture *fixture, Closure *closure)
{
	Digest digest = fixture_manifest(fixture, "libx", 1);

	*closure = (Closure){.mounted = 3, .state = {.generation = 3}};
	assert_done(
		improvements_put(&closure->state.active, fixture->store, &digest, ACTIVE, &fixture->error),
		&fixture->error);
	assert_done(
		ledger_begin(&closure->ledger, &closure->state.active.items[0], ACTIVE - 5, &fixture->error),
		&fixture->error);
	closure->exposed = json_pack("{s:b, s:[], s:i}", "complete", 1, "processes", "unreadable", 0);
	closure->looked = true;
}

static void assert_has(const Closure *closure, const char *line, bool has)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;

	assert_done(metrics_write(closure, &text, &error), &error);
	if ((strstr((char *)text.data, line) != NULL) != has)
		fail_msg("%s \"%s\":\n%s", has ? "without" : "with", line, (char *)text.data);
}

static void says_nothing_of_what_is_not_known(void **state)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;

	set_up(*state, &closure);
	assert_has(&closure, "\nsuture_exposed_processes 0\n", true);
	assert_has(&closure, "\nsuture_last_check_timestamp_seconds ", false);
	assert_has(&closure, "\nsuture_improvement_protected_timestamp_seconds{", false);
	closure.looked = false;
	assert_has(&closure, "\nsuture_exposed_processes ", false);
	assert_has(&closure, "\nsuture_improvement_exposed_processes{", false);
	closure.state.checked = ACTIVE;
	closure.ledger.entries[0].protected_since = ACTIVE + 1;
	assert_has(&closure, "\nsuture_last_check_timestamp_seconds 1700001000\n", true);
	assert_has(&closure,
		"\nsuture_improvement_protected_timestamp_seconds{component=\"libx\",letter=\"a\"} "
		"1700001001\n",
		true);
}

static void nobody_is_protected_by_what_usr_does_not_show(void **state)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;

	set_up(*state, &closure);
	closure.ledger.entries[0].protected_since = ACTIVE + 1;
	assert_has(&closure, "\nsuture_improvement_protected{component=\"libx\",letter=\"a\"} 1\n", true);
	closure.mounted = 0;
	assert_has(&closure, "\nsuture_improvement_active{component=\"libx\",letter=\"a\"} 0\n", true);
	assert_has(&closure, "\nsuture_improvement_protected{component=\"libx\",letter=\"a\"} 0\n", true);
	assert_has(&closure, "\nsuture_improvement_protected_timestamp_seconds{", false);
}

static void a_part_that_usr_shows_is_active_and_the_rest_is_not(void **state)
{
	Fixture *fixture = *state;
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;
	char hex[DIGEST_HEX_SIZE];

	set_up(fixture, &closure);
	closure.ledger.entries[0].protected_since = ACTIVE + 1;
	closure.looked = false;
	closure.mounted = 4;
	assert_has(&closure, "\nsuture_improvement_active{component=\"libx\",letter=\"a\"} 0\n", true);
	closure.boot = json_pack("{s:i, s:[s]}", "generation", 4, "manifests",
		digest_to_hex(&closure.ledger.entries[0].manifest, hex));
	assert_has(&closure, "\nsuture_improvement_active{component=\"libx\",letter=\"a\"} 1\n", true);
	/* Nobody has looked since. */
	assert_has(&closure, "\nsuture_improvement_protected{component=\"libx\",letter=\"a\"} 0\n", true);
	assert_has(&closure, "\nsuture_improvement_exposed_processes{", false);
	closure.mounted = 5;
	assert_has(&closure, "\nsuture_improvement_active{component=\"libx\",letter=\"a\"} 0\n", true);
}

static void nobody_is_counted_while_usr_shows_the_base(void **state)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;

	set_up(*state, &closure);
	assert_has(&closure, "\nsuture_improvement_exposed_processes{", false);
	closure.ledger.entries[0].protected_since = ACTIVE + 1;
	assert_has(&closure, "\nsuture_improvement_exposed_processes{component=\"libx\",letter=\"a\"} 0\n",
		true);
	closure.mounted = 0;
	closure.looked = false;
	assert_has(&closure, "\nsuture_improvement_exposed_processes{", false);
}

static void nobody_is_protected_while_some_could_not_be_looked_into(void **state)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;

	set_up(*state, &closure);
	closure.ledger.entries[0].protected_since = ACTIVE + 1;
	assert_int_equal(json_object_set_new(closure.exposed, "complete", json_false()), 0);
	assert_has(&closure, "\nsuture_improvement_protected{component=\"libx\",letter=\"a\"} 0\n", true);
}

static void escapes_what_a_label_must_not_hold(void **state)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(metrics_append_label(&text, "name", "a\\b\"c\nd\xc3\xa9", &error), &error);
	assert_string_equal((char *)text.data, "name=\"a\\\\b\\\"c\\nd\xc3\xa9\"");
}

static void ends_as_openmetrics_does(void **state)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Error error = ERROR_INIT;

	set_up(*state, &closure);
	assert_done(metrics_write(&closure, &text, &error), &error);
	assert_string_equal((char *)text.data + text.size - strlen("\n# EOF\n"), "\n# EOF\n");
}

int main(void)
{
#define METRICS_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		METRICS_TEST(says_nothing_of_what_is_not_known),
		METRICS_TEST(nobody_is_protected_by_what_usr_does_not_show),
		METRICS_TEST(a_part_that_usr_shows_is_active_and_the_rest_is_not),
		METRICS_TEST(nobody_is_counted_while_usr_shows_the_base),
		METRICS_TEST(nobody_is_protected_while_some_could_not_be_looked_into),
		cmocka_unit_test(escapes_what_a_label_must_not_hold),
		METRICS_TEST(ends_as_openmetrics_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
