/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Configuration (docs/configuration.md): usr/lib/suture/suture.conf of the vendor, etc/suture/suture.conf of
 * the administrator, and drop-ins etc/suture/suture.conf.d/NAME.conf in the order of their names; later ones
 * win, and an option on the command line wins over all. The form is that of systemd's unit files: [Section],
 * Key=Value, comments with # or ;.
 */

#include "engine/integrity.h"

typedef struct Config {
	char *repository;    /* URL, or NULL */
	char *trust;         /* path of the trusted root metadata, or NULL */
	char *state;         /* state directory */
	char *time_limit;    /* seconds that all downloads of one run may take, or NULL */
	Integrity integrity; /* what must guard an image */
} Config;

/* root_fd is an open root directory, root its path: defaults lie below it. Unknown keys are refused, with
 * file and line: a misspelt setting must not be silently off. */
int config_load(int root_fd, const char *root, Config *ret, Error *error);
void config_clear(Config *config);

/* Replaces one value; value NULL leaves it. */
int config_override(char **place, const char *value, Error *error);
