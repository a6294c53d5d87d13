/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From improvements to identities: for every path that a set replaces, the device and inode numbers by which
 * its former bytes can still be in use. There is one way through the base's own mount, and one through each
 * older generation, where the former bytes came from the base or from an older letter's image.
 */

#include "engine/context.h"
#include "engine/improvements.h"
#include "engine/state.h"
#include "parts/census/census.h"

/* What a target's subject number stands for. */
typedef struct ExposureSubject {
	const Manifest *manifest; /* of the set: what brings the new bytes */
	char *path;
} ExposureSubject;

/* A generation that is mounted, and which of the set's improvements it holds already. */
typedef struct ExposureGeneration {
	dev_t device;
	uint64_t holds; /* groups */
} ExposureGeneration;

/* Improvements are groups by their place in the set. An overlay has no more layers than there are groups;
 * should a set be larger, the last one stands for the rest. */
typedef struct ExposureTargets {
	const Improvements *set;
	CensusTarget *targets;
	size_t n_targets;
	ExposureSubject *subjects;
	size_t n_subjects;
	ExposureGeneration *generations;
	size_t n_generations;
	size_t n_unknown; /* generations of which it cannot be told what they brought: who uses that is missed
			   */
	dev_t current;    /* of the generation that root/usr shows; 0: the base */
} ExposureTargets;

/* set outlives ret. */
int exposure_targets_collect(const Engine *engine, const State *state, const Improvements *set,
	ExposureTargets *ret, Error *error);
/* The groups that a finding is about: whose former bytes it uses, or can still load from its old /usr. */
uint64_t exposure_targets_groups(const ExposureTargets *targets, const CensusFinding *finding);
unsigned exposure_targets_group(size_t improvement);

/* The other way round: the identities of the bytes that the set brings, in each generation that has brought
 * them. state names the letters of the set as active or in a generation; set outlives ret. */
int exposure_targets_brought(const Engine *engine, const State *state, const Improvements *set,
	ExposureTargets *ret, Error *error);

void exposure_targets_clear(ExposureTargets *targets);
static inline void exposure_targets_clear_cleanup(ExposureTargets *targets)
{
	exposure_targets_clear(targets);
}
