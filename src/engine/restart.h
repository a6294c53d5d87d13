/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/json.h"

/* Restarts the unit of each process of the document "suture-exposed-1" that may be restarted, each once, and
 * adds to the array what became of it ("units" in docs/reports.md). Without a systemd, none. */
int restart_listed(const json_t *exposed, json_t *units, Error *error);
