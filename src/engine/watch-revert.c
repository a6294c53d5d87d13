/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch-revert.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/process.h"
#include "engine/suspension.h"
#include "parts/overlay/overlay.h"

static const char *program(void)
{
	const char *path = secure_getenv("SUTURE_PROGRAM");

	return path && *path ? path : SUTURE_PATH;
}

/* Whoever swaps has the lock of swaps. */
static int show_base(const Engine *engine, Error *error)
{
	CLEANUP_CLOSE int lock = -1;

	if (suspension_lock(engine->root_fd, &lock, error) < 0)
		return -1;
	return overlay_deactivate(engine->root, error);
}

int watch_revert_try(WatchRevert *revert, const Engine *engine, Error *error)
{
	const char *const argv[] = {program(), "--quiet", "--root", engine->root, "--state",
		engine->config.state, "revert", "--unattended", "--reason", revert->reason, revert->component,
		NULL};
	Error why = ERROR_INIT;

	if (revert->tries > 0 && show_base(engine, &why) < 0)
		log_warning("/usr cannot show the base: %s", why.text);
	if (process_run(argv, 0, NULL, error) == 0)
		return 0;
	revert->tries++;
	return error_in(error, "cannot revert %s", revert->component);
}
