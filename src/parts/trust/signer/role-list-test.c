/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/signer/role-list.h"

#include <string.h>

#include "base/json.h"
#include "base/test.h"
#include "parts/trust/signer/content.h"
#include "parts/trust/targets.h"

static PublicHalf half(const char *id)
{
	PublicHalf made = {.object = json_pack("{s:s}", "keytype", "test")};

	(void)snprintf(made.id, sizeof(made.id), "%s", id);
	return made;
}

static void add(const RoleEntry *entry, const char *id)
{
	CLEANUP_PUBLIC_HALF PublicHalf made = half(id);
	Error error = ERROR_INIT;

	assert_done(role_list_add_key(entry, &made, &error), &error);
}

static json_t *new_root(void)
{
	Error error = ERROR_INIT;
	json_t *root = NULL;

	assert_done(content_new_root(&root, &error), &error);
	return root;
}

static RoleEntry find(json_t *content, const char *name)
{
	Error error = ERROR_INIT;
	RoleEntry entry = {.name = NULL};

	assert_done(role_list_find(content, name, &entry, &error), &error);
	return entry;
}

static void a_key_stays_known_as_long_as_a_role_has_it(void **state)
{
	CLEANUP_JSON json_t *root = new_root();
	RoleEntry timestamp = find(root, "timestamp"), snapshot = find(root, "snapshot");
	Error error = ERROR_INIT;

	(void)state;
	add(&timestamp, "aaaaaaaa1");
	add(&snapshot, "aaaaaaaa1");
	assert_done(role_list_remove_key(&timestamp, "aaaaaaaa1", &error), &error);
	assert_int_equal(json_object_size(json_object_get(root, "keys")), 1);
	assert_done(role_list_remove_key(&snapshot, "aaaaaaaa1", &error), &error);
	assert_int_equal(json_object_size(json_object_get(root, "keys")), 0);
}

static void refuses_a_key_that_is_there_and_to_remove_one_that_is_not(void **state)
{
	CLEANUP_JSON json_t *root = new_root();
	CLEANUP_PUBLIC_HALF PublicHalf again = half("aaaaaaaa1");
	RoleEntry role = find(root, "root");
	Error error = ERROR_INIT;

	(void)state;
	add(&role, "aaaaaaaa1");
	assert_fails(role_list_add_key(&role, &again, &error), &error, "has the key aaaaaaaa1 already");
	assert_fails(role_list_remove_key(&role, "bbbbbbbb", &error), &error, "has no key bbbbbbbb");
	assert_fails(role_list_remove_key(&role, "aaaa", &error), &error, "too short");
	add(&role, "aaaaaaaa2");
	assert_fails(role_list_remove_key(&role, "aaaaaaaa", &error), &error, "more than one key");
}

static void refuses_more_signatures_than_there_are_keys(void **state)
{
	CLEANUP_JSON json_t *root = new_root();
	RoleEntry role = find(root, "root");
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(role_list_check(&role, &error), &error, "0 keys where 1 must sign");
	add(&role, "aaaaaaaa1");
	assert_done(role_list_check(&role, &error), &error);
	assert_done(role_list_set_threshold(&role, 2, &error), &error);
	assert_fails(role_list_check(&role, &error), &error, "1 key where 2 must sign");
	assert_fails(role_list_set_threshold(&role, 0, &error), &error, "between 1 and");
	assert_fails(role_list_set_threshold(&role, 257, &error), &error, "between 1 and");
}

static void delegates_patterns_and_takes_them_back(void **state)
{
	CLEANUP_JSON json_t *targets = NULL;
	Error error = ERROR_INIT;
	RoleEntry role;

	(void)state;
	assert_done(content_new_targets(&targets, &error), &error);
	assert_int_equal(role_list_find(targets, "team", &role, &error), ROLE_LIST_ABSENT);
	assert_int_equal(role_list_end_delegation(targets, "team", &error), ROLE_LIST_ABSENT);
	assert_done(role_list_delegate(targets, "team", "a/*", false, &error), &error);
	assert_done(role_list_delegate(targets, "team", "b/*", false, &error), &error);
	assert_fails(role_list_delegate(targets, "team", "b/*", false, &error), &error, "has b/* already");
	role = find(targets, "team");
	add(&role, "aaaaaaaa1");
	assert_true(json_is_false(json_object_get(role.role, "terminating")));
	assert_done(role_list_delegate(targets, "team", "b/*", true, &error), &error);
	assert_true(json_is_true(json_object_get(role.role, "terminating")));
	assert_fails(role_list_delegate(targets, "team", "b/*", true, &error), &error, "has b/* already");
	assert_int_equal(json_array_size(json_object_get(role.role, "paths")), 2);
	assert_int_equal(
		json_object_size(json_object_get(json_object_get(targets, "delegations"), "keys")), 1);
	assert_done(role_list_end_delegation(targets, "team", &error), &error);
	assert_int_equal(
		json_object_size(json_object_get(json_object_get(targets, "delegations"), "keys")), 0);
}

static void refuses_names_that_are_no_roles(void **state)
{
	CLEANUP_JSON json_t *targets = NULL;
	static const char *const names[] = {"root", "snapshot", "../up", "", "a b"};
	Error error = ERROR_INIT;

	(void)state;
	assert_done(content_new_targets(&targets, &error), &error);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_fails(
			role_list_delegate(targets, names[i], "a/*", false, &error), &error, "is no name");
}

static void leaves_hash_bins_of_others_alone(void **state)
{
	CLEANUP_JSON json_t *targets = json_pack("{s:{s:{}, s:{}}}", "delegations", "keys", "succinct_roles");
	CLEANUP_JSON json_t *before = json_deep_copy(targets);
	Error error = ERROR_INIT;

	(void)state;
	assert_fails(role_list_delegate(targets, "team", "a/*", false, &error), &error, "hash bins");
	assert_true(json_equal(before, targets));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_stays_known_as_long_as_a_role_has_it),
		cmocka_unit_test(refuses_a_key_that_is_there_and_to_remove_one_that_is_not),
		cmocka_unit_test(refuses_more_signatures_than_there_are_keys),
		cmocka_unit_test(delegates_patterns_and_takes_them_back),
		cmocka_unit_test(refuses_names_that_are_no_roles),
		cmocka_unit_test(leaves_hash_bins_of_others_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
