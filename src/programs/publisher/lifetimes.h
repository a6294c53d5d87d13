/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How long metadata is good for, as publish.conf in the directory of keys says (docs/configuration.md): who
 * holds a role's keys decides how often he will sign.
 */

#include "base/error.h"
#include "parts/trust/signer/publish.h"

/* directory: of the keys. What is not said there, or everything when there is no such file, is as ever. */
int lifetimes_read(const char *directory, Lifetimes *ret, Error *error);
