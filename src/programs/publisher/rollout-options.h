/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who gets an improvement when (docs/formats/manifest.md, "rollout"): as options say it, and as people read
 * it.
 */

#include "parts/manifest/manifest.h"

/* Text from the command line. */
int rollout_take_hours(const char *text, ManifestRollout *rollout, Error *error);
int rollout_take_percent(const char *text, ManifestRollout *rollout, Error *error);
int rollout_take_urgent(const char *yes_or_no, ManifestRollout *rollout, Error *error);

/* Do hours or percent keep it from anybody? */
bool rollout_is_limited(const ManifestRollout *rollout);

enum { ROLLOUT_TEXT_SIZE = 160 };

/* "spreads over 48 hours, to no more than 10 % of the devices". Returns text. */
const char *rollout_to_text(const ManifestRollout *rollout, char text[static ROLLOUT_TEXT_SIZE]);
