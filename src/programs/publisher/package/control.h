/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a .deb says about itself (deb-control(5)) and the scripts it would run.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

enum { CONTROL_SIZE_MAX = 1024 * 1024, CONTROL_SCRIPTS = 5 };

/* preinst, postinst, prerm, postrm, triggers */
extern const char *const CONTROL_SCRIPT_NAMES[CONTROL_SCRIPTS];

typedef struct Control {
	char *name, *version, *architecture;
	char *depends, *pre_depends; /* "" when there are none */
	bool has_script[CONTROL_SCRIPTS];
	Digest scripts[CONTROL_SCRIPTS];
	uint64_t file_size; /* bytes of the .deb itself */
} Control;

/* Parses the control file's text into *control, whose other fields stay. */
int control_parse(Bytes text, Control *control, Error *error);
void control_clear(Control *control);

/* Debian's name of an architecture ("amd64") as the kernel says it ("x86_64"); NULL when it is unknown. */
const char *control_kernel_architecture(const char *architecture);
