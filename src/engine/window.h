/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Maintenance windows (docs/configuration.md): when Suture may act by itself, in the device's local time.
 *
 *     Mon..Fri 02:00-05:00, Sat,Sun 00:00-24:00
 *
 * Days as in systemd.time(7), names short or long in either case, ".." and "," between them, and hours from
 * 00:00 to 24:00. A stretch without days is one of every day. One that ends before it begins runs over
 * midnight, from the day that is named into the next.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

enum { WINDOW_STRETCHES_MAX = 16 };

typedef struct WindowStretch {
	uint8_t days; /* on which it begins; bit 0 is Monday */
	/* Minutes since that day's midnight: [from, to). to can lie in the next day. */
	uint16_t from, to;
} WindowStretch;

/* Zeroed: any time. */
typedef struct Window {
	WindowStretch stretches[WINDOW_STRETCHES_MAX];
	size_t n; /* 0: any time */
} Window;

/* "" and "any" are any time. Does no I/O. */
int window_parse(const char *text, Window *ret, Error *error);

/* local: as of localtime_r(3); its weekday, hour and minute decide. */
bool window_contains(const Window *window, const struct tm *local);

/* The first time from `now` on, in seconds since 1970, at which the window is open by the process's time
 * zone; now itself when it is. An hour that the clocks leave out opens nothing, so it looks two weeks ahead.
 */
int64_t window_next_opening(const Window *window, int64_t now);
