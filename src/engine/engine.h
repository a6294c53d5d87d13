/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The engine puts the parts together: what a device can do with improvements. Its faces are the programs.
 *
 * Every report is a JSON document (docs/reports.md has the schema): `--json` prints it as it is, and the
 * text for people is made from it, so that both say the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"

typedef struct Engine Engine;

/* NULL where the configuration below root decides (docs/configuration.md). */
typedef struct EngineOptions {
	const char *root;       /* absolute directory; NULL: "/" */
	const char *repository; /* URL */
	const char *state;      /* directory */
	const char *trust;      /* file: the root metadata that the OS vendor ships */
	Progress *progress;
	int64_t lock_wait_ms; /* for another suture to end; 0: ten seconds */
	bool unattended;      /* nobody asks: what the policy says of people does not matter, its pins do */
} EngineOptions;

/* Components by name; none means all. */
typedef struct EngineNames {
	const char *const *names;
	size_t count;
} EngineNames;

/* write: the engine will change something: takes the lock, and finishes or undoes what an interrupted run has
 * left. Without it, nothing on the device is written. */
int engine_open(const EngineOptions *options, bool write, Engine **ret, Error *error);
Engine *engine_free(Engine *engine);
DEFINE_CLEANUP(Engine *, engine_free);

/* Refreshes the trusted metadata and says what an install would do. Needs an engine opened for writing. */
int engine_check(Engine *engine, EngineNames components, json_t **ret_plan, Error *error);

enum { ENGINE_NOTHING = 1 }; /* there was nothing to do; the plan says why */

/* Installs what is available; *ret_plan says what was done. Refused where the policy (engine/policy.h) lets
 * people not install, or cannot be understood; so is engine_remove(). */
int engine_install(Engine *engine, EngineNames components, json_t **ret_plan, Error *error);

/* Takes improvements off; dry_run only says what would be done. */
int engine_remove(Engine *engine, EngineNames components, bool dry_run, json_t **ret_plan, Error *error);

/* Takes off letters that did harm, for that reason: shows the base in their place, restarts who used their
 * bytes and may be restarted, and has them in quarantine until there is a newer letter. *ret_report is the
 * document "suture-revert-1". */
int engine_revert(
	Engine *engine, EngineNames components, const char *reason, json_t **ret_report, Error *error);

/* Reads what is active from the disk, fetches again what the disk has spoilt, and shows that; when it cannot
 * be had, fails, and root/usr shows the base in its place. ENGINE_NOTHING when nothing was wrong. */
int engine_repair(Engine *engine, json_t **ret_plan, Error *error);

/* For package managers, which enter their names themselves (engine/suspension.h). suspend: root/usr shows the
 * base, writable as it is, until they have left. It needs no state and no configuration, whatever they are
 * in. resume: what the base has left behind retires, the rest is active again; ENGINE_NOTHING also when
 * nothing retired, ENGINE_AT_WORK when a package manager is still there. */
int engine_suspend(const char *root, Error *error);
enum { ENGINE_AT_WORK = 2 };
int engine_resume(const EngineOptions *options, json_t **ret_plan, Error *error);

/* Waits until no package manager is at work. */
int engine_wait(const char *root, Error *error);

/* Reports. */
int engine_status(Engine *engine, json_t **ret, Error *error);
int engine_exposed(Engine *engine, json_t **ret, Error *error);
int engine_history(Engine *engine, json_t **ret, Error *error);
/* what: a component, "COMPONENT (LETTER)", or an advisory's id. Looks at what is active and at what the last
 * check found. */
int engine_show(Engine *engine, const char *what, json_t **ret, Error *error);

/* All settings, or that of key: its value, whose word that is, and what it means. */
int engine_settings(Engine *engine, const char *key, json_t **ret, Error *error);

/* Writes a value to root's etc/suture/settings.conf, durably; "" takes what is there away. Refused where the
 * policy sets it. Needs root, and no engine opened for writing. */
int engine_set(Engine *engine, const char *key, const char *value, Error *error);

/* Restarts the units that are exposed and may be restarted; the report lists each with what happened. */
int engine_restart(Engine *engine, json_t **ret, Error *error);
