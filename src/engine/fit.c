/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/fit.h"

#include "base/log.h"
#include "base/path.h"
#include "engine/boot-report.h"
#include "engine/guard.h"
#include "engine/layers.h"
#include "engine/suspension.h"
#include "parts/manifest/base-check.h"
#include "parts/overlay/overlay.h"

void fit_clear(Fit *fit)
{
	improvements_clear(&fit->set);
	json_decref(fit->report);
}

static int check_one(const Fit *fit, const Manifest *manifest, int usr, Error *error)
{
	int r = base_check(manifest, usr, error);

	if (r != 0)
		return r < 0 ? -1 : error_in(error, "the base has moved on");
	return guard_check(fit->engine, manifest, error);
}

/* An update may have come while the system was off; a disk may have rotted. */
int fit_drop_unfit(Fit *fit, Error *error)
{
	CLEANUP_CLOSE int usr = -1;

	if (fit->set.n == 0)
		return 0;
	if (overlay_open_base(fit->engine->root, &usr, error) < 0)
		return -1;
	for (size_t i = fit->set.n; i > 0; i--) {
		const Manifest *manifest = fit->set.items[i - 1].manifest;
		Error why = ERROR_INIT;

		if (check_one(fit, manifest, usr, &why) == 0)
			continue;
		if (boot_report_problem(fit->report, manifest, why.text, error) < 0)
			return -1;
		improvements_drop(&fit->set, manifest->component);
	}
	return 0;
}

bool fit_is_shown(const Fit *fit)
{
	CLEANUP_JSON json_t *earlier = NULL;

	if (fit->set.n == 0)
		return fit->mounted == 0;
	return fit->mounted > 0 && boot_report_read(fit->run, &earlier, NULL) == 0 &&
	       boot_report_is_of(earlier, fit->mounted) && boot_report_holds(earlier, &fit->set);
}

int fit_spare_number(const Fit *fit, uint64_t *ret, Error *error)
{
	CLEANUP_FREE OverlayGeneration *mounted = NULL;
	CLEANUP_JSON json_t *journal = NULL;
	uint64_t highest = fit->state->last_generation;
	int64_t begun = 0;
	size_t n = 0;

	if (overlay_list(fit->engine->root, &mounted, &n, error) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		highest = mounted[i].number > highest ? mounted[i].number : highest;
	if (store_load(fit->engine->store, "journal", &journal, NULL) == 0 &&
		json_integer_field(journal, "generation", 0, INT64_MAX - 1, &begun, NULL) == 0 &&
		(uint64_t)begun > highest)
		highest = (uint64_t)begun;
	*ret = highest + 1;
	return 0;
}

/* The census is to know what the generation holds; where that cannot be written, on a full disk, what cannot
 * be read goes all the same. */
static int note(Fit *fit, State *state, uint64_t number, Error *error)
{
	Error minor = ERROR_INIT;

	if (state_note_generation(state, number, &fit->set, error) < 0)
		return -1;
	if (state_save(fit->engine->store, state, &minor) < 0)
		log_warning("who is exposed after the next install may not all be seen: %s", minor.text);
	return 0;
}

static int show(Fit *fit, State *state, Error *error)
{
	uint64_t number = state->generation;

	if (fit_is_shown(fit))
		return 0;
	if (fit->set.n == 0)
		number = 0;
	else if (!improvements_equal(&fit->set, &state->active) &&
		 (fit_spare_number(fit, &number, error) < 0 || note(fit, state, number, error) < 0))
		return -1;
	if (layers_activate_checked(fit->engine, number, &fit->set, error) < 0)
		return -1;
	fit->mounted = number;
	return 0;
}

static inline void fit_clear_cleanup(Fit *fit)
{
	fit_clear(fit);
}

int fit_go_back(Engine *engine, const char *why, size_t *ret_left_out, Error *error)
{
	CLEANUP_FREE char *run = NULL;
	CLEANUP_CLOSE int lock = -1;
	CLEANUP_STATE State state = STATE_INIT;
	__attribute__((cleanup(fit_clear_cleanup))) Fit fit = {.engine = engine, .state = &state};

	if (path_join(engine->root, "run", &run, error) < 0 || state_load(engine->store, &state, error) < 0 ||
		overlay_current(engine->root, &fit.mounted, error) < 0 ||
		improvements_copy(&state.active, engine->store, &fit.set, error) < 0 ||
		boot_report_new(&fit.report, error) < 0 ||
		suspension_lock(engine->root_fd, &lock, error) < 0 || fit_drop_unfit(&fit, error) < 0)
		return -1;
	fit.run = run;
	*ret_left_out = state.active.n - fit.set.n;
	if (*ret_left_out == 0 && fit.mounted == state.generation)
		return 0;
	if (boot_report_problem(fit.report, NULL, why, error) < 0 || show(&fit, &state, error) < 0 ||
		boot_report_finish(fit.report, fit.mounted, &fit.set, error) < 0)
		return -1;
	return boot_report_write(run, fit.report, error);
}
