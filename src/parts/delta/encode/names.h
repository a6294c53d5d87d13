/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the slots of an ELF file's tables of addresses are for, by the names of their symbols: slots, and the
 * stubs of code that jump through them, are told apart by nothing else.
 */

#include "base/cleanup.h"
#include "parts/delta/model/elf.h"

typedef struct Names Names;

int names_new(const Elf *elf, Names **ret, Error *error);
Names *names_free(Names *names);
DEFINE_CLEANUP(Names *, names_free);

/* A hash of the name of the symbol that the slot at this address is for, or that the stub at this address
 * jumps to; 0 when there is none. */
uint32_t names_find(const Names *names, uint64_t address);
