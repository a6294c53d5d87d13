/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Signs one TUF metadata file: {signatures, signed}. Publisher only.
 */

#include <jansson.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/trust/signer/key.h"

/* content is what is signed; the file is appended to *ret. */
int envelope_sign(json_t *content, const SignerKey *const *keys, size_t n_keys, Buffer *ret, Error *error);
