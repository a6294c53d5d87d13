/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/vex.h"

#include <string.h>

#include "base/text.h"
#include "engine/fixture.h"

enum { ACTIVE = 1700001000, NOW = 1700009000 };

static const VexIssue issue = {.author = "Example", .now = NOW, .has_dpkg = true};

/* A device that shows what is installed: libx (a), which fixes two advisories, and of which nobody knows who
 * is exposed. */
static void set_up(Fixture *fixture, Closure *closure, size_t n_advisories)
{
	static const char *const ids[] = {"CVE-2026-1", "CVE-2026-2"};
	Digest digest = fixture_manifest(fixture, "libx", 1);
	Manifest *manifest;

	*closure = (Closure){.mounted = 3, .state = {.generation = 3}};
	assert_done(
		improvements_put(&closure->state.active, fixture->store, &digest, ACTIVE, &fixture->error),
		&fixture->error);
	manifest = closure->state.active.items[0].manifest;
	manifest->advisories = calloc(2, sizeof(*manifest->advisories));
	assert_non_null(manifest->advisories);
	for (; manifest->n_advisories < n_advisories; manifest->n_advisories++) {
		ManifestAdvisory *advisory = &manifest->advisories[manifest->n_advisories];

		assert_done(text_copy(ids[manifest->n_advisories], &advisory->id, NULL), &fixture->error);
		assert_done(text_copy("", &advisory->summary, NULL), &fixture->error);
	}
	assert_done(ledger_begin(&closure->ledger, &closure->state.active.items[0], 0, &fixture->error),
		&fixture->error);
	closure->exposed = json_pack("{s:b, s:[]}", "complete", 1, "processes");
	closure->looked = true;
}

static json_t *write_vex(const Closure *closure)
{
	json_t *document = NULL;
	Error error = ERROR_INIT;

	assert_done(vex_write(closure, &issue, &document, &error), &error);
	return document;
}

static void assert_status(const Closure *closure, const char *status, bool has_action)
{
	CLEANUP_JSON json_t *document = write_vex(closure);
	const json_t *statements = json_object_get(document, "statements");
	size_t index;
	json_t *statement;

	assert_int_equal(json_array_size(statements), 2);
	json_array_foreach(statements, index, statement)
	{
		assert_string_equal(json_string_value(json_object_get(statement, "status")), status);
		assert_int_equal(json_has(statement, "action_statement"), has_action);
	}
}

static void says_fixed_only_of_what_is_protected(void **state)
{
	char hex[DIGEST_HEX_SIZE];
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;

	set_up(*state, &closure, 2);
	assert_status(&closure, "under_investigation", false);
	closure.ledger.entries[0].protected_since = ACTIVE + 1;
	assert_status(&closure, "fixed", false);
	json_decref(closure.exposed);
	closure.exposed = json_pack("{s:b, s:[{s:[s]}]}", "complete", 1, "processes", "components", "libx");
	assert_status(&closure, "affected", true);
	closure.mounted = 0;
	assert_status(&closure, "affected", true);
	ledger_clear(&closure.ledger);
	assert_status(&closure, "affected", true);
	closure.mounted = 3;
	assert_status(&closure, "under_investigation", false);
	closure.mounted = 4;
	closure.boot = json_pack("{s:i, s:[s]}", "generation", 4, "manifests",
		digest_to_hex(&closure.state.active.items[0].manifest_digest, hex));
	assert_status(&closure, "under_investigation", false);
}

static void another_content_is_another_document(void **state)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;
	CLEANUP_JSON json_t *first = NULL, *same = NULL, *other = NULL;

	set_up(*state, &closure, 1);
	first = write_vex(&closure);
	same = write_vex(&closure);
	closure.ledger.entries[0].protected_since = ACTIVE + 1;
	other = write_vex(&closure);
	assert_true(json_equal(first, same));
	assert_string_not_equal(json_string_value(json_object_get(first, "@id")),
		json_string_value(json_object_get(other, "@id")));
	assert_int_equal(json_integer_value(json_object_get(first, "version")), 1);
}

static void has_no_document_without_a_statement(void **state)
{
	CLEANUP_CLOSURE Closure closure = CLOSURE_INIT;
	json_t *document = NULL;
	Error error = ERROR_INIT;

	set_up(*state, &closure, 0);
	assert_int_equal(vex_write(&closure, &issue, &document, &error), VEX_NOTHING);
	assert_null(document);
}

static void names_a_package_by_its_canonical_url(void **state)
{
	static const struct {
		const char *component, *version, *architecture, *version_id;
		bool has_dpkg;
		const char *purl;
	} cases[] = {
		{"libxml2", "2.9.14+dfsg-1.3~deb12u4", "x86_64", "12", true,
			"pkg:deb/debian/libxml2@2.9.14%2Bdfsg-1.3~deb12u4?arch=amd64&distro=debian-12"},
		{"libstdc++6", "1:2-3", "aarch64", "rolling", true,
			"pkg:deb/debian/libstdc%2B%2B6@1:2-3?arch=arm64&distro=debian-rolling"},
		{"WebKit", "2", "riscv64", "12", true, "pkg:deb/debian/webkit@2?distro=debian-12"},
		{"WebKit", "2", "riscv64", "12", false,
			"pkg:generic/debian/WebKit@2?arch=riscv64&distro=debian-12"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Manifest manifest = {.component = (char *)(uintptr_t)cases[i].component,
			.base_version = (char *)(uintptr_t)cases[i].version,
			.os = {.id = (char *)(uintptr_t) "debian",
				.version_id = (char *)(uintptr_t)cases[i].version_id,
				.architecture = (char *)(uintptr_t)cases[i].architecture}};
		CLEANUP_FREE char *purl = NULL;
		Error error = ERROR_INIT;

		assert_done(vex_purl(&manifest, cases[i].has_dpkg, &purl, &error), &error);
		assert_string_equal(purl, cases[i].purl);
	}
}

int main(void)
{
#define VEX_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		VEX_TEST(says_fixed_only_of_what_is_protected),
		VEX_TEST(another_content_is_another_document),
		VEX_TEST(has_no_document_without_a_statement),
		cmocka_unit_test(names_a_package_by_its_canonical_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
