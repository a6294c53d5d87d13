/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Components that a policy holds at a letter, or at the base: nothing beyond it is installed. What is active
 * already and lies beyond stays: a pin takes nothing off.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "parts/manifest/manifest.h"

typedef struct Pin {
	char component[MANIFEST_NAME_MAX + 1];
	unsigned sequence; /* the last letter that may be installed; 0: none, the base stays */
	char *file;        /* that says so; below the root, without a slash before it */
	unsigned line;
} Pin;

/* Each component once. Starts zeroed. */
typedef struct Pins {
	Pin *items;
	size_t n;
} Pins;

void pins_clear(Pins *pins);

/* "COMPONENT LETTER" or "COMPONENT base", in place of what the component had; "" forgets all. */
int pins_put(Pins *pins, const char *text, const char *file, unsigned line, Error *error);

/* NULL: not pinned. */
const Pin *pins_find(const Pins *pins, const char *component);

/* "pinned at (a) by /etc/suture/policy.d/fleet.conf". The caller frees it. */
int pins_describe(const Pin *pin, char **ret, Error *error);

/* [{"component", "letter" ("base" for none), "file", "line"}] */
int pins_to_json(const Pins *pins, json_t **ret, Error *error);
