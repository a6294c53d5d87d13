/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * That somebody watches, for whoever asks for the status: the document suture-watch-1 (docs/formats/state.md)
 * in run/suture below the root, as long as suture-watch runs.
 */

#include <stdint.h>

#include "base/json.h"

/* until: seconds since 1970; limits: what cannot be seen here, a sentence for people, or "". */
int watch_report_write(int root_fd, int64_t until, const char *limits, Error *error);
void watch_report_remove(int root_fd);

/* *ret is NULL when nobody watches. */
int watch_report_read(int root_fd, json_t **ret, Error *error);
