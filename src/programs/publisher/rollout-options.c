/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/rollout-options.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "parts/manifest/manifest-check.h"

int rollout_take_hours(const char *text, ManifestRollout *rollout, Error *error)
{
	int64_t hours;

	if (text_to_integer(text, 0, MANIFEST_ROLLOUT_HOURS_MAX, &hours, error) < 0)
		return -1;
	rollout->hours = (uint32_t)hours;
	return 0;
}

int rollout_take_percent(const char *text, ManifestRollout *rollout, Error *error)
{
	int64_t percent;

	if (text_to_integer(text, 0, MANIFEST_PERCENT_MAX, &percent, error) < 0)
		return -1;
	rollout->percent = (uint32_t)percent;
	return 0;
}

int rollout_take_urgent(const char *yes_or_no, ManifestRollout *rollout, Error *error)
{
	bool yes = strcmp(yes_or_no, "yes") == 0;

	if (!yes && strcmp(yes_or_no, "no") != 0)
		return error_set(error, "\"%.80s\" is neither yes nor no", yes_or_no);
	rollout->urgent = yes;
	return 0;
}

bool rollout_is_limited(const ManifestRollout *rollout)
{
	return rollout->hours > 0 || rollout->percent < MANIFEST_PERCENT_MAX;
}

const char *rollout_to_text(const ManifestRollout *rollout, char text[static ROLLOUT_TEXT_SIZE])
{
	char over[64] = "goes";

	if (rollout->urgent || !rollout_is_limited(rollout)) {
		(void)snprintf(text, ROLLOUT_TEXT_SIZE, "goes to everybody at once%s",
			rollout->urgent ? ": it is urgent" : "");
		return text;
	}
	if (rollout->percent == 0) {
		(void)snprintf(
			text, ROLLOUT_TEXT_SIZE, "goes to nobody, of the devices that update by themselves");
		return text;
	}
	if (rollout->hours > 0)
		(void)snprintf(over, sizeof(over), "spreads over %u hours,", rollout->hours);
	if (rollout->percent < MANIFEST_PERCENT_MAX)
		(void)snprintf(text, ROLLOUT_TEXT_SIZE,
			"%s to no more than %u %% of the devices that update by themselves", over,
			rollout->percent);
	else
		(void)snprintf(text, ROLLOUT_TEXT_SIZE, "%s for devices that update by themselves", over);
	return text;
}
