/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "programs/publisher/package/version.h"

/* The same order as `dpkg --compare-versions`. */
static void orders_versions_as_dpkg_does(void **state)
{
	static const char *const ascending[] = {"0~", "0", "1.0~rc1", "1.0", "1.0-0.1", "1.0-1", "1.0-1+b1",
		"1.0-1+deb12u2", "1.0-1+deb12u10", "1.0-2", "1.0a", "1.0+git1", "1.9", "1.10",
		"2.9.14+dfsg-1.3", "2.9.14+dfsg-1.3+deb13u1", "99999999999999999999.1", "1:0.1", "2:0"};
	size_t n = ARRAY_SIZE(ascending);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int order = version_compare(ascending[i], ascending[j]);

			if ((order < 0) != (i < j) || (order > 0) != (i > j))
				fail_msg("%s and %s: %d", ascending[i], ascending[j], order);
		}
}

static void numbers_and_not_digits_are_compared(void **state)
{
	(void)state;
	assert_int_equal(version_compare("1.01", "1.1"), 0);
	assert_int_equal(version_compare("1.0-", "1.0"), 0);
	assert_int_equal(version_compare("0:1.0", "1.0"), 0);
	assert_int_equal(version_compare("", ""), 0);
	assert_true(version_compare("1.0-1~deb12u1", "1.0-1") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_versions_as_dpkg_does),
		cmocka_unit_test(numbers_and_not_digits_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
