/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/hashes.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/json.h"
#include "base/test.h"

static const char text[] = "some content";

/* The digest of text, by another call than the one that is tested. */
static json_t *digest_of_text(const char *algorithm)
{
	uint8_t raw[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	size_t size = 0;

	assert_int_equal(EVP_Q_digest(NULL, algorithm, NULL, text, strlen(text), raw, &size), 1);
	hex_encode(raw, size, hex);
	return json_string(hex);
}

static void every_known_algorithm_is_checked_and_unknown_ones_skipped(void **state)
{
	static const char *const algorithms[] = {"sha256", "sha384", "sha512"};
	CLEANUP_JSON json_t *hashes = json_pack("{s:s}", "blake9", "00");
	const char *wrong = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		(void)json_object_set_new(hashes, algorithms[i], digest_of_text(algorithms[i]));
		assert_int_equal(hashes_match(hashes, bytes_of_text(text), &wrong), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		CLEANUP_JSON json_t *bad = json_deep_copy(hashes);
		size_t other = (i + 1) % ARRAY_SIZE(algorithms);

		(void)json_object_set_new(bad, algorithms[i], digest_of_text(algorithms[other]));
		assert_int_equal(hashes_match(bad, bytes_of_text(text), &wrong), HASHES_DIFFER);
		assert_string_equal(wrong, algorithms[i]);
	}
}

static void hashes_of_unknown_algorithms_alone_match_nothing(void **state)
{
	CLEANUP_JSON json_t *hashes = json_pack("{s:s}", "blake9", "00");
	const char *wrong = NULL;

	(void)state;
	assert_int_equal(hashes_match(hashes, bytes_of_text(text), &wrong), HASHES_UNKNOWN);
	assert_null(hashes_name(hashes));
}

static void a_digest_that_is_none_matches_nothing(void **state)
{
	static const char *const digests[] = {"", "00", "no hexadecimal"};
	const char *wrong = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(digests); i++) {
		CLEANUP_JSON json_t *hashes = json_pack("{s:s}", "sha256", digests[i]);

		assert_int_equal(hashes_match(hashes, bytes_of_text(text), &wrong), HASHES_DIFFER);
	}
}

static void sha256_names_the_file_when_it_is_there(void **state)
{
	CLEANUP_JSON json_t *both = json_pack("{s:s, s:s}", "sha512", "long", "sha256", "short");
	CLEANUP_JSON json_t *one = json_pack("{s:s}", "sha512", "long");

	(void)state;
	assert_string_equal(hashes_name(both), "short");
	assert_string_equal(hashes_name(one), "long");
}

static void refuses_what_are_no_hashes(void **state)
{
	CLEANUP_JSON json_t *empty = json_object();
	CLEANUP_JSON json_t *number = json_pack("{s:i}", "sha256", 1);
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(hashes_check(empty, &error), &error, "\"hashes\" is empty");
	assert_fails(hashes_check(number, &error), &error, "not a string");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_algorithm_is_checked_and_unknown_ones_skipped),
		cmocka_unit_test(hashes_of_unknown_algorithms_alone_match_nothing),
		cmocka_unit_test(a_digest_that_is_none_matches_nothing),
		cmocka_unit_test(sha256_names_the_file_when_it_is_there),
		cmocka_unit_test(refuses_what_are_no_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
