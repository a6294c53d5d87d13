/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where sutured's operations do their work: on which system, and in whose mount namespace.
 */

#include "engine/engine.h"

typedef struct Place {
	EngineOptions options;
	bool host_mounts; /* sutured has mounts of its own: what operations do is to be seen where process 1
			     is */
} Place;

/* Brings this process, which must be none that serves, into the mount namespace of the place. */
int place_enter(const Place *place, Error *error);

/* What the kernel tells of there by EPOLLPRI: that something was mounted or unmounted. */
int place_open_mounts(const Place *place, int *ret_fd, Error *error);

/* The generation that is to be seen there. */
int place_generation(const Place *place, uint64_t *ret, Error *error);
