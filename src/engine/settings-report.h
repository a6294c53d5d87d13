/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Settings as JSON (docs/reports.md).
 */

#include "base/json.h"
#include "engine/config.h"

/* Into the status: "settings", what happens by itself and what people may do, key by key; and
 * "policy_problem". */
int settings_report_put(const Config *config, json_t *document, Error *error);
