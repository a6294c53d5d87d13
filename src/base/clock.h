/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Time as seconds since 1970-01-01T00:00:00Z, and as text in the one form that Suture's files use:
 * "2026-11-24T06:35:07Z" (RFC 3339, UTC, whole seconds).
 */

#include <stdint.h>

#include "base/error.h"

enum { CLOCK_TEXT_SIZE = 21 };

int64_t clock_now(void);

/* Milliseconds of a clock that never goes back; only differences mean something. */
int64_t clock_monotonic_ms(void);

/* Years 1970 to 9999; what lies outside is written as the nearest end. Returns text. */
const char *clock_to_text(int64_t seconds, char text[static CLOCK_TEXT_SIZE]);

/* Refuses every other form, and days and hours that do not exist. */
int clock_from_text(const char *text, int64_t *ret, Error *error);

/* The time that a reproducible build shall take as now: SOURCE_DATE_EPOCH if it is set, else clock_now(). */
int clock_build_time(int64_t *ret, Error *error);
