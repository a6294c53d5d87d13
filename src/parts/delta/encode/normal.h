/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * ELF files made comparable: every reference is replaced by a token for what it points at, so that code which
 * has only moved, or whose neighbours have, is the same bytes.
 */

#include "parts/delta/body/addresses.h"
#include "parts/delta/model/elf.h"

/* Tokens for what is found at the target. bytes is a copy of the file, to be changed. */
int normal_by_content(Elf *elf, uint8_t *bytes, Error *error);

/* Tokens for addresses of the new file: what old references point at is looked up. */
void normal_new_by_place(Elf *elf, uint8_t *bytes);
void normal_old_by_place(OldElf *old, const NewElf *new, Addresses *addresses, uint8_t *bytes);
