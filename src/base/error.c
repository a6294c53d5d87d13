/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/language.h"
#include "base/text.h"

__attribute__((format(printf, 2, 0))) static void format_text(
	char text[static ERROR_TEXT_SIZE], const char *format, va_list arguments)
{
	char whole[ERROR_TEXT_SIZE];

	(void)vsnprintf(whole, sizeof(whole), format, arguments);
	text_make_printable(whole);
	/* Only now: what is formatted may be the former text. */
	memcpy(text, whole, sizeof(whole));
}

static void append(char text[static ERROR_TEXT_SIZE], const char *what)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, ERROR_TEXT_SIZE - used, ": %s", what);
	/* What was cut within a character would be no text: no bus and no report carries it. */
	text_make_printable(text + used);
}

/* The translations of formats are looked up here and nowhere else. */
__attribute__((format(printf, 3, 0))) static int set_text(
	Error *error, int os_error, const char *format, va_list arguments)
{
	char translated[ERROR_TEXT_SIZE] = "";
	va_list again;

	if (language_text(format) != format) {
		va_copy(again, arguments);
		format_text(translated, language_text(format), again);
		va_end(again);
	}
	format_text(error->text, format, arguments);
	memcpy(error->translated, translated, sizeof(translated));
	error->os_error = os_error;
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

		va_start(arguments, format);
		(void)set_text(error, os_error, format, arguments);
		va_end(arguments);
		append(error->text, error_os_text(os_error));
		if (error->translated[0])
			append(error->translated, strerror(os_error));
	}
	return -1;
}

int error_in(Error *error, const char *format, ...)
{
	if (error) {
		Error inner = *error;
		va_list arguments;

		va_start(arguments, format);
		(void)set_text(error, inner.os_error, format, arguments);
		va_end(arguments);
		if (!error->translated[0] && inner.translated[0])
			memcpy(error->translated, error->text, sizeof(error->translated));
		append(error->text, inner.text);
		if (error->translated[0])
			append(error->translated, error_words(&inner));
	}
	return -1;
}

const char *error_words(const Error *error)
{
	return error->translated[0] ? error->translated : error->text;
}

const char *error_os_text(int os_error)
{
	const char *text = strerrordesc_np(os_error);

	return text ? text : "Unknown error";
}

int error_memory(Error *error)
{
	return error_os(error, ENOMEM, "out of memory");
}
