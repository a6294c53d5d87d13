/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The language of people (gettext(3)). A program that has started it says its sentences in the language of
 * its user, where there is a translation in po/; in a program that has not, everything below gives back the
 * English words. Reports, logs, formats and what is kept are English everywhere: only what is printed for
 * people is looked up, at the place that prints it.
 *
 * A translation may be a format. Those are read from the system's own directory alone, and the build refuses
 * one whose conversions differ from the English ones.
 */

/* Once, at the start of main(). Sets LC_MESSAGES and nothing else, and takes from LANGUAGE no paths. */
void language_start(void);

/* The words in the user's language; the same pointer when there are none. Never fails. */
const char *language_text(const char *text) __attribute__((format_arg(1)));

/* The same for what is counted, by n. */
const char *language_plural(const char *one, const char *many, unsigned long n)
	__attribute__((format_arg(1), format_arg(2)));

/* Looks up; and only marks, for tables whose words are looked up where they are printed. */
#define _(text) language_text(text)
#define N_(text) text
#define N_PLURAL(one, many) one, many
