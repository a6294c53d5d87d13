/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Properties of services on the system message bus. Nothing is started for it, and nobody is waited for:
 * where there is no bus, no such service, or none that answers soon, that is BUS_NO_ANSWER, with the reason
 * in the sentence.
 */

#include <stdint.h>

#include "base/error.h"

enum { BUS_NO_ANSWER = 1, BUS_TEXT_SIZE = 128 };

typedef struct BusProperty {
	const char *service, *object, *interface, *name;
} BusProperty;

int bus_property_text(const BusProperty *property, char ret[static BUS_TEXT_SIZE], Error *error);
int bus_property_number(const BusProperty *property, uint32_t *ret, Error *error);
