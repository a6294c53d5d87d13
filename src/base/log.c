/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { LINE_SIZE = 2048 };

static LogLevel threshold = LOG_LEVEL_WARNING;

static LogListener listen;
static void *listener_data;

void log_set_listener(LogListener listener, void *userdata)
{
	listen = listener;
	listener_data = userdata;
}

void log_set_level(LogLevel level)
{
	threshold = level;
}

/* The variable alone says nothing: whatever a service starts inherits it, a terminal's shell for instance. It
 * names the device and inode that stderr has when it really goes to the journal. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
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
	if (listen)
		listen(listener_data, level, line);
	if (stderr_is_journal())
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
