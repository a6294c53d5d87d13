/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The ELF files in what is diffed: whole files, and files within images and archives.
 */

#include "parts/delta/body/layout.h"

/* Adds those in the sources to the layout. */
int elves_find_old(Layout *layout, Error *error);

/* Those in the result: in the layout, and parsed in *ret, which has as many and is freed by elves_free(). */
int elves_find_new(Layout *layout, Bytes result, Elf **ret, Error *error);
void elves_free(Elf *elves, uint32_t n);

/* Says of each ELF file in the result which old one most of it is copied from. */
int elves_choose_counterparts(Layout *layout, Error *error);
