/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The settings there are (docs/configuration.md). One table says of each its section, key, type, default and
 * meaning; what reads files, shows settings and changes them goes by it, and a test holds the documentation
 * against it. engine/config.h brings the files together.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/pins.h"
#include "engine/window.h"

typedef enum SettingType {
	SETTING_TEXT,   /* const char *; NULL when there is none */
	SETTING_FLAG,   /* bool; yes, true, on, 1 or no, false, off, 0 */
	SETTING_NUMBER, /* int64_t within [min, max] */
	SETTING_WORD,   /* an enum: the place of the word among words */
	SETTING_WINDOW, /* Window */
	SETTING_PINS,   /* Pins; each assignment adds one */
} SettingType;

typedef struct Setting {
	const char *section, *key; /* keys are unique, whatever their section */
	SettingType type;
	size_t offset;       /* into Config */
	const char *initial; /* the default, as it would be written; NULL: see meaning */
	const char *meaning; /* one line, lower case, no full stop */
	int64_t min, max;
	const char *const *words; /* NULL ends them */
} Setting;

enum { SETTINGS_COUNT = 21 };
extern const Setting settings_table[SETTINGS_COUNT];

/* The place of a key in the table; -1 with a sentence that names the keys which look like it. */
int settings_find(const char *key, Error *error);

/* Only a policy sets it. */
bool settings_is_policy(const Setting *setting);

/* Where a value comes from; the later one wins. */
typedef enum SettingSource {
	SOURCE_DEFAULT,
	SOURCE_VENDOR,        /* usr/lib/suture/suture.conf */
	SOURCE_ADMINISTRATOR, /* etc/suture/suture.conf and its drop-ins */
	SOURCE_SETTINGS,      /* etc/suture/settings.conf: "suture settings KEY=VALUE" */
	SOURCE_COMMAND_LINE,
	SOURCE_POLICY, /* policy.d: nothing else can change it */
} SettingSource;

const char *settings_source_name(SettingSource source);

/* A value as it is written, and where. */
typedef struct SettingValue {
	char *text; /* NULL: nothing says anything */
	char *file; /* below the root, without a slash before it; NULL: not from a file */
	unsigned line;
	SettingSource source;
} SettingValue;

void settings_value_clear(SettingValue *value);

/* What files of one kind say together. Starts zeroed. */
typedef struct SettingsLayer {
	SettingValue values[SETTINGS_COUNT];
	Pins pins;
	char *problem; /* of a policy: the first line, or file, that could not be understood */
} SettingsLayer;

void settings_layer_clear(SettingsLayer *layer);
static inline void settings_layer_clear_cleanup(SettingsLayer *layer)
{
	settings_layer_clear(layer);
}
#define CLEANUP_SETTINGS_LAYER __attribute__((cleanup(settings_layer_clear_cleanup)))

/* A value's text as what it is; place is of the setting's type. Not for pins. Text points into `text`. */
int settings_decode(const Setting *setting, const char *text, void *place, Error *error);

/* Is this a value for it? "" always is: the default. */
int settings_check(const Setting *setting, const char *text, Error *error);

typedef struct SettingOrigin {
	const char *file; /* as in SettingValue */
	unsigned line;
	SettingSource source;
} SettingOrigin;

/* One value; "" takes away what was said before. */
int settings_take(
	SettingsLayer *layer, int index, const char *text, const SettingOrigin *origin, Error *error);

/* Takes a whole file's text, which is changed. Does no I/O. The first wrong line is an error that names file
 * and line; a policy's is its problem, and the lines behind it count as well: what can be read of a policy is
 * in force. */
int settings_parse(SettingsLayer *layer, char *text, const char *file, SettingSource source, Error *error);

/* Remembers a policy's problem, unless there was one. */
int settings_note_problem(SettingsLayer *layer, const Error *why, Error *error);

/* What may happen on a metered network, or while power is saved. */
typedef enum SettingsWhen { SETTINGS_NEVER, SETTINGS_URGENT, SETTINGS_ALWAYS } SettingsWhen;

static inline bool settings_allow(SettingsWhen when, bool urgent)
{
	return when == SETTINGS_ALWAYS || (when == SETTINGS_URGENT && urgent);
}

/* [Automatic]: what Suture does without being asked. */
typedef struct AutomaticSettings {
	bool install;
	bool restart;               /* of the services that an install leaves exposed */
	int64_t restart_deadline;   /* hours after which what is only asked for is restarted too; 0: none */
	Window window;              /* for both; urgent releases too wait for it */
	int64_t defer_days;         /* see settings_due() */
	SettingsWhen metered;       /* on a metered network */
	int64_t battery;            /* percent of charge; below it, on battery, nothing */
	SettingsWhen battery_saver; /* while the power profile is to save */
} AutomaticSettings;

/* When an improvement released then is due to be installed by itself, in seconds since 1970. An urgent one is
 * not deferred. */
int64_t settings_due(const AutomaticSettings *automatic, int64_t released, bool urgent);

/* [Watch]: when what was activated is taken off again (docs/watch.md). */
typedef struct WatchSettings {
	int64_t crashes; /* so many */
	int64_t minutes; /* in so many minutes are too many */
	int64_t hours;   /* how long an improvement is watched; 0: not at all */
	bool users;      /* crashes of programs that ordinary users have started count as well */
} WatchSettings;

/* [Policy]: what people may do. What nobody asks for, withdrawals and retirements too, goes on. */
typedef struct PolicySettings {
	bool removal;
	bool manual_install;
	Pins pins;
	char *problem; /* a policy could not be understood, a sentence; NULL: there is none. No change then */
} PolicySettings;
