/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who does what was asked for: sutured, where the system's message bus can start it; else this process.
 */

#include "programs/cli/commands.h"

/* operation: as engine/operation.h names it. What settings say of a reason and of
 * unattended goes with it. Returns ENGINE_NOTHING when there was nothing to do. */
int ask(const Settings *settings, const char *operation, const OptionList *operands, bool dry_run,
	json_t **ret_report, Error *error);
