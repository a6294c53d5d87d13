/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: cmocka, whose header wants these before it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

/* Asserts that a call fails and that its sentence contains text. */
#define assert_fails(call, error, part) \
	do { \
		(error)->text[0] = '\0'; \
		assert_int_equal((call), -1); \
		if (!strstr((error)->text, (part))) \
			fail_msg("the sentence is \"%s\", without \"%s\"", (error)->text, (part)); \
	} while (0)

/* Asserts that a call returns 0, and shows its sentence when it does not. */
#define assert_done(call, error) \
	do { \
		int done_ = (call); \
		if (done_ != 0) \
			fail_msg("%s returned %d: %s", #call, done_, (error)->text); \
	} while (0)
