/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What systemd says has failed, the measure of a boot's end.
 */

#include "base/json.h"

enum { FAILED_UNITS_UNKNOWN = 1 };

/* An array of names, without Suture's own units. FAILED_UNITS_UNKNOWN where systemd does not run. */
int failed_units_list(json_t **ret, Error *error);

/* The same from systemctl's list, one unit a line. */
int failed_units_parse(Bytes text, json_t **ret, Error *error);
