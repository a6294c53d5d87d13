/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * suture-publish: what its commands share. Each command is a file with one const Command.
 */

#include "base/options.h"

typedef struct PublisherSettings {
	const char *repository, *keys;
	const char *type, *role, *threshold, *root_threshold, *os, *os_version;
	const char *component, *os_release, *architecture, *base_version, *fixed_version;
	const char *rollout_hours, *rollout_percent, *urgent, *released, *trusted_root, *address;
	OptionList base, fixed, advisories;
	OptionList key, root_keys, accept; /* keys and drafts: files or URIs */
	bool with_docs, dry_run, json, remove, terminating, is_urgent;
} PublisherSettings;

extern const Command command_delegate;
extern const Command command_init;
extern const Command command_key;
extern const Command command_release;
extern const Command command_refresh;
extern const Command command_rollout;
extern const Command command_serve;
extern const Command command_verify;
extern const Command command_withdraw;

/* For the option tables. */
#define PUBLISHER_OPTION(field) offsetof(PublisherSettings, field)

/* Says on stderr what a command cannot do without; returns its exit code. */
int publisher_usage(const char *command, const char *missing);

/* The same, of an option that it would have to ignore. */
int publisher_misfit(const char *command, const char *option);

/* The first option of a command's table that is given, and is none of the NULL-terminated list; NULL: there
 * is none. */
const char *publisher_find_misfit(
	const PublisherSettings *settings, const Command *command, const char *const *fitting);
