/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Running another program, without a shell.
 */

#include "base/bytes.h"
#include "base/error.h"

/*
 * Runs argv[0] (looked up in PATH) with argv to its end, stdin from /dev/null. Its stdout is appended to
 * *output (at most max_output bytes, more is an error; NULL discards it). Fails unless it exits with 0, with
 * the last line it wrote to stderr in the sentence; a program that is not installed is named as such.
 */
int process_run(const char *const *argv, size_t max_output, Buffer *output, Error *error);
