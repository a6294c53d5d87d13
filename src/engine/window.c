/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/window.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/text.h"

enum { DAYS = 7, DAY = 24 * 60, WEEK = DAYS * DAY, EVERY_DAY = (1 << DAYS) - 1, AHEAD = 15 * DAY };

static const char *const day_names[DAYS] = {
	"Monday",
	"Tuesday",
	"Wednesday",
	"Thursday",
	"Friday",
	"Saturday",
	"Sunday",
};

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t");
}

static int read_day(const char **at, unsigned *ret, Error *error)
{
	size_t n = 0;

	while (isalpha((unsigned char)(*at)[n]))
		n++;
	for (unsigned i = 0; i < DAYS; i++) {
		if ((n != 3 && n != strlen(day_names[i])) || strncasecmp(*at, day_names[i], n) != 0)
			continue;
		*at += n;
		*ret = i;
		return 0;
	}
	return error_set(error, "\"%.20s\" does not begin with a day such as Mon", *at);
}

/* "Mon..Fri,Sun "; 0 when there are none. */
static int read_days(const char **at, unsigned *ret, Error *error)
{
	unsigned days = 0, first = 0, last = 0;

	while (isalpha((unsigned char)**at) || days) {
		if (read_day(at, &first, error) < 0)
			return -1;
		last = first;
		if (text_has_prefix(*at, "..")) {
			*at += 2;
			if (read_day(at, &last, error) < 0)
				return -1;
		}
		for (unsigned day = first; day != last; day = (day + 1) % DAYS)
			days |= 1u << day;
		days |= 1u << last;
		skip_blanks(at);
		if (**at != ',')
			break;
		++*at;
		skip_blanks(at);
	}
	*ret = days;
	return 0;
}

static bool read_two_digits(const char **at, unsigned *ret)
{
	const char *digits = *at;

	if (!isdigit((unsigned char)digits[0]) || !isdigit((unsigned char)digits[1]))
		return false;
	*ret = (unsigned)(digits[0] - '0') * 10 + (unsigned)(digits[1] - '0');
	*at += 2;
	return true;
}

static int read_time(const char **at, unsigned *ret, Error *error)
{
	const char *begin = *at;
	unsigned hours = 0, minutes = 0;

	if (!read_two_digits(at, &hours) || *(*at)++ != ':' || !read_two_digits(at, &minutes) ||
		minutes >= 60 || hours * 60 + minutes > DAY)
		return error_set(error, "\"%.20s\" does not begin with a time from 00:00 to 24:00", begin);
	*ret = hours * 60 + minutes;
	return 0;
}

static int read_stretch(const char **at, WindowStretch *ret, Error *error)
{
	const char *begin;
	unsigned days = 0, from = 0, to = 0;

	if (read_days(at, &days, error) < 0)
		return -1;
	begin = *at;
	if (read_time(at, &from, error) < 0)
		return -1;
	if (*(*at)++ != '-')
		return error_set(error, "\"%.20s\" is not of the form 02:00-05:00", begin);
	if (read_time(at, &to, error) < 0)
		return -1;
	if (from == to || from == DAY)
		return error_set(error, "\"%.20s\" has no length; a whole day is 00:00-24:00", begin);
	ret->days = (uint8_t)days;
	ret->from = (uint16_t)from;
	ret->to = (uint16_t)(to > from ? to : to + DAY);
	return 0;
}

/* "Sat 00:00-12:00, 14:00-15:00" would mean something else to each reader. */
static int settle_days(Window *window, Error *error)
{
	WindowStretch *last = &window->stretches[window->n - 1];

	for (size_t i = 0; i < window->n; i++)
		if (!window->stretches[i].days != !last->days)
			return error_set(error, "name the days of each stretch, or of none");
	return 0;
}

int window_parse(const char *text, Window *ret, Error *error)
{
	Window window = {.n = 0};
	const char *at = text;

	skip_blanks(&at);
	if (*at == '\0' || strcmp(at, "any") == 0) {
		*ret = window;
		return 0;
	}
	for (;;) {
		if (window.n == WINDOW_STRETCHES_MAX)
			return error_set(
				error, "a window has at most %d stretches of time", WINDOW_STRETCHES_MAX);
		if (read_stretch(&at, &window.stretches[window.n++], error) < 0 ||
			settle_days(&window, error) < 0)
			return -1;
		skip_blanks(&at);
		if (*at == '\0')
			break;
		if (*at != ',')
			return error_set(error, "\"%.20s\" is behind a stretch of time, without a comma", at);
		at++;
		skip_blanks(&at);
	}
	*ret = window;
	return 0;
}

static bool stretch_contains(const WindowStretch *stretch, unsigned minute)
{
	unsigned days = stretch->days ? stretch->days : EVERY_DAY;

	for (unsigned day = 0; day < DAYS; day++) {
		unsigned begin = day * DAY + stretch->from;

		if (days & 1u << day && stretch->from + (minute + WEEK - begin) % WEEK < stretch->to)
			return true;
	}
	return false;
}

bool window_contains(const Window *window, const struct tm *local)
{
	/* tm_wday counts from Sunday. */
	unsigned day = ((unsigned)local->tm_wday + DAYS - 1) % DAYS;
	unsigned minute = day * DAY + (unsigned)local->tm_hour * 60 + (unsigned)local->tm_min;

	for (size_t i = 0; i < window->n; i++)
		if (stretch_contains(&window->stretches[i], minute))
			return true;
	return window->n == 0;
}

static bool is_open_at(const Window *window, int64_t when)
{
	time_t seconds = (time_t)when;
	struct tm local;

	return localtime_r(&seconds, &local) && window_contains(window, &local);
}

/* Minute by minute, because only the time zone knows which of them there are. */
int64_t window_next_opening(const Window *window, int64_t now)
{
	int64_t when = now;

	for (int i = 0; i < AHEAD && !is_open_at(window, when); i++)
		when += 60 - when % 60;
	return when;
}
