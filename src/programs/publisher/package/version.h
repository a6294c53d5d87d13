/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The order of Debian's version numbers (deb-version(7)).
 */

/* Less than, equal to or greater than 0, as strcmp(). */
int version_compare(const char *a, const char *b);
