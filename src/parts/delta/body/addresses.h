/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where an address of an old ELF file is in the new one: first by what earlier references have taught, else
 * by the block that copies what is there, that under way before others, else by the blocks around it.
 */

#include "parts/delta/body/layout.h"
#include "parts/delta/model/scan.h"

typedef struct Addresses Addresses;

int addresses_new(const Layout *layout, Addresses **ret, Error *error);
Addresses *addresses_free(Addresses *addresses);
DEFINE_CLEANUP(Addresses *, addresses_free);

/* How an answer was come by. */
typedef enum AddressSource {
	ADDRESS_COPIED,  /* what is there is copied */
	ADDRESS_LEARNT,  /* an earlier reference to it was not where its block, or none, said */
	ADDRESS_GUESSED, /* what is there is not copied; its neighbours are */
	ADDRESS_UNKNOWN,
} AddressSource;

/* Two ELF files of the layout, between which answers are meant; and the block that is being copied, NULL
 * outside of one. What is there and was not learnt otherwise is known to move with it. */
void addresses_between(Addresses *addresses, const OldElf *old, const NewElf *new, const Block *block);

/* What moves as a whole with that block. */
SteadyRange addresses_steady(const Addresses *addresses);

uint64_t addresses_map(Addresses *addresses, uint64_t target, AddressSource *ret_source);

/* A reference to target turned out to be one to actual. */
void addresses_learn(Addresses *addresses, uint64_t target, uint64_t actual);

/* The address of a place of the result, which lies in new. */
uint64_t addresses_of_new(const NewElf *new, uint32_t at);
