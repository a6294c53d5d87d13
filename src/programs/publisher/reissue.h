/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A published manifest is issued again, at its own path, when something is said about it that does not change
 * what it brings: that a letter is withdrawn, who gets it when. The signed metadata then names its new
 * digest.
 */

#include "parts/trust/signer/signer.h"
#include "programs/publisher/published.h"
#include "programs/publisher/publisher.h"

/* The one manifest with this component and letter; the settings' base version and architecture choose where
 * there are several. */
int reissue_find(Published *repository, const PublisherSettings *settings, const char *component,
	unsigned sequence, Manifest **ret, Error *error);

/* Returns as signer.h says. */
int reissue_publish(Published *repository, const Signing *signing, const char *role, const Manifest *manifest,
	Error *error);
