/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests: a real message bus of the test's own, which DBUS_SYSTEM_BUS_ADDRESS names, and services on
 * it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct TestBus {
	char *path; /* its directory; path/services is where it looks for what it could start */
	pid_t daemon, service;
} TestBus;

/* cmocka's set-up and tear-down; without a dbus-daemon, test_bus_is_here() is false. */
int test_bus_set_up(void **state);
int test_bus_tear_down(void **state);
bool test_bus_is_here(const TestBus *bus);

/* What a service answers. */
typedef struct TestProperty {
	const char *service, *object, *name;
	const char *text; /* NULL: number */
	uint32_t number;
	bool is_silent; /* has the name, and never answers */
} TestProperty;

/* In place of the one before. The interface is called like the service. */
void test_bus_serve(TestBus *bus, const TestProperty *property);
void test_bus_stop(TestBus *bus);
