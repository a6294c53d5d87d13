/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "engine/context.h"
#include "engine/fit.h"
#include "engine/plan.h"
#include "engine/policy.h"
#include "engine/state.h"
#include "engine/suspension.h"
#include "engine/transaction.h"
#include "parts/manifest/os-release.h"
#include "parts/overlay/overlay.h"

enum { LOCK_WAIT_MS = 10 * 1000 };

static int configure(Engine *engine, const EngineOptions *options, Error *error)
{
	if (config_load(engine->root_fd, engine->root, &engine->config, error) < 0 ||
		config_override(&engine->config, "Repository", options->repository, error) < 0 ||
		config_override(&engine->config, "TrustedRoot", options->trust, error) < 0 ||
		config_override(&engine->config, "State", options->state, error) < 0)
		return -1;
	return os_read(engine->root_fd, NULL, &engine->os, error);
}

/* ENGINE_BUSY when it is unattended and another suture is at work. */
static int open_for_writing(Engine *engine, int64_t lock_wait_ms, Error *error)
{
	int r;

	if (context_check_root(error) < 0)
		return -1;
	if (store_open(engine->config.state, true, &engine->store, error) < 0)
		return -1;
	r = store_lock(engine->store, lock_wait_ms ? lock_wait_ms : LOCK_WAIT_MS, error);
	if (r != 0)
		return r == STORE_BUSY && engine->unattended ? ENGINE_BUSY : -1;
	return transaction_recover(engine, error);
}

int engine_open(const EngineOptions *options, bool write, Engine **ret, Error *error)
{
	CLEANUP(engine_free) Engine *engine = calloc(1, sizeof(*engine));
	int r;

	if (!engine)
		return error_memory(error);
	engine->root_fd = -1;
	engine->unattended = options->unattended;
	memcpy(engine->leaving, options->leaving, sizeof(engine->leaving));
	engine->quiet = progress_on(NULL);
	engine->progress = options->progress ? options->progress : &engine->quiet;
	if (context_set_root(engine, options->root, error) < 0 || configure(engine, options, error) < 0)
		return -1;
	r = write ? open_for_writing(engine, options->lock_wait_ms, error)
		  : store_open(engine->config.state, false, &engine->store, error);
	if (r < 0 || r == ENGINE_BUSY)
		return r;
	*ret = TAKE_PTR(engine);
	return 0;
}

Engine *engine_free(Engine *engine)
{
	if (engine) {
		(void)fetcher_free(engine->fetcher);
		(void)store_free(engine->store);
		os_clear(&engine->os);
		config_clear(&engine->config);
		(void)close_keeping_errno(engine->root_fd);
		free(engine->root);
		free(engine);
	}
	return NULL;
}

/* Somebody who asks for an install has not got it; nobody misses what comes with the next run. But once it is
 * known what there is, the status calls the repository fresh: whoever keeps back a download then must not do
 * so unnoticed. */
static bool is_silence(const Transaction *transaction)
{
	return transaction->engine->unattended && transaction->begin == EVENT_INSTALL &&
	       !transaction->catalog && transaction->remote && remote_is_silent(transaction->remote);
}

static int run(Engine *engine, EngineNames components, TransactionEvent begin, bool dry_run,
	json_t **ret_plan, Error *error)
{
	CLEANUP(transaction_free) Transaction *transaction = NULL;
	int r;

	/* What is to be active afterwards is held against a base that must not change under it. */
	if ((begin == EVENT_INSTALL || components.count > 0) && suspension_refuse(engine->root_fd, error) < 0)
		return -1;
	if (transaction_new(engine, components, dry_run, &transaction, error) < 0)
		return -1;
	r = transaction_run(transaction, begin, error);
	progress_end(engine->progress, NULL);
	if (r < 0)
		return is_silence(transaction) ? ENGINE_NO_ANSWER : -1;
	if (plan_report(transaction, r == 0 && !dry_run, ret_plan, error) < 0)
		return r == 0 && !dry_run ? error_in(error, "it is done, but cannot be reported") : -1;
	return r == STEP_NOTHING ? ENGINE_NOTHING : 0;
}

