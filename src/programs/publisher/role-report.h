/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who can sign what in a repository, with how many keys, until when: for release engineers, and as JSON
 * (docs/reports.md).
 */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

/* {roles, warnings} of what is published in a directory. */
int role_report_make(
	const char *repository, const char *trusted_root, int64_t now, json_t **ret, Error *error);

/* On stdout. */
void role_report_print(const json_t *report);
