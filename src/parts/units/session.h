/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Login sessions, as logind knows them (sd-login(3)).
 */

#include <stdbool.h>
#include <sys/types.h>

/* Whose session "session-2.scope" is; false when it is none that logind knows. */
bool session_owner(const char *unit, uid_t *ret);

/* Has this user a graphical session? */
bool session_has_desktop(uid_t uid);

/* The users with one, *ret_n of them, in an array to free(). */
void session_desktops(uid_t **ret, size_t *ret_n);
