/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The mapped files of a process: /proc/PID/maps (proc_pid_maps(5)). Only the numbers of a line are read,
 * never the path, which its owner chooses: memory is bounded whatever the line's length is.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

/* More than the numbers of the longest line take. */
enum { MAPS_HEAD_MAX = 128, MAPS_READ_SIZE = 16 * 1024, MAPS_END = 1 };

typedef struct MapsEntry {
	uint64_t start, end; /* addresses; with them map_files/ names the file */
	dev_t device;
	uint64_t inode; /* 0: no file */
} MapsEntry;

/* Parses the head of one line, without its newline: at least "START-END PERMS OFFSET MAJOR:MINOR INODE". */
int maps_parse(Bytes line, MapsEntry *ret, Error *error);

typedef struct MapsReader {
	int fd; /* borrowed */
	size_t n_lines;
	char head[MAPS_HEAD_MAX]; /* of the current line */
	size_t head_size;
	char block[MAPS_READ_SIZE];
	size_t at, end;
} MapsReader;

void maps_begin(MapsReader *reader, int fd);

/* The next mapping of a file; MAPS_END behind the last. A process without memory of its own (a kernel thread,
 * a zombie) has no lines at all: n_lines is 0 then. */
int maps_next(MapsReader *reader, MapsEntry *ret, Error *error);
