/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * For the unit tests of this folder: a root directory on a file system of its own, in a mount namespace of
 * the test's own, that goes away with everything mounted in it. Tests skip where they may not mount, where
 * the kernel has no overlay or EROFS, and without mkfs.erofs.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct Fixture {
	char directory[64]; /* a shared bind mount */
	char root[96], usr[112];
	size_t n_mounts; /* at the beginning */
	char content[256];
} Fixture;

int fixture_setup(void **state);
int fixture_teardown(void **state);

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* A test begins with this: files lib/changed, lib/removed and lib/other on the base and, for images, the
 * directories one, two and three, each with another lib/changed. Every file's content is where it is from. */
Fixture *fixture_begin(void **state);

/* Writes a file, with its directories; path is relative to the fixture's directory. */
void fixture_write(const Fixture *fixture, const char *path, const char *content);

/* Copies a program there. */
void fixture_install(const Fixture *fixture, const char *from, const char *path, unsigned int mode);

/* Makes DIRECTORY/NAME.img of DIRECTORY/NAME and returns its path, for ever. */
const char *fixture_image(const Fixture *fixture, const char *name);

/* Activates a generation of this one image. */
int fixture_activate(const Fixture *fixture, uint64_t number, const char *name, Error *error);

void fixture_assert_current(const Fixture *fixture, uint64_t number);

/* What the file below ROOT/usr says; valid until the next call. "(absent)" when there is none. */
const char *fixture_read(Fixture *fixture, const char *path);

/* Mounts in the namespace now, without those that were there at the beginning. */
size_t fixture_mounts(const Fixture *fixture);

/* Loop devices with a backing file in the fixture's directory. They clear themselves a moment after their
 * last user, so this waits for them until there are `expected` or a few seconds have passed. */
size_t fixture_loops(const Fixture *fixture, size_t expected);
