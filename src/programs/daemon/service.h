/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * org.suture.Manager1 on the bus: takes calls, lets each run in its turn, and leaves when nobody asks.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "programs/daemon/place.h"

typedef struct Service Service;

/* place must outlive it. */
int service_new(sd_event *event, const Place *place, Service **ret, Error *error);
Service *service_free(Service *service);
DEFINE_CLEANUP(Service *, service_free);

/* Serves until nothing was asked for idle_ms, or it was told to stop by SIGTERM or SIGINT, which it must own
 * blocked. */
int service_run(Service *service, uint64_t idle_ms, Error *error);
