/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/package/control.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { CONTROL_NAME_MAX = 128 };

const char *const CONTROL_SCRIPT_NAMES[CONTROL_SCRIPTS] = {
	"preinst", "postinst", "prerm", "postrm", "triggers"};

void control_clear(Control *control)
{
	free(control->name);
	free(control->version);
	free(control->architecture);
	free(control->depends);
	free(control->pre_depends);
	*control = (Control){.name = NULL};
}

static int take(const char *value, size_t size, char **place, const char *field, Error *error)
{
	while (size > 0 && strchr(" \t\r", *value)) {
		value++;
		size--;
	}
	while (size > 0 && strchr(" \t\r", value[size - 1]))
		size--;
	if (*place)
		return error_set(error, "its control file has two fields %s", field);
	*place = strndup(value, size);
	return *place ? 0 : error_memory(error);
}

/* Continuation lines begin with a blank; none of the wanted fields has any in practice, and when one had, its
 * first line is enough to see that it changed. */
static int take_line(const char *line, size_t size, Control *control, Error *error)
{
	const struct {
		const char *field;
		char **place;
	} wanted[] = {
		{"Package", &control->name},
		{"Version", &control->version},
		{"Architecture", &control->architecture},
		{"Depends", &control->depends},
		{"Pre-Depends", &control->pre_depends},
	};
	const char *colon = memchr(line, ':', size);

	if (!colon)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		size_t length = strlen(wanted[i].field);

		if ((size_t)(colon - line) == length && strncasecmp(line, wanted[i].field, length) == 0)
			return take(colon + 1, size - length - 1, wanted[i].place, wanted[i].field, error);
	}
	return 0;
}

static int require_name(const char *value, const char *field, Error *error)
{
	if (!value)
		return error_set(error, "its control file has no field %s", field);
	if (!text_is_name(value, CONTROL_NAME_MAX))
		return error_set(error, "its control field %s is not a plain word: \"%.140s\"", field, value);
	return 0;
}

static int allow_empty(char **place, Error *error)
{
	return *place ? 0 : text_copy("", place, error);
}

int control_parse(Bytes text, Control *control, Error *error)
{
	const char *at = (const char *)text.data;
	size_t left = text.size;

	if (left > 0 && memchr(at, '\0', left))
		return error_set(error, "its control file holds a zero byte");
	while (left > 0) {
		const char *end = memchr(at, '\n', left);
		size_t size = end ? (size_t)(end - at) : left;

		if (take_line(at, size, control, error) < 0)
			return -1;
		at += end ? size + 1 : size;
		left -= end ? size + 1 : size;
	}
	if (require_name(control->name, "Package", error) < 0 ||
		require_name(control->version, "Version", error) < 0 ||
		require_name(control->architecture, "Architecture", error) < 0 ||
		allow_empty(&control->depends, error) < 0)
		return -1;
	return allow_empty(&control->pre_depends, error);
}

const char *control_kernel_architecture(const char *architecture)
{
	static const struct {
		const char *debian, *kernel;
	} known[] = {
		{"amd64", "x86_64"},
		{"arm64", "aarch64"},
		{"armhf", "armv7l"},
		{"i386", "i686"},
		{"loong64", "loongarch64"},
		{"ppc64el", "ppc64le"},
		{"riscv64", "riscv64"},
		{"s390x", "s390x"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].debian, architecture) == 0)
			return known[i].kernel;
	return NULL;
}
