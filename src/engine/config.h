/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Configuration (docs/configuration.md), the later ones win: defaults; usr/lib/suture/suture.conf of the
 * vendor; etc/suture/suture.conf of the administrator; drop-ins etc/suture/suture.conf.d/NAME.conf in the
 * order of their names; etc/suture/settings.conf, which "suture settings" writes; an option on the command
 * line; and over all the policy (engine/policy.h). The form is that of systemd's unit files: [Section],
 * Key=Value, comments with # or ;.
 */

#include "engine/integrity.h"
#include "engine/settings.h"

/* Texts belong to values. */
typedef struct Config {
	const char *repository; /* URL, or NULL */
	const char *trust;      /* path of the trusted root metadata, or NULL */
	const char *state;      /* state directory */
	const char *proxy;      /* see engine/proxy.h; NULL: the environment says */
	int64_t time_limit;     /* seconds that all downloads of one run may take */
	Integrity integrity;    /* what must guard an image */
	AutomaticSettings automatic;
	WatchSettings watch;
	PolicySettings policy;
	SettingValue values[SETTINGS_COUNT]; /* as settings_table: what holds, and whose word that is */
} Config;

/* root_fd is an open root directory, root its path: defaults lie below it. Unknown keys are refused, with
 * file and line: a misspelt setting must not be silently off. A policy that cannot be understood is no
 * failure here: see policy.problem. */
int config_load(int root_fd, const char *root, Config *ret, Error *error);
void config_clear(Config *config);

/* Replaces one value by that of a command line; value NULL leaves it. Refused where the policy sets it. */
int config_override(Config *config, const char *key, const char *value, Error *error);

/* Reads what is set with "suture settings" alone. */
int config_read_chosen(int root_fd, SettingsLayer *layer, Error *error);

extern const char config_settings_folder[]; /* "etc/suture" */
extern const char config_settings_name[];   /* "settings.conf" */
