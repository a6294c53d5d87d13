/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a boot does (docs/boot.md): shows in root/usr what the state says, and, at its end, proves the letters
 * that were on trial. Needs neither network nor trust: what is in the state was verified when it came.
 */

#include "base/error.h"
#include "base/json.h"

typedef struct BootOptions {
	const char *root; /* NULL: "/" */
	const char *run;  /* where the report is left; NULL: "run" below root */
} BootOptions;

enum { BOOT_NOTHING = 1 };

/*
 * Activates what the state says: all of it, or what is fit to be; whatever else happens, root/usr shows the
 * base. Ran in the initramfs and again in the system, it does what could not be done before. *ret_report is
 * the document suture-boot-1 (docs/formats/state.md), also left in run for boot_report_read(); not for
 * BOOT_NOTHING.
 */
int boot_activate(const BootOptions *options, json_t **ret_report, Error *error);

/* The system is up: proves what is on trial. BOOT_NOTHING when nothing is; < 0 when something stands against
 * it, which is then known when the trial is given up. */
int boot_complete(const BootOptions *options, Error *error);
