/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is done to the blocks that were found before they become a layout's.
 */

#include "parts/delta/body/layout.h"

/* Cuts blocks where a source, or an ELF file of either side, begins or ends. They become layout->blocks. */
int blocks_cut(Layout *layout, const Block *blocks, uint32_t n, Error *error);

/* Splits off the long stretches of layout->blocks that need no change at all: copying those is quicker, and
 * says nothing of references. result is the whole result. */
int blocks_split_same(Layout *layout, const uint8_t *result, Error *error);

/* Leaves out the shortest blocks when there are more than `most`: what they copied becomes new bytes. */
int blocks_limit(Layout *layout, uint32_t most, Error *error);
