/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

__attribute__((format(printf, 3, 0))) static int set_text(
	Error *error, int os_error, const char *format, va_list arguments)
{
	char text[ERROR_TEXT_SIZE];

	(void)vsnprintf(text, sizeof(text), format, arguments);
	text_make_printable(text);
	error->os_error = os_error;
	memcpy(error->text, text, sizeof(text));
	return -1;
}

int error_set(Error *error, const char *format, ...)
{
	if (error) {
		va_list arguments;

		va_start(arguments, format);
		(void)set_text(error, 0, format, arguments);
		va_end(arguments);
	}
	return -1;
}

int error_os(Error *error, int os_error, const char *format, ...)
{
	if (error) {
		va_list arguments;
		size_t used;

		va_start(arguments, format);
		(void)set_text(error, os_error, format, arguments);
		va_end(arguments);
		used = strlen(error->text);
		(void)snprintf(error->text + used, sizeof(error->text) - used, ": %s", strerror(os_error));
	}
	return -1;
}

int error_in(Error *error, const char *format, ...)
{
	if (error) {
		char inner[ERROR_TEXT_SIZE];
		va_list arguments;
		size_t used;

		memcpy(inner, error->text, sizeof(inner));
		va_start(arguments, format);
		(void)set_text(error, error->os_error, format, arguments);
		va_end(arguments);
		used = strlen(error->text);
		(void)snprintf(error->text + used, sizeof(error->text) - used, ": %s", inner);
	}
	return -1;
}

int error_memory(Error *error)
{
	return error_os(error, ENOMEM, "out of memory");
}
