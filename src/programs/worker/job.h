/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What root hands to this worker, mapped.
 */

#include "parts/worker/protocol.h"

typedef struct Job {
	ProtocolJob job;
	Bytes download;
	Bytes *sources; /* in the order of the delta's header */
	uint32_t n_sources;
} Job;

/* Waits for all of it. What it has is never given back: this process does one job and ends. */
int job_receive(Job *ret, Error *error);
