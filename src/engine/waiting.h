/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is there for this device and has not come by itself yet, and why: kept by each whole check as the
 * document "waiting" (docs/formats/state.md), so that "suture show" can tell.
 */

#include "engine/context.h"

typedef enum WaitReason {
	WAIT_FOR_NOTHING,      /* the next unattended run takes it */
	WAIT_FOR_TURN,         /* in its rollout */
	WAIT_FOR_PUBLISHER,    /* who holds the rollout below this device's place */
	WAIT_FOR_DAYS,         /* DeferDays= */
	WAIT_FOR_SURROUNDINGS, /* only what is urgent may come now: engine/conditions.h */
	WAIT_FOR_WINDOW,       /* Window= */
	WAIT_FOR_PEOPLE,       /* Install=no */
} WaitReason;

typedef struct Wait {
	WaitReason reason;
	int64_t until; /* seconds since 1970: at the latest, if nothing else is in the way; 0: nobody knows */
} Wait;

typedef struct WaitingItem {
	char component[MANIFEST_NAME_MAX + 1];
	char base_version[MANIFEST_NAME_MAX + 1];
	unsigned sequence;
	Digest manifest;
	Wait wait;
} WaitingItem;

/* Each component once. Starts zeroed. */
typedef struct Waiting {
	WaitingItem *items;
	size_t n;
} Waiting;

void waiting_clear(Waiting *waiting);
static inline void waiting_clear_cleanup(Waiting *waiting)
{
	waiting_clear(waiting);
}
#define CLEANUP_WAITING __attribute__((cleanup(waiting_clear_cleanup)))

/* Does its publisher say so, or does it fix something critical? The setting DeferDays= does not count for it,
 * and those of engine/conditions.h may make an exception. */
bool waiting_is_urgent(const Manifest *manifest);

/* What an unattended run would wait for at this time by the rollout and DeferDays=. The store is open for
 * writing. */
int waiting_judge(const Engine *engine, const Manifest *manifest, int64_t now, Wait *ret, Error *error);

/* What there is to wait for at this time whatever it is that would come: Install=, Window=, the surroundings.
 */
Wait waiting_of_device(const Engine *engine, int64_t now);

int waiting_add(Waiting *waiting, const Manifest *manifest, const Digest *digest, Wait wait, Error *error);

/* Durable with the document that is saved next; one that says the same is left alone. */
int waiting_save(Store *store, const Waiting *waiting, Error *error);
/* None when there is no such document, or no store. */
int waiting_load(const Store *store, Waiting *ret, Error *error);

/* The sentence for people. */
void waiting_explain(const Wait *wait, Error *ret);

/* "reason", "why" (that sentence) and, when it is known, "until" into an object. */
int waiting_put(json_t *object, const Wait *wait, Error *error);

/* [{"component", "letter", "base_version", …}] of those that wait for something. */
int waiting_to_json(const Waiting *waiting, json_t **ret, Error *error);
