/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Scope-bound resources. A variable that owns something is declared with one of the attributes below and
 * holds a valid value (or NULL, or -1 for descriptors) from its declaration on; TAKE_PTR() and TAKE_FD()
 * hand the ownership on, which leaves every function one exit path.
 *
 * Destructors follow one shape: `Thing *thing_free(Thing *thing)` accepts NULL, survives half-built objects
 * and returns NULL. DEFINE_CLEANUP(Thing *, thing_free) beside its declaration makes CLEANUP(thing_free)
 * usable.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function##_cleanup)))
#define CLEANUP_FREE CLEANUP(free)
#define CLEANUP_CLOSE CLEANUP(close)

#define DEFINE_CLEANUP(type, function) \
	static inline void function##_cleanup(type *place) \
	{ \
		if (*place) \
			(void)function(*place); \
	} \
	struct cleanup_needs_a_semicolon_##function

static inline void free_cleanup(void *place)
{
	free(*(void **)place);
}

/* Destructors run on error paths, whose errno must survive them. */
static inline int close_keeping_errno(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

static inline void close_cleanup(int *place)
{
	(void)close_keeping_errno(*place);
}

DEFINE_CLEANUP(FILE *, fclose);
DEFINE_CLEANUP(DIR *, closedir);

#define TAKE_PTR(pointer) \
	({ \
		__typeof__(pointer) *place_ = &(pointer); \
		__typeof__(pointer) taken_ = *place_; \
		*place_ = NULL; \
		taken_; \
	})

#define TAKE_FD(fd) \
	({ \
		int *place_ = &(fd); \
		int taken_ = *place_; \
		*place_ = -1; \
		taken_; \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
