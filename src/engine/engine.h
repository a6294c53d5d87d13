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
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"

typedef struct Engine Engine;

enum { ENGINE_LEAVING_MAX = 2 };

/* NULL where the configuration below root decides (docs/configuration.md). */
typedef struct EngineOptions {
	const char *root;       /* absolute directory; NULL: "/" */
	const char *repository; /* URL */
	const char *state;      /* directory */
	const char *trust;      /* file: the root metadata that the OS vendor ships */
	Progress *progress;
	int64_t lock_wait_ms; /* for another suture to end; 0: ten seconds */
	/* Nobody asks: what the policy says of people does not matter, its pins do; and an improvement waits
	 * for its turn (engine/waiting.h). */
	bool unattended;
	/* Processes that end with what is done here, as this one does: nobody need mind what bytes they use.
	 * 0: none. */
	pid_t leaving[ENGINE_LEAVING_MAX];
} EngineOptions;

/* Components by name; none means all. */
typedef struct EngineNames {
	const char *const *names;
	size_t count;
} EngineNames;

/* write: the engine will change something: takes the lock, and finishes or undoes what an interrupted run has
 * left. Without it, nothing on the device is written, but what root sees of exposed processes into the
 * ledger. */
int engine_open(const EngineOptions *options, bool write, Engine **ret, Error *error);
enum { ENGINE_BUSY = 3 }; /* of an unattended one: another suture is at work still, as the sentence says */
Engine *engine_free(Engine *engine);
DEFINE_CLEANUP(Engine *, engine_free);

/* Refreshes the trusted metadata and says what an install would do. Needs an engine opened for writing. */
int engine_check(Engine *engine, EngineNames components, json_t **ret_plan, Error *error);

enum {
	ENGINE_NOTHING = 1,   /* there was nothing to do; the plan says why */
	ENGINE_NO_ANSWER = 4, /* of an unattended install: there is no network, or the repository does not say
				 what it has, as the sentence says; there is no plan */
};

/* Installs what is available; *ret_plan says what was done. Refused where the policy (engine/policy.h) lets
 * people not install, or cannot be understood; so is engine_remove(). */
int engine_install(Engine *engine, EngineNames components, json_t **ret_plan, Error *error);

/* What a timer does (docs/unattended.md): installs when the settings, the machine and others at work allow
 * it, and restarts then what the settings allow. When not, that is no failure: the report says why. The
 * process gives way to all others from then on (base/idle.h). */
int engine_run_unattended(const EngineOptions *options, json_t **ret_report, Error *error);

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

/* The generation that root/usr shows (NULL: "/"); 0 is the base. Needs neither state nor configuration. */
int engine_generation(const char *root, uint64_t *ret, Error *error);

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

/* The closure ledger's entries, all or those of one improvement (as in engine_show, and such as have gone):
 * who was exposed, what closed that, and since when nobody is. */
int engine_receipt(Engine *engine, const char *what, json_t **ret, Error *error);
/* The same in figures, as OpenMetrics text (engine/metrics.h). */
int engine_metrics(Engine *engine, Buffer *ret, Error *error);
/* What is closed here for vulnerability scanners, an OpenVEX document by this author (engine/vex.h; NULL: the
 * system's administrator). ENGINE_NOTHING when there is nothing to state. */
int engine_vex(Engine *engine, const char *author, json_t **ret, Error *error);

/* Restarts the units that are exposed and may be restarted, or those that are named; the report lists each
 * with what happened. dry_run only says what would be done. */
int engine_restart(Engine *engine, EngineNames units, bool dry_run, json_t **ret, Error *error);
