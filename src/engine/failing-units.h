/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Services that fail by themselves, before anything of Suture's comes. failed-units.h has what has failed for
 * good; a service that is started again each time is hardly ever among that.
 */

#include <stdint.h>

#include "base/json.h"

enum { FAILING_UNITS_UNKNOWN = 1 };

/* An array of names, without Suture's own: services whose last run was a failure, and those that systemd has
 * started again by itself within so many minutes. FAILING_UNITS_UNKNOWN where systemd does not run. */
int failing_units_list(unsigned minutes, json_t **ret, Error *error);

/* The same from what "systemctl show" prints of services: lines of NAME=VALUE, and an empty one between two.
 * A start at since (microseconds of CLOCK_MONOTONIC) or later is one within the time. */
int failing_units_parse(Bytes text, int64_t since, json_t **ret, Error *error);
