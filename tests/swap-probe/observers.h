/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Processes that look at ROOT/usr all the time while somebody else swaps what it shows, and the memory that
 * they share with it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the swapper is doing, in one word, so that whoever reads the same word before and after an open knows
 * what it was allowed to see. It changes right before each swap begins and right after it ended.
 *
 * run is odd from the end of a first activation to the beginning of the deactivation: in between, nobody may
 * see the base, however many swaps he slept through. from and to are generations (0 is the base) and equal
 * when no swap is under way.
 */
typedef struct Epoch {
	uint32_t run;
	uint16_t step;
	uint8_t from, to;
} Epoch;

typedef struct Observed {
	_Atomic uint64_t epoch;
	_Atomic bool stop;
	_Atomic uint64_t opens, errors, base_between, wrong;
	_Atomic uint64_t execs, exec_failures;
} Observed;

uint64_t epoch_pack(Epoch epoch);

/* Each runs in a new process until stop is set; its pid, or -1. A reader opens and reads usr/lib/generation,
 * whose first byte is '0', '1'… for the generation it is from. */
pid_t observe_reads(Observed *observed, const char *usr);
/* The same from a mount namespace of its own that follows this one, as services have. */
pid_t observe_reads_in_namespace(Observed *observed, const char *usr);
/* Runs usr/bin/origin-probe again and again. */
pid_t observe_execs(Observed *observed, const char *usr);
