/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The engine's reports in words. Every string in a report may come from a stranger: what is printed here is
 * made harmless for a terminal first.
 */

#include "base/json.h"
#include "base/language.h"

/* Prints in the user's language; what has no words in it needs no more than printf(). */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same of n things: "one process uses it\n", "%zu processes use it\n". */
void say_count(size_t n, const char *one, const char *many);

/* A field's text, printable; "" when it is absent. Valid until the call after the eighth next. */
const char *field_text(const json_t *object, const char *key);
const char *printable(const char *text);
/* The same for an element of an array. */
const char *item_text(const json_t *array, size_t at);
uint64_t field_number(const json_t *object, const char *key);

/* "(a)" */
const char *field_letter(const json_t *object, const char *key);

/* "CVE-2026-1 (high), CVE-2026-2", or "" */
void print_advisories(const json_t *improvement, const char *indent);
/* The same for another of its lists. */
void print_advisory_list(const json_t *advisories, const char *indent);

/* How many processes a census found, those of other users that it only counts included. */
size_t count_exposed(const json_t *exposed);

/* The table of exposed processes; nothing when there are none. */
void print_exposed(const json_t *exposed, const char *indent);

/* How many processes of other users sutured has left out of it; nothing when there are none. */
void print_hidden(const json_t *exposed, const char *indent);

/* That nothing is exposed, or only that nothing was found. */
void print_nobody(const json_t *exposed);

/* That more may be exposed than a census could find, when it says so, and what ends that. */
void print_unknown(const json_t *exposed, const char *indent);

/* The actions that close it, one a line: what "suture restart" does, and what only people can do; a part of
 * it without a line when there is nothing. */
void print_actions(const json_t *actions, const char *indent);

/* What became of each unit in the "units" of a report. */
void print_restarted(const json_t *report);

/* "one process", or from "%zu processes": "3 processes", in the user's language. */
const char *count_text(size_t n, const char *one, const char *many);

/* A field whose words the engine has from a table, in the user's language. */
const char *field_words(const json_t *object, const char *key);

/* "2026-11-24 06:35 UTC", from a report's time. */
const char *field_time(const json_t *object, const char *key);

/* "37 minutes", from one of the object's times to another: minutes, hours or days. */
const char *field_span(const json_t *object, const char *from, const char *to);

/* The line on since when nobody is exposed, from an object with released, protected_first, protected and
 * reopened; tail stands at its end. */
void print_protection(const json_t *object, const char *head, const char *tail);
