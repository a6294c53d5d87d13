/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What an install was to lead to, beside what it has led to.
 */

#include <stdbool.h>

#include "base/json.h"

/*
 * "restarts" of "suture-plan-1" into document (docs/reports.md). Both are "actions" of "suture-exposed-1":
 * predicted may be NULL when nothing was; actual is, before the install, the prediction.
 */
int restart_forecast_put(
	const json_t *predicted, const json_t *actual, bool done, json_t *document, Error *error);
