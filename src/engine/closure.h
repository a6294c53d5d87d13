/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the device can say about its closures at this moment: the state, what /usr shows, a census where root
 * asks, and the ledger with that census in it.
 */

#include "engine/context.h"
#include "engine/ledger.h"
#include "engine/state.h"

typedef struct Closure {
	State state;
	uint64_t mounted; /* the generation that /usr shows */
	json_t *boot;     /* what a boot or a repair has activated, suture-boot-1; NULL: not known */
	json_t *exposed;  /* suture-exposed-1; "complete" is false for all but root */
	bool looked;      /* a census was taken, of what is active and shown */
	Ledger ledger;
} Closure;

#define CLOSURE_INIT \
	(Closure) \
	{ \
		.exposed = NULL \
	}

int closure_look(const Engine *engine, Closure *ret, Error *error);
void closure_clear(Closure *closure);
static inline void closure_clear_cleanup(Closure *closure)
{
	closure_clear(closure);
}
#define CLEANUP_CLOSURE __attribute__((cleanup(closure_clear_cleanup)))

typedef enum ClosureVerdict {
	CLOSURE_GONE,      /* it is not installed any more */
	CLOSURE_INACTIVE,  /* it is, but /usr does not show that */
	CLOSURE_EXPOSED,   /* active, and somebody uses old bytes */
	CLOSURE_UNKNOWN,   /* active, and nobody has looked into every process yet, or can now */
	CLOSURE_PROTECTED, /* active, and nobody is exposed to it */
} ClosureVerdict;

/* Does /usr show this improvement, which is installed? */
bool closure_shows(const Closure *closure, const Digest *manifest);

ClosureVerdict closure_judge(const Closure *closure, const LedgerEntry *entry);
const char *closure_verdict_name(ClosureVerdict verdict);

/* Processes that are exposed to it: now, or without a census when root last looked. */
size_t closure_count_exposed(const Closure *closure, const LedgerEntry *entry);
