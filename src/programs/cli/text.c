/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/cli/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { SLOTS = 8, SLOT_SIZE = 1024 };

static char *next_slot(void)
{
	static char slots[SLOTS][SLOT_SIZE];
	static unsigned at;

	return slots[at++ % SLOTS];
}

const char *printable(const char *text)
{
	char *slot = next_slot();

	(void)snprintf(slot, SLOT_SIZE, "%s", text ? text : "");
	text_make_printable(slot);
	return slot;
}

const char *field_text(const json_t *object, const char *key)
{
	return printable(json_string_value(json_object_get(object, key)));
}

const char *item_text(const json_t *array, size_t at)
{
	return printable(json_string_value(json_array_get(array, at)));
}

uint64_t field_number(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));

	return number < 0 ? 0 : (uint64_t)number;
}

const char *field_letter(const json_t *object, const char *key)
{
	char *slot = next_slot();

	(void)snprintf(slot, SLOT_SIZE, "(%.8s)", field_text(object, key));
	return slot;
}

const char *field_time(const json_t *object, const char *key)
{
	const char *text = field_text(object, key);
	char *slot = next_slot();

	if (strlen(text) < 16)
		return _("never");
	(void)snprintf(slot, SLOT_SIZE, "%.10s %.5s UTC", text, text + 11);
	return slot;
}

const char *field_span(const json_t *object, const char *from, const char *to)
{
	static const struct {
		int64_t seconds, below;
		const char *one, *many;
	} units[] = {
		{60, INT64_C(2) * 60 * 60, N_PLURAL("one minute", "%zu minutes")},
		{60 * 60, INT64_C(48) * 60 * 60, N_PLURAL("one hour", "%zu hours")},
		{24 * 60 * 60, INT64_MAX, N_PLURAL("one day", "%zu days")},
	};
	int64_t begin = 0, end = 0;
	size_t i = 0;

	(void)json_time_field(object, from, &begin, NULL);
	(void)json_time_field(object, to, &end, NULL);
	if (end < begin)
		end = begin;
	if (end - begin < units[0].seconds)
		return _("less than a minute");
	while (end - begin >= units[i].below)
		i++;
	return count_text((size_t)((end - begin) / units[i].seconds), units[i].one, units[i].many);
}

void print_protection(const json_t *object, const char *head, const char *tail)
{
	if (field_number(object, "reopened") == 0)
		say("%ssince %s, %s after its release%s\n", head, field_time(object, "protected"),
			field_span(object, "released", "protected"), tail);
	else
		say("%ssince %s; first %s, %s after its release, and exposed again %s since%s\n", head,
			field_time(object, "protected"), field_time(object, "protected_first"),
			field_span(object, "released", "protected_first"),
			count_text(field_number(object, "reopened"), "one time", "%zu times"), tail);
}

void print_nobody(const json_t *exposed)
{
	if (field_number(exposed, "unknown_generations") > 0)
		say("Nothing exposed was found.\n");
	else
		say("Nothing is exposed.\n");
}

void print_unknown(const json_t *exposed, const char *indent)
{
	if (field_number(exposed, "unknown_generations") > 0)
		say("%sSome that use old bytes may be missed: an older /usr is still mounted, and what it "
		    "brought is not\n%sknown any more. Restart the machine to be sure.\n",
			indent, indent);
}

/* The build refuses translations with other conversions than these have. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
const char *count_text(size_t n, const char *one, const char *many)
{
	char *slot = next_slot();

	(void)snprintf(slot, SLOT_SIZE, language_plural(one, many, n), n);
	return slot;
}

void say_count(size_t n, const char *one, const char *many)
{
	printf(language_plural(one, many, n), n);
}
#pragma GCC diagnostic pop

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vprintf(language_text(format), arguments);
	va_end(arguments);
}

const char *field_words(const json_t *object, const char *key)
{
	return printable(language_text(field_text(object, key)));
}

void print_advisories(const json_t *improvement, const char *indent)
{
	print_advisory_list(json_object_get(improvement, "advisories"), indent);
}

void print_advisory_list(const json_t *advisories, const char *indent)
{
	size_t index;
	json_t *advisory;

	json_array_foreach(advisories, index, advisory)
	{
		const char *severity = field_text(advisory, "severity");

		if (strcmp(severity, "unknown") == 0)
			printf("%s%-16s %s\n", indent, field_text(advisory, "id"),
				field_text(advisory, "summary"));
		else
			printf("%s%-16s %s: %s\n", indent, field_text(advisory, "id"), severity,
				field_text(advisory, "summary"));
	}
}

static void print_process(const json_t *process, const char *indent)
{
	const char *path = field_text(process, "path");
	const char *slash = strrchr(path, '/');
	const char *unit = field_text(process, "unit");

	printf("%s%7llu  %-16s %-22s %-28.60s %s\n", indent, (unsigned long long)field_number(process, "pid"),
		field_text(process, "name"), *unit ? unit : "-",
		*path ? (slash ? slash + 1 : path) : _("old /usr"), field_words(process, "remedy"));
}

size_t count_exposed(const json_t *exposed)
{
	return json_array_size(json_object_get(exposed, "processes")) + field_number(exposed, "hidden");
}

void print_hidden(const json_t *exposed, const char *indent)
{
	size_t n = field_number(exposed, "hidden");

	if (n > 0)
		say("%s%s of other users, which only root may see\n", indent,
			count_text(n, "one process", "%zu processes"));
}

void print_exposed(const json_t *exposed, const char *indent)
{
	const json_t *processes = json_object_get(exposed, "processes");
	size_t index;
	json_t *process;

	if (json_array_size(processes) > 0)
		printf("%s%7s  %-16s %-22s %-28s %s\n", indent, "PID", _("PROGRAM"), _("UNIT"),
			_("STILL USES THE OLD"), _("WHAT CLOSES IT"));
	json_array_foreach(processes, index, process) print_process(process, indent);
	print_hidden(exposed, indent);
}

void print_restarted(const json_t *report)
{
	size_t index;
	json_t *unit;

	json_array_foreach(json_object_get(report, "units"), index, unit)
	{
		if (json_is_true(json_object_get(unit, "restarted")))
			say("  restarted %s\n", field_text(unit, "unit"));
		else
			say("  could not restart %s: %s\n", field_text(unit, "unit"),
				field_text(unit, "error"));
	}
}
