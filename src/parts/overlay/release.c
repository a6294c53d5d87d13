/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For tests: a library that names the release it belongs to; built once for each. */
extern const char release[];

__attribute__((visibility("default"))) const char release[] = RELEASE;
