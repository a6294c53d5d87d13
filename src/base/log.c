/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { LINE_SIZE = 2048 };

static LogLevel threshold = LOG_LEVEL_WARNING;

void log_set_level(LogLevel level)
{
	threshold = level;
}

__attribute__((format(printf, 2, 0))) static void log_line(
	LogLevel level, const char *format, va_list arguments)
{
	static const char *const names[] = {
		[LOG_LEVEL_WARNING] = "warning: ", [LOG_LEVEL_INFO] = "", [LOG_LEVEL_DEBUG] = "debug: "};
	char line[LINE_SIZE];

	if (level > threshold)
		return;
	(void)vsnprintf(line, sizeof(line), format, arguments);
	text_make_printable(line);
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "%s%s\n", names[level], line);
}

#define DEFINE_LOG(name, level) \
	void name(const char *format, ...) \
	{ \
		va_list arguments; \
\
		va_start(arguments, format); \
		log_line(level, format, arguments); \
		va_end(arguments); \
	}

DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
