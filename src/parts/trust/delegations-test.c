/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/delegations.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/test.h"
#include "parts/trust/fixture.h"

/* The digests of these paths begin with these digits. */
static const char path_ca[] = "a"; /* ca978112… */
static const char path_3e[] = "b"; /* 3e23e816… */

static int parse(const char *text, json_t **document, Delegations *delegations, Error *error)
{
	assert_done(json_parse(bytes_of_text(text), 65536, document, error), error);
	return delegations_parse(*document, delegations, error);
}

/* The roles for a path, each with a blank behind it. */
static void assert_roles(const Delegations *delegations, const char *path, bool below, const char *expected)
{
	DelegationsQuery query;
	Error error = ERROR_INIT;
	char names[256] = "";
	size_t at = 0;
	int next;

	assert_done(delegations_query(path, below, &query, &error), &error);
	for (;;) {
		CLEANUP_FREE char *name = NULL;
		bool terminating;

		next = delegations_next(delegations, &query, &at, &name, &terminating, &error);
		if (next != 0)
			break;
		(void)strcat(strcat(names, name), " ");
	}
	assert_int_equal(next, DELEGATIONS_END);
	assert_string_equal(names, expected);
}

static void roles_come_in_the_order_of_the_list(void **state)
{
	static const char text[] =
		"{\"keys\":{},\"roles\":["
		"{\"name\":\"z\",\"keyids\":[],\"threshold\":1,\"terminating\":false,\"paths\":[\"x/"
		"*\",\"a\"]},"
		"{\"name\":\"y\",\"keyids\":[],\"threshold\":1,\"terminating\":false,\"paths\":[\"x/*/*\"]},"
		"{\"name\":\"x\",\"keyids\":[],\"threshold\":1,\"terminating\":true,\"paths\":[\"?\"]}]}";
	CLEANUP_JSON json_t *document = NULL;
	Delegations delegations;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse(text, &document, &delegations, &error), &error);
	assert_roles(&delegations, "a", false, "z x ");
	assert_roles(&delegations, "x/1", false, "z ");
	assert_roles(&delegations, "x/1/2", false, "y ");
	assert_roles(&delegations, "other", false, "");
	assert_roles(&delegations, "x/", true, "z y ");
	assert_roles(&delegations, "", true, "z y x ");
	assert_non_null(delegations_role(&delegations, "y"));
	assert_null(delegations_role(&delegations, "w"));
	delegations_clear(&delegations);
}

static void hash_prefixes_select_by_the_digest_of_the_path(void **state)
{
	static const char text[] =
		"{\"keys\":{},\"roles\":[{\"name\":\"low\",\"keyids\":[],\"threshold\":1,"
		"\"terminating\":false,\"path_hash_prefixes\":[\"3e\",\"00\"]},{\"name\":\"high\","
		"\"keyids\":[],\"threshold\":1,\"terminating\":false,"
		"\"path_hash_prefixes\":[\"ca9\"]}]}";
	CLEANUP_JSON json_t *document = NULL;
	Delegations delegations;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse(text, &document, &delegations, &error), &error);
	assert_roles(&delegations, path_3e, false, "low ");
	assert_roles(&delegations, path_ca, false, "high ");
	assert_roles(&delegations, "c", false, "");
	assert_roles(&delegations, "a", true, "low high ");
	delegations_clear(&delegations);
}

static void bins_are_named_by_the_first_bits_of_the_digest(void **state)
{
	static const struct {
		const char *bits, *for_ca, *for_3e;
	} cases[] = {{"1", "bin-1 ", "bin-0 "}, {"4", "bin-c ", "bin-3 "}, {"5", "bin-19 ", "bin-07 "},
		{"8", "bin-ca ", "bin-3e "}, {"32", "bin-ca978112 ", "bin-3e23e816 "}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *document = NULL;
		Delegations delegations;
		Error error = ERROR_INIT;
		char text[256];

		(void)snprintf(text, sizeof(text),
			"{\"keys\":{},\"succinct_roles\":{\"keyids\":[],\"threshold\":1,\"bit_length\":%s,"
			"\"name_prefix\":\"bin\"}}",
			cases[i].bits);
		assert_done(parse(text, &document, &delegations, &error), &error);
		assert_roles(&delegations, path_ca, false, cases[i].for_ca);
		assert_roles(&delegations, path_3e, false, cases[i].for_3e);
		delegations_clear(&delegations);
	}
}

