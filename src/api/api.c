/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/api.h"

#include <string.h>

#include "base/cleanup.h"

static const ApiMethod methods[] = {
	{"Check", API_NAMES, API_PLAN},
	{"Exposed", API_NOTHING_TAKEN, API_REPORT},
	{"History", API_NOTHING_TAKEN, API_REPORT},
	{"Install", API_NAMES, API_PLAN},
	{"InstallUnattended", API_NOTHING_TAKEN, API_REPORT},
	{"Metrics", API_NOTHING_TAKEN, API_REPORT, true},
	{"Receipt", API_WORD, API_REPORT},
	{"Remove", API_NAMES_AND_DRY_RUN, API_PLAN},
	{"Repair", API_NOTHING_TAKEN, API_PLAN},
	{"Restart", API_NAMES_AND_DRY_RUN, API_REPORT},
	{"Revert", API_NAMES_REASON_AND_UNATTENDED, API_REPORT},
	{"SetSetting", API_KEY_AND_VALUE, API_REPORT},
	{"Settings", API_WORD, API_REPORT},
	{"Show", API_WORD, API_REPORT},
	{"Status", API_NOTHING_TAKEN, API_REPORT},
	{"Vex", API_WORD, API_PLAN},
};

const ApiMethod *api_method_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}
