/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From the layout that was found over all old files to the one that is written: with just those that
 * something comes from.
 */

#include "parts/delta/body/layout.h"

typedef struct FinalLayout {
	Layout layout;
	Bytes *sources;    /* those that are used; layout refers to them */
	uint32_t *indexes; /* which of all sources they are */
} FinalLayout;

int final_layout_make(const Layout *all, FinalLayout *ret, Error *error);

void final_layout_clear(FinalLayout *final);
static inline void final_layout_clear_cleanup(FinalLayout *final)
{
	final_layout_clear(final);
}
