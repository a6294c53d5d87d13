/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The administrator's policy (docs/configuration.md): usr/lib/suture/policy.d/NAME.conf of the vendor, then
 * etc/suture/policy.d/NAME.conf, each in the order of their names; a file in etc takes the place of the
 * vendor's of the same name. The later one wins. [Policy] says what people may do; keys of the other sections
 * are forced, whatever is set elsewhere.
 *
 * What cannot be read or understood could have forbidden anything: nothing is installed or removed until that
 * is mended.
 */

#include "engine/config.h"

/* Fails only for want of memory: everything else is the layer's problem. */
int policy_read(int root_fd, SettingsLayer *layer, Error *error);

/* May people remove, or install? Refuse with a sentence that names the policy's file. */
int policy_check_removal(const Config *config, Error *error);
int policy_check_install(const Config *config, Error *error);

/* Can it be understood? For what nobody asks for. */
int policy_check(const Config *config, Error *error);

/* May this setting be changed? index: its place in settings_table. */
int policy_check_setting(const Config *config, int index, Error *error);
