/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whose a process is: a person's, or the system's. Control groups do not tell: cron, atd and the programs
 * that deliver mail run what people have written in the group of their own service.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum { OWNER_GONE = 1 };

typedef struct Owner {
	uid_t user;  /* the real one: who has set the program off, whatever rights it has taken or been given
		      */
	uid_t login; /* /proc/PID/loginuid: as whom somebody, or cron for him, had logged in; (uid_t)-1:
			nobody */
} Owner;

/* By number: people's are from 1000 on. Those that systemd gives to services with DynamicUser=, "nobody" and
 * (uid_t)-1 are nobody's. docs/UIDS-GIDS.md of systemd; Debian policy, 9.2.2. */
bool owner_is_person(uid_t user);

/* Of a process that lives, or has ended and was not waited for yet. OWNER_GONE: there is none. */
int owner_read(pid_t pid, Owner *ret, Error *error);
