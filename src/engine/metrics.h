/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The closures in figures (docs/ledger.md), in a text that is both OpenMetrics 1.0 and the older Prometheus
 * format 0.0.4, which is what node_exporter's textfile collector reads: every family is a gauge, because the
 * older format does not know the type info, and calls a counter's family otherwise.
 */

#include "engine/closure.h"

/* Appends the whole exposition, "# EOF" included. */
int metrics_write(const Closure *closure, Buffer *ret, Error *error);

/* A label's value: backslash, quote and newline are escaped. */
int metrics_append_label(Buffer *buffer, const char *name, const char *value, Error *error);
