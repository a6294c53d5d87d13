/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What somebody who has taken a worker over may try.
 */

#include <stddef.h>

enum { GIVEN_FD = 4 }; /* what travelled, as root handed it over */

typedef struct Attempt {
	const char *name;
	/* 0 or more: it worked, and this is how far; -1: it did not, and errno says why. Those that are not
	 * about system calls do not return. */
	long (*attempt)(void);
} Attempt;

extern const Attempt attempts_on_system[];
extern const size_t n_attempts_on_system;
extern const Attempt attempts_on_root[]; /* through what root hears */
extern const size_t n_attempts_on_root;
extern const Attempt attempts_of_fetcher[]; /* the same, with what only a fetcher may say */
extern const size_t n_attempts_of_fetcher;
