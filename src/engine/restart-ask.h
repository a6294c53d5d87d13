/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Asking people for what only they can do: a message on the desktop of each user whom it concerns.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/*
 * actions: of "suture-exposed-1". Each user with a graphical session hears once a generation of applications
 * to restart, a login to end, a restart of the system, and services that will be restarted when they are due;
 * with `services`, also of those that "suture restart" restarts, since nothing does so by itself, or any
 * more. Below /run/suture/asked it is remembered who has. Where no message can be shown that is logged, and
 * tried again the next time.
 */
void restart_ask(const json_t *actions, uint64_t generation, bool services);

/* The message for one user; "" when there is nothing to ask for. */
int restart_ask_text(const json_t *actions, uid_t uid, bool services, char **ret, Error *error);
