/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One method call from its arrival to its answer: who is the caller? may he do it? then it waits for its
 * turn, runs in a process of its own, tells the caller of its progress, and is answered.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "programs/daemon/job-process.h"
#include "programs/daemon/queue.h"
#include "programs/daemon/request.h"

typedef struct Job Job;

typedef enum JobNews {
	JOB_KNOWN, /* who calls: entry.uid; it is to be authorized, or refused */
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
	pid_t client;     /* see Caller */
	const JobOwner *owner;
	sd_bus_message *call;
	Request request;
	sd_bus_slot *question; /* to the bus, who calls; then to polkit */
	JobProcess *process;
};

/* Of a call whose arguments are within their bounds, and so is what the job takes. On failure the call was
 * not answered. */
int job_new(sd_bus_message *call, const JobOwner *owner, Job **ret, Error *error);
Job *job_free(Job *job);
DEFINE_CLEANUP(Job *, job_free);

/* Finds out who calls; tells JOB_KNOWN or JOB_ENDED, at once or later. */
void job_identify(Job *job);

/* Too many wait already. Tells JOB_ENDED. */
void job_refuse(Job *job);

/* Finds out whether the caller may; tells JOB_READY or JOB_ENDED, at once or later. */
void job_authorize(Job *job);

/* Its turn has come. Tells JOB_ENDED, at once or later. */
void job_start(Job *job);

/* sutured is told to stop: it ends, wherever it is, and the caller is told so. What is half done then is
 * dealt with as after any cut. Tells JOB_ENDED, at once or later. */
void job_stop(Job *job);
