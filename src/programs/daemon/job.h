/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One method call from its arrival to its answer: may the caller do it? then it waits for its turn, runs in a
 * process of its own, tells the caller of its progress, and is answered.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "programs/daemon/authority.h"
#include "programs/daemon/job-process.h"
#include "programs/daemon/queue.h"
#include "programs/daemon/request.h"

typedef struct Job Job;

typedef enum JobNews {
	JOB_READY, /* the caller may: its turn can come */
	JOB_ENDED, /* the call was answered, or nobody waits for it any more: to be freed */
} JobNews;

typedef struct JobOwner {
	sd_event *event;
	const Place *place;
	void (*hear)(void *userdata, Job *job, JobNews news);
	void *userdata;
} JobOwner;

struct Job {
	QueueEntry entry; /* the first member */
	pid_t client;     /* see AuthorityCaller */
	const JobOwner *owner;
	sd_bus_message *call;
	Request request;
	sd_bus_track *sender;
	sd_bus_slot *question; /* to polkit */
	JobProcess *process;
};

/* A job of whoever sent the call. On failure the call was not answered. */
int job_new(
	sd_bus_message *call, const AuthorityCaller *caller, const JobOwner *owner, Job **ret, Error *error);
Job *job_free(Job *job);
DEFINE_CLEANUP(Job *, job_free);

/* Finds out whether the caller may; tells JOB_READY or JOB_ENDED, at once or later. */
void job_authorize(Job *job);

/* Its turn has come. Tells JOB_ENDED, at once or later. */
void job_start(Job *job);

/* sutured is told to stop: it ends, wherever it is, and the caller is told so. What is half done then is
 * dealt with as after any cut. Tells JOB_ENDED, at once or later. */
void job_stop(Job *job);
