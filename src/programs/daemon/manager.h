/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * org.suture.Manager1 on the bus: takes calls, lets each run in its turn, and leaves when nobody asks.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "programs/daemon/place.h"

typedef struct Manager Manager;

/* place must outlive it. */
int manager_new(sd_event *event, const Place *place, Manager **ret, Error *error);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager *, manager_free);

/* Serves until nothing was asked for idle_ms, or it was told to stop by SIGTERM or SIGINT, which it must own
 * blocked. */
int manager_run(Manager *manager, uint64_t idle_ms, Error *error);
