/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Timestamp metadata (TUF 1.0.x section 4.6): which snapshot is the newest.
 */

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "parts/trust/meta-file.h"
#include "parts/trust/metadata.h"

typedef struct Timestamp {
	Metadata metadata;
	MetaFile snapshot;
} Timestamp;

int timestamp_parse(Bytes text, Timestamp **ret, Error *error);
Timestamp *timestamp_free(Timestamp *timestamp);
DEFINE_CLEANUP(Timestamp *, timestamp_free);
