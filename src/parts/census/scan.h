/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One task, a process by its first thread or any other of its threads, against the targets.
 */

#include <stdbool.h>

#include "parts/census/content.h"
#include "parts/census/proc.h"
#include "parts/census/replaced.h"

typedef struct Scan {
	bool has_memory; /* false for kernel threads and zombies */
	bool is_executable;
	size_t first_subject;
	size_t n_subjects;
	uint64_t groups;
} Scan;

/* directory is /proc/PID. PROC_GONE or PROC_DENIED. */
int scan_task(int directory, Replaced *targets, Content *content, Scan *ret, Error *error);
