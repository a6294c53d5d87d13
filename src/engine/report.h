/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What several reports share.
 */

#include "engine/context.h"

/* "os": {"id", "version_id", "architecture", "image_version"} */
int report_put_os(const Engine *engine, json_t *document, Error *error);
