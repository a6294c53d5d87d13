/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What several reports share.
 */

#include "engine/context.h"
#include "engine/state.h"

/* "os": {"id", "version_id", "architecture", "image_version"} */
int report_put_os(const Engine *engine, json_t *document, Error *error);

/* Adds it to the array. */
int report_put_improvement(json_t *array, const Improvement *improvement, Error *error);

/* "quarantined": the letters of this component, or with NULL of all. */
int report_put_quarantined(const State *state, const char *component, json_t *document, Error *error);
