/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A published manifest is issued again, at its own path, when something is said about it that does not change
 * what it brings: that a letter is withdrawn, who gets it when. The signed metadata then names its new
 * digest.
 */

#include "base/options.h"
#include "parts/trust/signer/signer.h"
#include "programs/publisher/keys.h"
#include "programs/publisher/published.h"
#include "programs/publisher/publisher.h"

/* Starts zeroed; signing points into it, so it stays where it is. */
typedef struct Reissue {
	Published *repository; /* locked */
	KeySet keys;
	Signing signing;
	const char *role; /* the settings' */
	Manifest *letter;
} Reissue;

void reissue_clear_cleanup(Reissue *reissue);
#define CLEANUP_REISSUE __attribute__((cleanup(reissue_clear_cleanup)))

/* operands: component and letter. Where several bases or architectures have it, the settings choose. What is
 * opened already when this fails is cleared with the rest. */
int reissue_open(
	Reissue *reissue, const PublisherSettings *settings, const OptionList *operands, Error *error);

/* Of the letter's series: where devices look for what is withdrawn. */
int reissue_newest(const Reissue *reissue, Manifest **ret, Error *error);

/* Returns as signer.h says. */
int reissue_publish(const Reissue *reissue, const Manifest *manifest, Error *error);
