/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The file "format" of a tracepoint: where its record has its fields (Documentation/trace/events.rst).
 */

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

/* The offset of the field `type name;`, which must have `size` bytes. */
int trace_format_field(
	const char *format, const char *type, const char *name, size_t size, size_t *ret, Error *error);
