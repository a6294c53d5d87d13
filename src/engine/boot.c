/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/boot.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "engine/boot-id.h"
#include "engine/boot-report.h"
#include "engine/context.h"
#include "engine/failed-units.h"
#include "engine/fit.h"
#include "engine/health.h"
#include "engine/layers.h"
#include "engine/remount.h"
#include "engine/state.h"
#include "engine/suspension.h"
#include "parts/overlay/overlay.h"

/* A boot waits for nobody long. Who proves one delays nothing, and to be too late would count as a boot that
 * failed: an install that began with it may take its time. */
enum { LOCK_WAIT_MS = 10 * 1000, COMPLETE_WAIT_MS = 10 * 60 * 1000 };

typedef struct Boot {
	Engine engine; /* as far as a boot needs it: root, config, store */
	char *run;
	char id[TRIAL_BOOT_ID_SIZE];
	State state;
	Fit fit;
} Boot;

static void boot_clear(Boot *boot)
{
	(void)store_free(boot->engine.store);
	config_clear(&boot->engine.config);
	(void)close_keeping_errno(boot->engine.root_fd);
	free(boot->engine.root);
	free(boot->run);
	state_clear(&boot->state);
	fit_clear(&boot->fit);
}
#define CLEANUP_BOOT __attribute__((cleanup(boot_clear)))

/* BOOT_NOTHING where nothing was ever installed. */
static int find_state(Boot *boot, const BootOptions *options, Error *error)
{
	CLEANUP_FREE char *state = NULL;

	if (context_set_root(&boot->engine, options->root, error) < 0 ||
		path_join(options->run ? options->run : boot->engine.root, options->run ? "" : "run",
			&boot->run, error) < 0 ||
		config_load(boot->engine.root_fd, boot->engine.root, &boot->engine.config, error) < 0 ||
		path_join(boot->engine.config.state, "state.json", &state, error) < 0)
		return -1;
	return access(state, F_OK) == 0 ? 0 : BOOT_NOTHING;
}

/* Where it can be written it is locked: discarding what rotted writes, and so may somebody else. */
static int open_state(Boot *boot, int wait_ms, Error *error)
{
	const char *path = boot->engine.config.state;
	bool writable = access(path, W_OK) == 0;

	if (store_open(path, writable, &boot->engine.store, error) != 0)
		return -1;
	if (writable && store_lock(boot->engine.store, wait_ms, error) != 0)
		return -1;
	return state_load(boot->engine.store, &boot->state, error);
}

static int save(Boot *boot, Error *error)
{
	CLEANUP_REMOUNT Remount remount = {.point = NULL};
	CLEANUP(store_free) Store *store = NULL;

	if (access(boot->engine.config.state, W_OK) == 0)
		return state_save(boot->engine.store, &boot->state, error);
	if (remount_writable(boot->engine.config.state, &remount, error) < 0 ||
		store_open(boot->engine.config.state, true, &store, error) < 0 ||
		store_lock(store, LOCK_WAIT_MS, error) != 0)
		return -1;
	return state_save(store, &boot->state, error);
}

/* Takes what the trial has shown to be no good out of the state, and makes that durable. */
static int give_up(Boot *boot, Error *error)
{
	State *state = &boot->state;
	uint64_t number = 0;

	if (fit_spare_number(&boot->fit, &number, error) < 0 ||
		trial_give_up(&state->trial, &boot->fit.set, clock_now(), error) < 0)
		return -1;
	for (size_t i = state->active.n; i > 0; i--) {
		const Improvement *each = &state->active.items[i - 1];
		const Quarantined *found = trial_find_quarantined(&state->trial, each);

		if (!found)
			continue;
		if (boot_report_problem(boot->fit.report, each->manifest, found->reason, error) < 0)
			return -1;
		improvements_drop(&state->active, each->manifest->component);
	}
	state->generation = state->active.n > 0 ? number : 0;
	state->last_generation = number;
	if (state->active.n > 0 && state_note_generation(state, number, &state->active, error) < 0)
		return -1;
	return save(boot, error);
}

