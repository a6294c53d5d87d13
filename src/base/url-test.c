/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

static void takes_only_http_and_https_with_a_host(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_done(url_check("http://localhost:8080/repository/", &error), &error);
	assert_done(url_check("HTTPS://user:secret@example.org/a%20b?c=d", &error), &error);
	assert_done(url_check("https://[::1]:8443/", &error), &error);
	assert_done(url_check("https://[fe80::1%25eth0]", &error), &error);
	assert_done(url_check("https://b\xc3\xbc"
			      "cher.example?c",
			    &error),
		&error);
	assert_done(url_check("http://user:p@ss@example.org:65535#x", &error), &error);
	assert_fails(url_check("file:///etc/passwd", &error), &error, "does not begin with https://");
	assert_fails(url_check("ftp://example.org/", &error), &error, "does not begin with https://");
	assert_fails(url_check("", &error), &error, "does not begin with https://");
	assert_fails(url_check("example.org", &error), &error, "does not begin with https://");
	assert_fails(url_check("http://", &error), &error, "is not a valid URL");
	assert_fails(url_check("http:///path", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://example.org:99999/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://user:secret@:80/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://user:secret@/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://example.org:/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://example.org:80a/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://example.org:0/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://[::1/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://[::1]x/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://[]/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://evil\\@example.org:x/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://a\\b/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://a<b/", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://example.org/a\nb", &error), &error, "is not a valid URL");
	assert_fails(url_check("http://example.org/a b", &error), &error, "is not a valid URL");
}

static void refuses_a_url_without_end(void **state)
{
	Error error = ERROR_INIT;
	char url[2 * URL_LENGTH_MAX];

	(void)state;
	memset(url, 'a', sizeof(url) - 1);
	url[sizeof(url) - 1] = '\0';
	memcpy(url, "http://h/", 9);
	assert_fails(url_check(url, &error), &error, "more than 4096 bytes");
	url[URL_LENGTH_MAX] = '\0';
	assert_done(url_check(url, &error), &error);
}

static void never_leaves_tls_nor_http(void **state)
{
	Error error = ERROR_INIT;

	(void)state;
	assert_done(url_check_redirect("http://a/", "https://b/", &error), &error);
	assert_done(url_check_redirect("http://a/", "http://b/", &error), &error);
	assert_done(url_check_redirect("https://a/", "https://b/", &error), &error);
	assert_fails(url_check_redirect("https://a/", "http://b/", &error), &error, "not protected by TLS");
	assert_fails(url_check_redirect("HTTPS://a/", "HTTP://b/", &error), &error, "not protected by TLS");
	assert_fails(url_check_redirect("http://a/", "file:///etc/shadow", &error), &error,
		"http://a/ redirects to what may not be followed");
	assert_fails(url_check_redirect("http://a/", "gopher://b/", &error), &error, "may not be followed");
}

static void assert_shown(const char *url, const char *shown, const char *origin)
{
	CLEANUP_FREE char *a = NULL, *b = NULL;
	Error error = ERROR_INIT;

	assert_done(url_for_people(url, &a, &error), &error);
	assert_string_equal(a, shown);
	assert_done(url_origin_for_people(url, &b, &error), &error);
	assert_string_equal(b, origin);
}

static void shows_no_passwords(void **state)
{
	(void)state;
	assert_shown("https://example.org:8443/a@b?c", "https://example.org:8443/a@b?c",
		"https://example.org:8443");
	assert_shown("https://user:secret@example.org/x", "https://example.org/x", "https://example.org");
	assert_shown("https://user:s@cret@example.org?q", "https://example.org?q", "https://example.org");
	assert_shown("http://user:secret@", "http://", "http://");
	assert_shown("nonsense", "nonsense", "nonsense");
	assert_shown("", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_only_http_and_https_with_a_host),
		cmocka_unit_test(refuses_a_url_without_end),
		cmocka_unit_test(never_leaves_tls_nor_http),
		cmocka_unit_test(shows_no_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
