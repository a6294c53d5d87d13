/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Messages beside the result: one line each on stderr, with the journal's "<N>" prefix when a service
 * manager reads them. Errors do not go through here: they are returned, and reported once at the top.
 */

typedef enum LogLevel { LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 } LogLevel;

/* What is above the level is dropped; LOG_LEVEL_WARNING at the start. */
void log_set_level(LogLevel level);

/* Hears each message besides: for a process whose people are elsewhere. NULL: nobody does. */
typedef void (*LogListener)(void *userdata, LogLevel level, const char *line);
void log_set_listener(LogListener listener, void *userdata);

void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
