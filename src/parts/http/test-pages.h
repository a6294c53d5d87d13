/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For unit tests only: what the test server has. "/file" is a file on a good server; the other pages are
 * named after what is wrong with them, and "/500" is answered with 500.
 */

#include <stdint.h>

#include "parts/http/test-server.h"

enum { TEST_PAGES_FILE_SIZE = 300000 };

extern uint8_t test_pages_content[TEST_PAGES_FILE_SIZE];

void test_pages_fill(void);
void test_pages_answer(int connection, const TestRequest *request);
