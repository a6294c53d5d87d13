/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files below an open /proc/PID directory. Such a descriptor stays the process's own: once that has ended,
 * everything below says so, even if its number has been given to another one.
 */

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "parts/census/proc-text.h"

/* Conditions, not failures: the process has ended; this caller may not look into it. */
enum { PROC_GONE = 1, PROC_DENIED = 2 };

/* The condition that an errno stands for; 0 for none. */
int proc_condition(int os_error);

/* Opens /proc, and fails when something else is there: it would show no process. */
int proc_open_root(int *ret_fd, Error *error);

/* Opens /proc/PID. */
int proc_open_process(int proc, pid_t pid, int *ret_fd, Error *error);

int proc_open(int directory, const char *name, int flags, int *ret_fd, Error *error);

/* statx() of what a link of /proc stands for, without asking a file server that might never answer. */
int proc_examine(int directory, const char *name, struct statx *ret, Error *error);

/* Inode number of the mount namespace. */
int proc_namespace(int directory, uint64_t *ret, Error *error);

int proc_stat(int directory, ProcStat *ret, Error *error);
int proc_uid(int directory, uid_t *ret, Error *error);
int proc_unit(int directory, char unit[static CENSUS_UNIT_SIZE], Error *error);
