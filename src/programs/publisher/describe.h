/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Metadata for people: what a file says, and what it changes about the one before it. On stdout. Whoever
 * signs must have seen everything that the signature covers, so that nothing is left out, and nothing in it
 * can write over what the terminal shows.
 */

#include <jansson.h>

/* before, after: what is signed ("signed"), of root or of a targets role; before is NULL for the first. */
void describe_change(const char *role, const json_t *before, json_t *after);

/* A text from others, NULL too, behind one of this program's. */
void describe_text(const char *label, const char *text);

/* The same, and the end of the line. */
void describe_line(const char *label, const char *text);
