/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The one thing that this worker can do: what travelled, and old files, into an image.
 */

#include "programs/worker/answer.h"
#include "programs/worker/job.h"

int decode(const Job *job, Answer *answer, Error *error);
