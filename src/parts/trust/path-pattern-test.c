/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/path-pattern.h"

#include <string.h>

#include "base/test.h"

static void stands_for_itself_without_wildcards(void **state)
{
	(void)state;
	assert_true(path_pattern_matches("a/b.json", "a/b.json"));
	assert_true(path_pattern_matches("", ""));
	assert_false(path_pattern_matches("a/b.json", "a/bxjson"));
	assert_false(path_pattern_matches("a/b", "a/b/c"));
	assert_false(path_pattern_matches("a/b/c", "a/b"));
	assert_false(path_pattern_matches("A", "a"));
	assert_false(path_pattern_matches("[ab]", "a"));
	assert_true(path_pattern_matches("[ab]", "[ab]"));
	assert_true(path_pattern_matches("a\\*", "a\\b"));
}

static void a_star_is_any_run_within_one_component(void **state)
{
	(void)state;
	assert_true(path_pattern_matches("*", "abc"));
	assert_true(path_pattern_matches("*", ""));
	assert_true(path_pattern_matches("a*c*e", "abcbcde"));
	assert_true(path_pattern_matches("**", "abc"));
	assert_true(path_pattern_matches("debian/*/amd64/*", "debian/12/amd64/openssl"));
	assert_false(path_pattern_matches("*", "a/b"));
	assert_false(path_pattern_matches("**", "a/b"));
	assert_false(path_pattern_matches("debian/*", "debian/12/amd64"));
	assert_false(path_pattern_matches("*.json", "a/b.json"));
	assert_false(path_pattern_matches("a*b", "a/b"));
}

static void a_question_mark_is_exactly_one_character_and_no_slash(void **state)
{
	(void)state;
	assert_true(path_pattern_matches("a?c", "abc"));
	assert_true(path_pattern_matches("a?c", "a\xc3\xa9"
						"c"));
	assert_false(path_pattern_matches("a??c", "a\xc3\xa9"
						  "c"));
	assert_false(path_pattern_matches("a?", "a"));
	assert_false(path_pattern_matches("a?c", "a/c"));
}

static void no_pattern_makes_it_slow(void **state)
{
	char pattern[PATH_PATTERN_MAX + 2] = "", path[1024] = "";

	(void)state;
	for (size_t i = 0; i + 2 <= PATH_PATTERN_MAX; i += 2)
		memcpy(pattern + i, "*a", 3);
	memset(path, 'a', 1000);
	path[1000] = 'b';
	assert_false(path_pattern_matches(pattern, path));
}

static void a_pattern_that_is_too_long_matches_nothing(void **state)
{
	char pattern[PATH_PATTERN_MAX + 2];

	(void)state;
	memset(pattern, '*', sizeof(pattern));
	pattern[PATH_PATTERN_MAX + 1] = '\0';
	assert_false(path_pattern_matches(pattern, "a"));
	assert_false(path_pattern_reaches(pattern, "a"));
	pattern[PATH_PATTERN_MAX] = '\0';
	assert_true(path_pattern_matches(pattern, "a"));
}

static void reaches_what_may_match_below_a_prefix(void **state)
{
	(void)state;
	assert_true(path_pattern_reaches("debian/12/*/x", "debian/"));
	assert_true(path_pattern_reaches("debian/12/*/x", "deb"));
	assert_true(path_pattern_reaches("debian/12/*/x", ""));
	assert_true(path_pattern_reaches("debian/12/*/x", "debian/12/amd"));
	assert_true(path_pattern_reaches("*/12/a", "debian/"));
	assert_true(path_pattern_reaches("debian/12", "debian/12"));
	assert_false(path_pattern_reaches("debian/12", "debian/12/"));
	assert_false(path_pattern_reaches("debian/12/*", "debian/13/"));
	assert_false(path_pattern_reaches("*", "debian/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stands_for_itself_without_wildcards),
		cmocka_unit_test(a_star_is_any_run_within_one_component),
		cmocka_unit_test(a_question_mark_is_exactly_one_character_and_no_slash),
		cmocka_unit_test(no_pattern_makes_it_slow),
		cmocka_unit_test(a_pattern_that_is_too_long_matches_nothing),
		cmocka_unit_test(reaches_what_may_match_below_a_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
