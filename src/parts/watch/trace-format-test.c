/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/trace-format.h"

#include "base/test.h"

#include <string.h>

/* Of Linux 6.12, shortened. */
static const char format[] = "name: signal_deliver\nID: 260\nformat:\n"
			     "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
			     "\tfield:int sig;\toffset:8;\tsize:4;\tsigned:1;\n"
			     "\tfield:int errno;\toffset:12;\tsize:4;\tsigned:1;\n"
			     "\tfield:unsigned long sa_handler;\toffset:24;\tsize:8;\tsigned:0;\n"
			     "\tfield:int wide;\toffset:99999;\tsize:4;\tsigned:1;\n"
			     "\tfield:int bare;\n\nprint fmt: \"sig=%d\", REC->sig\n";

static void finds_where_a_field_is(void **state)
{
	Error error = ERROR_INIT;
	size_t offset = 0;

	(void)state;
	assert_done(trace_format_field(format, "int", "sig", 4, &offset, &error), &error);
	assert_int_equal(offset, 8);
	assert_done(trace_format_field(format, "unsigned long", "sa_handler", 8, &offset, &error), &error);
	assert_int_equal(offset, 24);
}

static void refuses_a_field_that_is_not_as_expected(void **state)
{
	Error error = ERROR_INIT;
	size_t offset = 7;

	(void)state;
	assert_fails(trace_format_field(format, "int", "code", 4, &offset, &error), &error, "no field");
	assert_fails(trace_format_field(format, "long", "sig", 8, &offset, &error), &error, "no field");
	assert_fails(trace_format_field(format, "int", "sig", 8, &offset, &error), &error, "has 4 bytes");
	assert_fails(trace_format_field(format, "int", "wide", 4, &offset, &error), &error, "wide");
	assert_fails(trace_format_field(format, "int", "bare", 4, &offset, &error), &error, "offset:");
	assert_int_equal(offset, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_where_a_field_is),
		cmocka_unit_test(refuses_a_field_that_is_not_as_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
