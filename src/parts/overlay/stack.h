/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The stack of mounts at ROOT/usr, from what a path walk arrives at down to what was there first: generations
 * (overlays whose source is "suture:NUMBER"), copies of the base between them where generations were
 * deactivated while in use, and the base, which is a mount of its own or just a directory of the mount that
 * holds ROOT. Recognised by name, never by file system type: the base may itself be an overlay.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mountinfo.h"

#define STACK_SOURCE_PREFIX "suture:"

typedef struct Stack {
	char *usr; /* ROOT/usr without symlinks */
	Mountinfo mounts;
	int64_t top_id;            /* of the mount that ROOT/usr lies on */
	const MountEntry **levels; /* mounted at ROOT/usr itself, uppermost first */
	size_t n;
} Stack;

#define STACK_INIT \
	(Stack) \
	{ \
		.usr = NULL \
	}

/* Reads the stack in the caller's mount namespace. Refuses a root that is not absolute, and a usr that is not
 * a directory of its own. *ret is untouched on failure; stack_clear() frees it. */
int stack_read(const char *root, Stack *ret, Error *error);

/* Is the level one of our generations, and which? */
bool stack_is_generation(const MountEntry *level, uint64_t *ret_number);

/* How many levels have to go until no generation is left: 0 when there is none. */
size_t stack_levels_to_base(const Stack *stack);

/* The mounts that a path walk can reach below ROOT/usr, without those that lie on another one of them; a new
 * array (free()) that points into the stack. */
int stack_submounts(const Stack *stack, const MountEntry ***ret, size_t *ret_n, Error *error);

/* Does any mount lie below ROOT/usr, reachable or covered? */
bool stack_has_submounts(const Stack *stack);

void stack_clear(Stack *stack);
static inline void stack_clear_cleanup(Stack *stack)
{
	stack_clear(stack);
}
#define CLEANUP_STACK __attribute__((cleanup(stack_clear_cleanup)))
