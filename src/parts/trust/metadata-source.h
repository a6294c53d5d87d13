/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the trusted set's metadata comes from, role by role: the local store first, then the server, within
 * bounds that are known before anything is asked for. What was verified is stored at once, byte for byte.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "parts/trust/trusted-set.h"
#include "parts/trust/updater.h"

typedef struct MetadataSource {
	UpdaterIo io;
	int64_t now;
	UpdaterNews news;
	bool offline; /* ask the server for nothing: a role that the local store has not is an error */
	TrustedSet *set;
} MetadataSource;

/* Begins anew with the stored root. */
int metadata_source_open(MetadataSource *source, Error *error);
void metadata_source_clear(MetadataSource *source);

/* In this order (TUF 1.0.x section 5.3 to 5.6). */
int metadata_source_root(MetadataSource *source, Error *error);
int metadata_source_timestamp(MetadataSource *source, Error *error);
int metadata_source_snapshot(MetadataSource *source, Error *error);

/* A targets role, verified for the delegator; nothing is loaded when the set has it. A role that the
 * snapshot does not list fails without a request. */
int metadata_source_targets(MetadataSource *source, const char *role, const char *delegator, Error *error);
