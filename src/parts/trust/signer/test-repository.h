/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: a repository with one key for each role, and a device that trusts its first root. As
 * cmocka's set-up and tear-down functions want it.
 */

#include <stdint.h>

#include "base/error.h"
#include "parts/trust/signer/signer.h"
#include "parts/trust/updater.h"

enum { TEST_NOW = 1790000000, TEST_DAY = 24 * 3600 };

typedef enum TestKey {
	TEST_ROOT,
	TEST_TARGETS,
	TEST_SNAPSHOT,
	TEST_TIMESTAMP,
	TEST_OTHER,
	TEST_KEYS
} TestKey;

typedef struct TestRepository {
	char *path;
	int publisher, device; /* directories */
	SignerKey *keys[TEST_KEYS];
	SignerKey *hand[TEST_KEYS]; /* borrowed from keys */
	KeySet at_hand;
	char asked[1024]; /* what the device asked the server for */
	Error error;
} TestRepository;

int test_repository_set_up(void **state);
int test_repository_tear_down(void **state);

/* With some of the keys: bits 1 << TEST_ROOT … */
enum { TEST_ONLINE = 1 << TEST_TARGETS | 1 << TEST_SNAPSHOT | 1 << TEST_TIMESTAMP };
Signing test_repository_signing(TestRepository *test, unsigned keys, int64_t now);

PublicHalf test_repository_half(const TestRepository *test, TestKey key);

/* Publishes the first metadata. */
void test_repository_begin(TestRepository *test);

/* Stores the bytes of a target. */
SignerTarget test_repository_put(TestRepository *test, const char *path, const char *content);

/* The device, as it starts anew at this time; the caller frees it. */
Updater *test_repository_device(TestRepository *test, int64_t now);
