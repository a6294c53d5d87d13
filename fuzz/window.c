/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any text as a maintenance window: refused or, when accepted, open at some minute of the week, and found to
 * be within the week from any other.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "engine/window.h"

enum { MINUTE = 60, DAY = 24 * 60, WEEK = 7 * DAY };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t open_minutes(const Window *window)
{
	size_t n = 0;

	for (int minute = 0; minute < WEEK; minute++) {
		const struct tm local = {
			.tm_wday = minute / DAY, .tm_hour = minute % DAY / 60, .tm_min = minute % 60};

		n += window_contains(window, &local);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	Window window;
	int64_t opening;

	if (buffer_append(&text, data, size, NULL) < 0 || buffer_append(&text, "", 1, NULL) < 0 ||
		window_parse((const char *)text.data, &window, NULL) < 0)
		return 0;
	if (window.n > WINDOW_STRETCHES_MAX || open_minutes(&window) == 0)
		abort();
	(void)setenv("TZ", "UTC0", 1);
	opening = window_next_opening(&window, 1);
	if (opening < 1 || opening > 1 + WEEK * MINUTE)
		abort();
	return 0;
}