static void only_names_of_bins_are_delegated_to(void **state)
{
	static const char text[] = "{\"keys\":{},\"succinct_roles\":{\"keyids\":[],\"threshold\":1,"
				   "\"bit_length\":5,\"name_prefix\":\"bin\"}}";
	static const char *const bad[] = {
		"bin-20", "bin-1", "bin-001", "bin-1F", "bin-", "bin", "bin+1f", "other-1f", "", "bin- 1"};
	CLEANUP_JSON json_t *document = NULL;
	Delegations delegations;
	Error error = ERROR_INIT;

	(void)state;
	assert_done(parse(text, &document, &delegations, &error), &error);
	assert_non_null(delegations_role(&delegations, "bin-00"));
	assert_non_null(delegations_role(&delegations, "bin-1f"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(delegations_role(&delegations, bad[i]));
	delegations_clear(&delegations);
}

static void refuses_delegations_that_say_too_little_or_too_much(void **state)
{
#define ROLE "\"keyids\":[],\"threshold\":1,\"terminating\":false"
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"{\"keys\":{}}", "one of \"roles\" and \"succinct_roles\""},
		{"{\"keys\":{},\"roles\":[],\"succinct_roles\":{}}", "one of \"roles\" and"},
		{"{\"roles\":[]}", "field \"keys\" is missing"},
		{"{\"keys\":{},\"roles\":[1]}", "field \"name\" is missing"},
		{"{\"keys\":{},\"roles\":[{\"name\":\"\"," ROLE ",\"paths\":[]}]}", "is not a name for"},
		{"{\"keys\":{},\"roles\":[{\"name\":\"root\"," ROLE ",\"paths\":[]}]}", "is not a name for"},
		{"{\"keys\":{},\"roles\":[{\"name\":\"a\"," ROLE "}]}", "role a: needs one of"},
		{"{\"keys\":{},\"roles\":[{\"name\":\"a\"," ROLE ",\"paths\":[],\"path_hash_prefixes\":[]}]}",
			"role a: needs one of"},
		{"{\"keys\":{},\"roles\":[{\"name\":\"a\"," ROLE ",\"paths\":[1]}]}",
			"path pattern 1 is not"},
		{"{\"keys\":{},\"roles\":[{\"name\":\"a\"," ROLE ",\"paths\":[]},{\"name\":\"a\"," ROLE
		 ",\"paths\":[]}]}",
			"delegates twice to role a"},
		{"{\"keys\":{},\"roles\":[{\"name\":\"a\",\"keyids\":[],\"threshold\":1,\"paths\":[]}]}",
			"\"terminating\" is not true or false"},
		{"{\"keys\":{},\"succinct_roles\":{\"keyids\":[],\"threshold\":1,\"bit_length\":33,"
		 "\"name_prefix\":\"b\"}}",
			"field \"bit_length\" is not between 1 and 32"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *document = NULL;
		Delegations delegations;
		Error error = ERROR_INIT;

		assert_fails(parse(cases[i].text, &document, &delegations, &error), &error, cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_come_in_the_order_of_the_list),
		cmocka_unit_test(hash_prefixes_select_by_the_digest_of_the_path),
		cmocka_unit_test(bins_are_named_by_the_first_bits_of_the_digest),
		cmocka_unit_test(only_names_of_bins_are_delegated_to),
		cmocka_unit_test(refuses_delegations_that_say_too_little_or_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
