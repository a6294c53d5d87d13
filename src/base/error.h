/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Errors for people. Every function that can fail returns a two-sided int: < 0 failed, 0 done, > 0 a
 * condition that its header names and its caller must handle. When it failed, the Error it was given holds
 * one sentence: the deepest layer says what is wrong, each layer above may say in what (error_in), and the
 * program reports it once, at the top.
 *
 * In a program that speaks its user's language (base/language.h) there are two of the sentence: the English
 * one for reports, logs and what is kept, and the one for people.
 *
 * An Error lives on the caller's stack, starts as ERROR_INIT, owns nothing, and may be NULL where the
 * caller does not want the sentence.
 */

enum { ERROR_TEXT_SIZE = 1024 };

typedef struct Error {
	int os_error; /* the errno behind the failure, 0 if none is */
	char text[ERROR_TEXT_SIZE];
	char translated[ERROR_TEXT_SIZE]; /* "" where that is no other */
} Error;

#define ERROR_INIT \
	(Error) \
	{ \
		.os_error = 0 \
	}

/* Sets the sentence; returns -1 so that a failing function ends with `return error_set(error, …)`. A text
 * that is too long is cut, never overrun. Control characters of hostile origin are made harmless. */
int error_set(Error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a failed system call: appends ": " and what errno value os_error means. */
int error_os(Error *error, int os_error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "what: " before the sentence that is there. */
int error_in(Error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The sentence for whoever waits at the top. */
const char *error_words(const Error *error);

/* What an errno value means, in English. */
const char *error_os_text(int os_error);

/* The sentence for a failed allocation. */
int error_memory(Error *error);
