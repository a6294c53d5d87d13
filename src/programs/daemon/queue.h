/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which of the calls that came may run: one that changes something at a time, in the order in which they
 * came; beside it a few that only look. Bounded, so that no user can take all of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	QUEUE_MAX = 64,       /* calls, waiting or running */
	QUEUE_ROOT = 16,      /* of these, places that only root gets */
	QUEUE_USER_MAX = 8,   /* calls of one user who is not root */
	QUEUE_SENDER_MAX = 8, /* calls by one connection of which is not known yet whose it is */
	/* Such calls in all: more than the bus lets one user have connections, which are 256. */
	QUEUE_UNKNOWN_MAX = 320,
	QUEUE_LOOKING_MAX = 2 /* that only look and run at once */
};

typedef struct QueueEntry {
	const char *sender; /* the connection that called; not owned */
	bool known;         /* whose it is: */
	uid_t uid;          /* who called */
	bool changes;       /* something */
	bool ready;         /* false as long as nobody knows whether he may */
	bool running;
	struct QueueEntry *next;
} QueueEntry;

typedef struct Queue {
	QueueEntry *first; /* not owned */
} Queue;

/* Which of those who are not known yet has to give way, since newest, one of them, has come; NULL: none. Its
 * connection's latest call, once these are too many; otherwise the latest of the connection that has most:
 * by the bus's bounds no single user keeps others, root among them, from being known. */
QueueEntry *queue_surplus(const Queue *queue, QueueEntry *newest);

/* May this user have one more call in it, of those who are known? */
bool queue_has_room(const Queue *queue, uid_t uid);

void queue_add(Queue *queue, QueueEntry *entry);
void queue_remove(Queue *queue, const QueueEntry *entry);

/* The next that may start now, or NULL. */
QueueEntry *queue_next(const Queue *queue);

/* Does one that changes something wait to start, or run? */
bool queue_is_busy(const Queue *queue);
