/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The census in a report (suture-exposed-1, docs/reports.md), and whom it lists.
 */

#include <sys/types.h>

#include "base/json.h"

/* That of the report, or the report itself where it is one; NULL where it has none. */
json_t *census_view_of(json_t *report);

/* Takes one process out of it. */
void census_view_drop(json_t *report, pid_t pid);