int engine_check(Engine *engine, EngineNames components, json_t **ret_plan, Error *error)
{
	/* What would be done is nothing then. */
	if (policy_check(&engine->config, error) < 0)
		return -1;
	return run(engine, components, EVENT_INSTALL, true, ret_plan, error);
}

int engine_install(Engine *engine, EngineNames components, json_t **ret_plan, Error *error)
{
	const Config *config = &engine->config;

	if ((engine->unattended ? policy_check(config, error) : policy_check_install(config, error)) < 0)
		return -1;
	return run(engine, components, EVENT_INSTALL, false, ret_plan, error);
}

int engine_remove(Engine *engine, EngineNames components, bool dry_run, json_t **ret_plan, Error *error)
{
	const Config *config = &engine->config;

	if ((engine->unattended ? policy_check(config, error) : policy_check_removal(config, error)) < 0)
		return -1;
	/* Whoever takes everything off need not know what it was. */
	if (components.count == 0 && !dry_run && state_mend(engine->store, error) < 0)
		return -1;
	return run(engine, components, EVENT_REMOVE, dry_run, ret_plan, error);
}

/* What failed is what people must hear of, and what /usr shows now. */
static int go_back(Engine *engine, Error *error)
{
	Error why = *error, second = ERROR_INIT;
	size_t n = 0;

	if (fit_go_back(engine, why.text, &n, &second) < 0)
		return error_set(
			error, "%.500s; and going back failed as well (%.300s)", why.text, second.text);
	if (n > 0)
		return error_set(error,
			"%.700s; /usr shows the base in place of what cannot be read, \"suture status\" "
			"lists it",
			why.text);
	return -1;
}

int engine_repair(Engine *engine, json_t **ret_plan, Error *error)
{
	int r;

	if (suspension_refuse(engine->root_fd, error) < 0)
		return -1;
	r = run(engine, (EngineNames){NULL, 0}, EVENT_REPAIR, false, ret_plan, error);
	return r < 0 ? go_back(engine, error) : r;
}

static int open_root(const char *root, Error *error)
{
	int fd = open(root ? root : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? error_os(error, errno, "cannot open the root %s", root ? root : "/") : fd;
}

int engine_suspend(const char *root, Error *error)
{
	CLEANUP_CLOSE int root_fd = open_root(root, error);
	CLEANUP_CLOSE int lock = -1;
	uint64_t mounted = 0;

	if (root_fd < 0 || context_check_root(error) < 0 || suspension_lock(root_fd, &lock, error) < 0 ||
		overlay_current(root ? root : "/", &mounted, error) < 0)
		return -1;
	/* The mark first: a generation that is covered without it would not come back. */
	if (mounted > 0 && suspension_begin(root_fd, error) < 0)
		return -1;
	return overlay_deactivate(root ? root : "/", error);
}

int engine_generation(const char *root, uint64_t *ret, Error *error)
{
	return overlay_current(root ? root : "/", ret, error);
}

int engine_wait(const char *root, Error *error)
{
	CLEANUP_CLOSE int root_fd = open_root(root, error);

	return root_fd < 0 ? -1 : suspension_wait(root_fd, error);
}

int engine_resume(const EngineOptions *options, json_t **ret_plan, Error *error)
{
	CLEANUP(engine_free) Engine *engine = NULL;
	CLEANUP_CLOSE int root_fd = open_root(options->root, error);
	PackageManager ignored;
	int r;

	if (root_fd < 0)
		return -1;
	if (!suspension_is_on(root_fd))
		return ENGINE_NOTHING;
	if (engine_open(options, true, &engine, error) < 0)
		return -1;
	r = suspension_find_manager(root_fd, &ignored, error);
	if (r <= 0)
		return r < 0 ? -1 : ENGINE_AT_WORK;
	r = run(engine, (EngineNames){NULL, 0}, EVENT_RESUME, false, ret_plan, error);
	return r < 0 ? go_back(engine, error) : r;
}
