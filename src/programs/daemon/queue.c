/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/queue.h"

#include <string.h>

/* Calls of a connection that is not known yet; NULL: of all of them. */
static size_t count_unknown(const Queue *queue, const char *sender)
{
	size_t n = 0;

	for (const QueueEntry *entry = queue->first; entry; entry = entry->next)
		n += !entry->known && (!sender || strcmp(entry->sender, sender) == 0);
	return n;
}

QueueEntry *queue_surplus(const Queue *queue, QueueEntry *newest)
{
	QueueEntry *surplus = NULL;
	size_t most = 0;

	if (count_unknown(queue, newest->sender) > QUEUE_SENDER_MAX)
		return newest;
	if (count_unknown(queue, NULL) <= QUEUE_UNKNOWN_MAX)
		return NULL;
	for (QueueEntry *entry = queue->first; entry; entry = entry->next) {
		size_t n = entry->known ? 0 : count_unknown(queue, entry->sender);

		if (n > 0 && n >= most) {
			most = n;
			surplus = entry;
		}
	}
	return surplus;
}

bool queue_has_room(const Queue *queue, uid_t uid)
{
	size_t all = 0, own = 0;

	for (const QueueEntry *entry = queue->first; entry; entry = entry->next) {
		all += entry->known;
		own += entry->known && entry->uid == uid;
	}
	if (uid == 0)
		return all < QUEUE_MAX;
	return all < QUEUE_MAX - QUEUE_ROOT && own < QUEUE_USER_MAX;
}

void queue_add(Queue *queue, QueueEntry *entry)
{
	QueueEntry **place = &queue->first;

	while (*place)
		place = &(*place)->next;
	entry->next = NULL;
	*place = entry;
}

void queue_remove(Queue *queue, const QueueEntry *entry)
{
	for (QueueEntry **place = &queue->first; *place; place = &(*place)->next)
		if (*place == entry) {
			*place = entry->next;
			return;
		}
}

static size_t count_running(const Queue *queue, bool changes)
{
	size_t n = 0;

	for (const QueueEntry *entry = queue->first; entry; entry = entry->next)
		n += entry->running && entry->changes == changes;
	return n;
}

QueueEntry *queue_next(const Queue *queue)
{
	bool may_change = count_running(queue, true) == 0;
	bool may_look = count_running(queue, false) < QUEUE_LOOKING_MAX;

	for (QueueEntry *entry = queue->first; entry; entry = entry->next)
		if (entry->ready && !entry->running && (entry->changes ? may_change : may_look))
			return entry;
	return NULL;
}

bool queue_is_busy(const Queue *queue)
{
	for (const QueueEntry *entry = queue->first; entry; entry = entry->next)
		if (entry->changes && entry->ready)
			return true;
	return false;
}
