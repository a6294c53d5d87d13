/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The commands of suture-delta, one file each.
 */

#include "base/options.h"

typedef struct DeltaToolSettings {
	bool quiet;
	bool json;
	bool fast;
} DeltaToolSettings;

int command_diff(void *settings, const OptionList *operands, Error *error);  /* OLD NEW PATCH */
int command_apply(void *settings, const OptionList *operands, Error *error); /* OLD PATCH NEW */
int command_info(void *settings, const OptionList *operands, Error *error);  /* PATCH */
