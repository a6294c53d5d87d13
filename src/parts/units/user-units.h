/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The units of a user's own service manager, looked at and restarted in that user's name. directory is the
 * user's runtime directory (as_user_directory()). The child that asks talks to what belongs to the user, so
 * what it brings back is held to what it must be. When one of these has failed, its entries hold nothing.
 */

#include "parts/units/unit-restart.h"

/* unit_facts_read() for each of n. */
int user_units_read(const char *directory, UnitFacts *facts, size_t n, Error *error);

/* units_restart(). */
int user_units_restart(const char *directory, UnitRestart *restarts, size_t n, int seconds, Error *error);

/* manager_reexec(). */
int user_manager_reexec(const char *directory, int seconds, Error *error);
