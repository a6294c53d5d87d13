/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The order in which to ask for jobs. systemd keeps to After= and Before= only among the jobs that it has,
 * and may begin each as soon as it has it: what is asked for last must not be what comes first.
 */

#include "parts/units/unit-facts.h"

/*
 * Puts the indices of n units into order: a unit behind those that it, or what restarts along with it, is
 * ordered after. Where the units say nothing, or contradict each other, the given order stays.
 */
int unit_order(Manager *manager, const UnitFacts *const units[], size_t n, size_t order[], Error *error);
