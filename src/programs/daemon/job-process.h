/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * sutured's side of the process of one operation: reads its records as they come, and says how it ended.
 */

#include <systemd/sd-event.h>

#include "programs/daemon/child.h"
#include "programs/daemon/records.h"

typedef struct JobProcess JobProcess;

/* Hears each record, and at last, once, with record NULL, how it ended: *outcome is then the report, or
 * type RECORD_FAILED with the sentence for people; crashed: the process, not the operation, has failed. */
typedef void (*JobProcessListener)(void *userdata, const Record *record, const Record *outcome, bool crashed);

int job_process_start(const ChildWork *work, sd_event *event, JobProcessListener listener, void *userdata,
	JobProcess **ret, Error *error);

/* Ends it soon. */
void job_process_kill(JobProcess *process);

/* Lets go of it; when it still runs, it goes on. */
JobProcess *job_process_free(JobProcess *process);
DEFINE_CLEANUP(JobProcess *, job_process_free);
