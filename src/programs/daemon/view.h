/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a report shows to whom: of other users' processes no more than /proc would tell.
 */

#include <sys/types.h>

#include "base/error.h"
#include "base/json.h"

/* Takes every process of another user than uid out of the census in the report, and counts them in "hidden"
 * there; and every action that is not about this user's own. Root sees all. The report may be no object, or
 * NULL: then it stays as it is. */
int view_limit_to_user(json_t *report, uid_t uid, Error *error);
