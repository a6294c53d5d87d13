/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work in a child process that hands one descriptor back. What would change the calling process for good (its
 * mount namespace, its working directory, its root) happens in the child, so that the caller may have
 * threads, which unshare(2) and setns(2) do not allow.
 */

#include "base/error.h"

/* Runs in the child, with every signal at its default, in a process that ends right after it. Its return
 * value is two-sided; error is never NULL. */
typedef int (*ErrandWork)(void *userdata, int *ret_fd, Error *error);

/* Runs work in a child and waits for its end. A child that crashes, or takes longer than two minutes, is a
 * failure. *ret_fd is close-on-exec. */
int errand_run(ErrandWork work, void *userdata, int *ret_fd, Error *error);
