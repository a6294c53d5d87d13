/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Is this a build with AddressSanitizer? Its runtime reserves terabytes of addresses, writes to stderr and
 * makes system calls of its own: what cannot be taken from it asks here. Nobody installs such a build.
 */

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__)
static const bool worker_is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
static const bool worker_is_sanitized = true;
#else
static const bool worker_is_sanitized = false;
#endif
#else
static const bool worker_is_sanitized = false;
#endif
