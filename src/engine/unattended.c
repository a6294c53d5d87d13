/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * engine_run_unattended(): looks whether this is a time to act, and installs if it is.
 */

#include <string.h>

#include "base/clock.h"
#include "base/idle.h"
#include "base/log.h"
#include "engine/conditions.h"
#include "engine/context.h"
#include "engine/policy.h"
#include "engine/restart-ask.h"
#include "engine/restart-run.h"
#include "engine/state.h"
#include "engine/suspension.h"
#include "engine/waiting.h"

/* Whoever is at work for longer does himself what this run would. */
enum { LOCK_WAIT_MS = 2000 };

enum { NOT_NOW = 1 }; /* the sentence says why */

static const char format_name[] = "suture-unattended-1";

static int look_for_package_manager(const Engine *engine, Error *error)
{
	PackageManager manager;
	int r = suspension_find_manager(engine->root_fd, &manager, error);

	if (r != 0)
		return r < 0 ? -1 : 0;
	(void)error_set(error, "%s (pid %d) is at work", manager.name, (int)manager.pid);
	return NOT_NOW;
}

static int look_at_device(const Engine *engine, Error *error)
{
	Wait wait = waiting_of_device(engine, clock_now());

	if (policy_check(&engine->config, error) < 0)
		return -1;
	if (wait.reason != WAIT_FOR_NOTHING) {
		waiting_explain(&wait, error);
		return NOT_NOW;
	}
	/* As after an installation of the package, before anybody has said from where to fetch. */
	if (!engine->config.repository) {
		(void)error_set(error, "no repository is set: Repository= in /etc/suture/suture.conf");
		return NOT_NOW;
	}
	if (conditions_check(engine, error) == CONDITIONS_UNMET)
		return NOT_NOW;
	return look_for_package_manager(engine, error);
}

/* Before anything is locked, written or asked for. */
static int look(const EngineOptions *options, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;

	if (engine_open(options, false, &engine, error) < 0)
		return -1;
	return look_at_device(engine, error);
}

/* People on this system's desktops are asked for what is left to them; who has been, is not asked again. */
static void ask(const Engine *engine, const json_t *actions, const RestartTries *tries)
{
	bool services = !engine->config.automatic.restart || restart_tries_gave_up(tries, actions);

	if (strcmp(engine->root, "/") == 0 && json_array_size(actions) > 0)
		restart_ask(actions, tries->generation, services);
}

/* What an install leaves exposed, and at any time what an earlier run has not got to, and what people have
 * had their time for. */
static int restart(Engine *engine, bool installed, json_t *document, Error *error)
{
	const json_t *exposed = json_object_get(json_object_get(document, "plan"), "exposed");
	const json_t *actions = json_object_get(exposed, "actions");
	CLEANUP_RESTART_TRIES RestartTries tries = RESTART_TRIES_INIT;
	CLEANUP_STATE State state = STATE_INIT;
	RestartOrder order = {.now = clock_now(), .tries = &tries};
	json_t *report = NULL;

	if (state_load(engine->store, &state, error) < 0 ||
		restart_tries_load(engine->root_fd, state.generation, &tries, error) < 0)
		return -1;
	if (!engine->config.automatic.restart || !(installed || restart_is_any_wanted(actions, &order))) {
		ask(engine, actions, &tries);
		return 0;
	}
	if (engine_restart(engine, (EngineNames){NULL, 0}, false, &report, error) < 0)
		return error_in(error,
			installed ? "it is installed, but nothing was restarted" : "nothing was restarted");
	return json_put(document, "restart", report, error);
}

static int install(Engine *engine, json_t *document, Error *error)
{
	json_t *plan = NULL;
	int r = engine_install(engine, (EngineNames){NULL, 0}, &plan, error);

	if (r == ENGINE_NO_ANSWER)
		return NOT_NOW;
	if (r < 0 || json_put(document, "plan", plan, error) < 0)
		return -1;
	return restart(engine, r != ENGINE_NOTHING, document, error);
}

static int open_and_install(const EngineOptions *options, json_t *document, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;
	int r = engine_open(options, true, &engine, error);

	if (r != 0)
		return r == ENGINE_BUSY ? NOT_NOW : -1;
	return install(engine, document, error);
}

/* Where that is forbidden, as in some containers, the work is done all the same. */
static void give_way(void)
{
	Error error = ERROR_INIT;

	if (idle_become(&error) < 0)
		log_warning("people may notice the work: %s", error.text);
}

int engine_run_unattended(const EngineOptions *options, json_t **ret_report, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	EngineOptions own = *options;
	Error why = ERROR_INIT;
	int r;

	if (!document)
		return error_memory(error);
	give_way();
	own.unattended = true;
	own.lock_wait_ms = own.lock_wait_ms ? own.lock_wait_ms : LOCK_WAIT_MS;
	r = look(&own, &why);
	if (r == 0)
		r = open_and_install(&own, document, &why);
	if (r < 0) {
		*error = why;
		return -1;
	}
	if (json_put_text(document, "format", format_name, error) < 0 ||
		(r == NOT_NOW && json_put_text(document, "not_now", why.text, error) < 0))
		return -1;
	*ret_report = TAKE_PTR(document);
	return 0;
}
