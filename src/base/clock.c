/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static const int64_t last_second = 253402300799; /* 9999-12-31T23:59:59Z */

int64_t clock_now(void)
{
	return (int64_t)time(NULL);
}

int64_t clock_monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *clock_to_text(int64_t seconds, char text[static CLOCK_TEXT_SIZE])
{
	time_t bounded = (time_t)(seconds < 0 ? 0 : seconds > last_second ? last_second : seconds);
	struct tm parts;

	(void)gmtime_r(&bounded, &parts);
	(void)strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return text;
}

int clock_from_text(const char *text, int64_t *ret, Error *error)
{
	static const char shape[] = "0000-00-00T00:00:00Z";
	char again[CLOCK_TEXT_SIZE];
	struct tm parts = {0};
	int64_t seconds;

	for (size_t i = 0; i < sizeof(shape); i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == '0' ? !digit : text[i] != shape[i])
			return error_set(error, "\"%.40s\" is not a time like 2026-11-24T06:35:07Z", text);
	}
	(void)sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
		&parts.tm_hour, &parts.tm_min, &parts.tm_sec);
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	seconds = (int64_t)timegm(&parts);
	/* timegm() turns February 30th into March 2nd: only a time that reads back the same exists. */
	if (strcmp(clock_to_text(seconds, again), text) != 0)
		return error_set(error, "\"%s\" is not a time that exists", text);
	*ret = seconds;
	return 0;
}

int clock_build_time(int64_t *ret, Error *error)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	if (!epoch) {
		*ret = clock_now();
		return 0;
	}
	if (text_to_integer(epoch, 0, last_second, ret, error) < 0)
		return error_in(error, "SOURCE_DATE_EPOCH");
	return 0;
}
