/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What every Manifest must be, whoever made it: manifest_parse() checks what strangers wrote, and
 * manifest_write() what the publisher is about to sign. docs/formats/manifest.md lists the same bounds.
 */

#include "base/error.h"
#include "parts/manifest/manifest.h"

enum {
	MANIFEST_ADVISORIES_MAX = 1024,
	MANIFEST_DOWNLOADS_MAX = 64,
	MANIFEST_WITHDRAWN_MAX = 1024,
	MANIFEST_SUMMARY_MAX = 1024,          /* bytes of an advisory's summary */
	MANIFEST_TARGET_MAX = 4095,           /* bytes of a symlink's target */
	MANIFEST_DEPTH_MAX = 64,              /* components of a path */
	MANIFEST_ROLLOUT_HOURS_MAX = 24 * 90, /* a security fix that takes longer is none */
	MANIFEST_PERCENT_MAX = 100,           /* everybody */
	MANIFEST_BLOCK_SIZE = 4096,           /* images consist of whole blocks */
};

#define MANIFEST_FORMAT "suture-manifest-1"

/* 0 when the manifest keeps every rule; the sentence names the field that does not. */
int manifest_check(const Manifest *manifest, Error *error);
