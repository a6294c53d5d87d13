/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The D-Bus interface of sutured: names, signatures and bounds that both sides share. docs/daemon.md says
 * what they mean, org.suture.Manager1.xml beside this file is the interface for machines.
 */

#include <stdbool.h>
#include <stddef.h>

#define API_SERVICE "org.suture"
#define API_OBJECT "/org/suture"
#define API_INTERFACE "org.suture.Manager1"

#define API_ERROR_FAILED "org.suture.Error.Failed"
#define API_ERROR_BUSY "org.suture.Error.Busy"
#define API_ERROR_CRASHED "org.suture.Error.Crashed"
#define API_ERROR_STOPPING "org.suture.Error.Stopping"

/* What methods take: components; these and whether it is a dry run; these, a reason, and whether nobody asks;
 * one word, two, nothing. */
#define API_NAMES "as"
#define API_NAMES_AND_DRY_RUN "asb"
#define API_NAMES_REASON_AND_UNATTENDED "assb"
#define API_WORD "s"
#define API_KEY_AND_VALUE "ss"
#define API_NOTHING_TAKEN ""

/* What they give: a report, and for plans whether there was nothing to do. */
#define API_PLAN "sb"
#define API_REPORT "s"

enum {
	API_NAMES_MAX = 1024,
	API_NAME_MAX = 255,               /* bytes of one name or word */
	API_VALUE_MAX = 4095,             /* bytes of a setting's value, or of a reason */
	API_STAGE_MAX = 511,              /* bytes of what is told about progress */
	API_REPORT_MAX = 16 * 1024 * 1024 /* bytes; the bus takes 32 MiB */
};

typedef struct ApiMethod {
	const char *name;
	const char *takes, *gives; /* signatures */
	bool text;                 /* its report is no JSON, but a text as it is */
} ApiMethod;

/* NULL: there is none of this name. */
const ApiMethod *api_method_find(const char *name);
