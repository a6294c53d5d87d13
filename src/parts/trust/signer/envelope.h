/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The envelope of a metadata file, {signatures, signed}, while its signatures come together. Publisher only.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/trust/role.h"
#include "parts/trust/signer/key-set.h"

/* Who may sign a file: the keys of a role, as root or a delegating role lists them. Borrowed. */
typedef struct Authority {
	const Role *role;
	const KeyRing *ring;
} Authority;

/* Without signatures. content is what is signed; a reference is taken. */
int envelope_new(json_t *content, json_t **ret, Error *error);

json_t *envelope_content(const json_t *document);

/* The key id under which the authority knows a public key; NULL when it does not. */
const char *envelope_id_of(const Authority *authority, const PublicKey *key);

/* Signs with each key that the authority knows, anew where it had signed. *ret_n (may be NULL): how many. */
int envelope_sign(
	json_t *document, const Authority *authority, const KeySet *keys, size_t *ret_n, Error *error);

/* Which of the authority's keys have signed. */
typedef struct EnvelopeState {
	size_t n_valid; /* distinct keys */
	size_t n_needed;
	json_t *missing; /* key ids of those that have not */
} EnvelopeState;

int envelope_examine(const json_t *document, const Authority *authority, EnvelopeState *ret, Error *error);
void envelope_state_clear(EnvelopeState *state);
static inline void envelope_state_clear_cleanup(EnvelopeState *state)
{
	envelope_state_clear(state);
}
#define CLEANUP_ENVELOPE_STATE __attribute__((cleanup(envelope_state_clear_cleanup)))

/* Do those who sign now include somebody that the authority does not know? */
bool envelope_has_stranger(const json_t *document, const Authority *authority);

/* Takes the signatures of a copy over. Refuses a copy whose content is another, and one with a signature that
 * is bad or of a key that none of the authorities knows. */
int envelope_unite(json_t *document, const json_t *copy, const Authority *authorities, size_t n_authorities,
	Error *error);
