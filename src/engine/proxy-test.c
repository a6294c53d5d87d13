/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

static void put(const char *value)
{
	assert_int_equal(setenv("http_proxy", value, 1), 0);
	assert_int_equal(setenv("ALL_PROXY", value, 1), 0);
	assert_int_equal(setenv("no_proxy", "localhost", 1), 0);
}

static void without_the_setting_the_environment_stays(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	put("http://theirs:1");
	assert_done(proxy_apply(NULL, &error), &error);
	assert_string_equal(getenv("http_proxy"), "http://theirs:1");
}

static void the_setting_takes_the_place_of_all_proxies(void **state)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	Error error = ERROR_INIT;

	(void)state;
	put("http://theirs:1");
	assert_done(proxy_apply("socks5h://ours:2", &error), &error);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(getenv(names[i]), "socks5h://ours:2");
	assert_string_equal(getenv("no_proxy"), "localhost");
}

static void none_has_no_proxy_used(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	put("http://theirs:1");
	assert_done(proxy_apply("none", &error), &error);
	assert_null(getenv("http_proxy"));
	assert_null(getenv("ALL_PROXY"));
}

static void what_is_no_proxy_is_refused(void **state)
{
	static const char *const wrong[] = {"", "proxy:3128", "ftp://proxy", "http://", "None"};
	Error error = ERROR_INIT;

	(void)state;
	put("http://theirs:1");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_fails(proxy_apply(wrong[i], &error), &error, "Proxy= is neither none nor a URL");
	assert_string_equal(getenv("http_proxy"), "http://theirs:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_setting_the_environment_stays),
		cmocka_unit_test(the_setting_takes_the_place_of_all_proxies),
		cmocka_unit_test(none_has_no_proxy_used),
		cmocka_unit_test(what_is_no_proxy_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
