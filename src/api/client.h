/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Asking sutured: a call, its progress, its report.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"

typedef struct ClientCall {
	const char *method;       /* "Install" */
	const char *const *names; /* components; or words, "" where one is missing */
	size_t n_names;
	const char *reason; /* for "Revert"; NULL: none is given */
	bool dry_run;       /* for "Remove" and "Restart" */
	bool unattended;    /* for "Revert" */
	Progress *progress; /* what sutured tells of it is drawn here */
} ClientCall;

enum {
	CLIENT_NOTHING = 1, /* there was nothing to do; the report, if there is one, says why */
	CLIENT_ABSENT =
		2, /* there is no bus here, or nothing on it that would start sutured; *error says which */
};

/* Starts sutured when it does not run, calls the method, and waits for its answer as long as it takes;
 * whoever may not do it is asked to prove who he is by the agent of his session, if there is one. Warnings
 * are logged here. A report that is a text, no document, is a JSON string. Until CLIENT_ABSENT is returned,
 * nothing was called. */
int client_call(const ClientCall *call, json_t **ret_report, Error *error);
