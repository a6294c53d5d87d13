/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What this fetcher does: one question of root's after the other.
 */

#include <stdbool.h>

#include "parts/http/http.h"

/* Waits for the next, and answers it. False when root has gone, or asked what this does not understand. */
bool answer_next(Http *http);