/* Is there a unit that will say that a boot is complete? Without it, every trial would end badly. */
static bool is_watched(const Boot *boot)
{
	static const char *const places[] = {
		"etc/systemd/system/multi-user.target.wants/suture-boot-complete.service",
		"usr/lib/systemd/system/multi-user.target.wants/suture-boot-complete.service"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (faccessat(boot->engine.root_fd, places[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

/* What cannot be counted is not tried. */
static int heed_trial(Boot *boot, Error *error)
{
	State *state = &boot->state;
	Error why = ERROR_INIT;
	int r = 0;

	switch (is_watched(boot) ? trial_begin(&state->trial, &boot->fit.set, boot->id) : TRIAL_OVER) {
	case TRIAL_OVER:
	case TRIAL_GOES_ON:
		return 0;
	case TRIAL_COUNTED:
		r = save(boot, &why);
		if (r == 0)
			return 0;
		break;
	case TRIAL_GIVEN_UP:
		r = give_up(boot, &why);
		break;
	}
	trial_drop_unproven(&state->trial, &boot->fit.set);
	return r < 0 ? boot_report_problem(boot->fit.report, NULL, why.text, error) : 0;
}

static int show(Boot *boot, Error *error)
{
	uint64_t number = boot->state.generation;
	Error why = ERROR_INIT;

	if (fit_is_shown(&boot->fit))
		return 0;
	if (!improvements_equal(&boot->fit.set, &boot->state.active) &&
		fit_spare_number(&boot->fit, &number, error) < 0)
		return -1;
	if (layers_activate_checked(&boot->engine, number, &boot->fit.set, &why) < 0)
		return boot_report_problem(boot->fit.report, NULL, why.text, error);
	boot->fit.mounted = boot->fit.set.n > 0 ? number : 0;
	return 0;
}

static int activate(Boot *boot, Error *error)
{
	CLEANUP_CLOSE int lock = -1;

	if (overlay_current(boot->engine.root, &boot->fit.mounted, error) < 0)
		return -1;
	if (boot->state.active.n == 0 || boot->fit.mounted == boot->state.generation)
		return BOOT_NOTHING;
	if (boot_id_read(boot->id, error) < 0 ||
		improvements_copy(&boot->state.active, boot->engine.store, &boot->fit.set, error) < 0 ||
		suspension_lock(boot->engine.root_fd, &lock, error) < 0 ||
		fit_drop_unfit(&boot->fit, error) < 0 || heed_trial(boot, error) < 0 || show(boot, error) < 0)
		return -1;
	if (boot_report_finish(boot->fit.report, boot->fit.mounted, &boot->fit.set, error) < 0)
		return -1;
	return boot_report_sign(boot->fit.report, boot->id, error);
}

int boot_activate(const BootOptions *options, json_t **ret_report, Error *error)
{
	CLEANUP_BOOT Boot boot = {.engine = {.root_fd = -1}};
	Error minor = ERROR_INIT;
	int r = find_state(&boot, options, error);

	if (r != 0)
		return r;
	boot.fit.engine = &boot.engine;
	boot.fit.state = &boot.state;
	boot.fit.run = boot.run;
	if (boot_report_new(&boot.fit.report, error) < 0 || open_state(&boot, LOCK_WAIT_MS, error) < 0)
		return -1;
	r = activate(&boot, error);
	if (r != 0)
		return r;
	if (boot_report_write(boot.run, boot.fit.report, &minor) < 0)
		log_warning("\"suture status\" will not know of this boot: %s", minor.text);
	*ret_report = TAKE_PTR(boot.fit.report);
	return 0;
}

/* What /usr shows of what is active, into set. */
static int find_shown(Boot *boot, Error *error)
{
	CLEANUP_JSON json_t *report = NULL;

	if (overlay_current(boot->engine.root, &boot->fit.mounted, error) < 0 ||
		improvements_copy(&boot->state.active, boot->engine.store, &boot->fit.set, error) < 0)
		return -1;
	if (boot->fit.mounted == boot->state.generation)
		return 0;
	if (boot_report_read(boot->run, &report, error) < 0)
		return -1;
	if (boot->fit.mounted == 0 || !boot_report_is_of(report, boot->fit.mounted))
		return error_set(error, "/usr does not show what is installed");
	for (size_t i = boot->fit.set.n; i > 0; i--)
		if (!boot_report_names(report, &boot->fit.set.items[i - 1].manifest_digest))
			improvements_drop(&boot->fit.set, boot->fit.set.items[i - 1].manifest->component);
	return 0;
}

/* The administrator's checks speak of what is on trial. */
static int check(Boot *boot, Error *error)
{
	CLEANUP_HEALTH Health health = HEALTH_INIT;
	CLEANUP_IMPROVEMENTS Improvements letters = IMPROVEMENTS_INIT;
	const Trial *trial = &boot->state.trial;
	const HealthSubject subject = {boot->engine.root, boot->engine.root_fd, HEALTH_BOOT, &letters};

	if (health_collect(boot->engine.root_fd, &health, error) < 0)
		return -1;
	health_failed_from_json(&health, trial->failed_checks);
	for (size_t i = 0; i < boot->fit.set.n; i++)
		if (!trial_is_proven(trial, &boot->fit.set.items[i].manifest_digest) &&
			improvements_put(&letters, boot->engine.store,
				&boot->fit.set.items[i].manifest_digest, 0, error) < 0)
			return -1;
	return health_judge(&health, &subject, error);
}

static int judge(Boot *boot, Error *error)
{
	CLEANUP_JSON json_t *failed = NULL;

	if (find_shown(boot, error) < 0 || failed_units_list(&failed, error) < 0 || check(boot, error) < 0)
		return -1;
	return trial_complete(
		&boot->state.trial, &boot->state.active, &boot->fit.set, boot->id, failed, error);
}

int boot_complete(const BootOptions *options, Error *error)
{
	CLEANUP_BOOT Boot boot = {.engine = {.root_fd = -1}};
	int r = find_state(&boot, options, error);

	if (r != 0)
		return r;
	if (boot_id_read(boot.id, error) < 0 || open_state(&boot, COMPLETE_WAIT_MS, error) < 0)
		return -1;
	if (!trial_is_under_way(&boot.state.trial, &boot.state.active, boot.id))
		return BOOT_NOTHING;
	r = judge(&boot, error);
	if (r == TRIAL_NOT_ON)
		return BOOT_NOTHING;
	if (r < 0 && error)
		(void)snprintf(boot.state.trial.trouble, sizeof(boot.state.trial.trouble), "%s", error->text);
	if (state_save(boot.engine.store, &boot.state, r < 0 ? NULL : error) < 0)
		return -1;
	return r;
}
