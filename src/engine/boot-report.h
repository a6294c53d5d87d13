/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a boot has activated and what it has not, the document suture-boot-1 (docs/formats/state.md): in /run,
 * because it holds for this boot only, and because nothing else can be written when it is made.
 */

#include <stdbool.h>

#include "base/json.h"
#include "engine/improvements.h"
#include "engine/state.h"

int boot_report_new(json_t **ret, Error *error);
/* manifest: of the improvement that is not active; NULL when it is about none in particular. */
int boot_report_problem(json_t *report, const Manifest *manifest, const char *reason, Error *error);
int boot_report_finish(json_t *report, uint64_t generation, const Improvements *set, Error *error);

/* A boot has activated it, and not something since: id is the kernel's. After it is finished. */
int boot_report_sign(json_t *report, const char *id, Error *error);

/* run is the directory /run, or what stands for it. The report is told what the one before it has said of
 * other generations, which may still be in use, and of the boot. */
int boot_report_write(const char *run, json_t *report, Error *error);
/* *ret is NULL when there is none. */
int boot_report_read(const char *run, json_t **ret, Error *error);
/* That of root/run. */
int boot_report_of_root(const char *root, json_t **ret, Error *error);

/* Tells the state what the generations hold that boots have mounted below root, and that it does not know:
 * it could not be written then. A report that cannot be read tells nothing. */
int boot_report_teach(const char *root, State *state, Error *error);

/* Does it say that this generation was activated? */
bool boot_report_is_of(const json_t *report, uint64_t generation);
/* And with just this set? */
bool boot_report_holds(const json_t *report, const Improvements *set);
/* Was the improvement with this manifest part of it? */
bool boot_report_names(const json_t *report, const Digest *manifest);
/* And did the boot with this id come up with it? */
bool boot_report_proves(const json_t *report, const char *id, const Digest *manifest);
