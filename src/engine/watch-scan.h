/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The processes that are there, by looking: those that began before the watch, or while the kernel could not
 * tell, and all where it does not tell.
 */

#include "engine/watch-known.h"
#include "parts/watch/processes.h"

/* Adds to each process which sets it maps, and its name. What is not there any more has ended at now. anew:
 * what was known of those that are there may be wrong. */
int watch_scan(const WatchKnown *known, const Engine *engine, uint64_t now, bool anew, Processes *processes,
	Error *error);
