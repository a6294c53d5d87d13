/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/trusted-set.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A targets role, and the roles for whose delegation its signatures were verified. */
typedef struct Verified {
	char *role;
	Targets *targets;
	char **delegators;
	size_t n_delegators;
} Verified;

struct TrustedSet {
	int64_t now;
	bool root_is_final;
	Root *root;
	Timestamp *timestamp;
	Snapshot *snapshot;
	Verified *verified;
	size_t n_verified;
};

static void verified_clear(Verified *verified)
{
	for (size_t i = 0; i < verified->n_delegators; i++)
		free(verified->delegators[i]);
	free(verified->delegators);
	(void)targets_free(verified->targets);
	free(verified->role);
}

TrustedSet *trusted_set_free(TrustedSet *set)
{
	if (set) {
		for (size_t i = 0; i < set->n_verified; i++)
			verified_clear(&set->verified[i]);
		free(set->verified);
		(void)snapshot_free(set->snapshot);
		(void)timestamp_free(set->timestamp);
		(void)root_free(set->root);
		free(set);
	}
	return NULL;
}

static int wrong_order(const char *what, Error *error)
{
	return error_set(error, "%s metadata comes in the wrong order", what);
}

int trusted_set_new(Bytes root, int64_t now, TrustedSet **ret, Error *error)
{
	CLEANUP(trusted_set_free) TrustedSet *set = calloc(1, sizeof(*set));

	if (!set)
		return error_memory(error);
	set->now = now;
	if (root_parse(root, &set->root, error) < 0 ||
		root_verify(set->root, TOP_LEVEL_ROOT, &set->root->metadata, error) < 0)
		return -1;
	*ret = TAKE_PTR(set);
	return 0;
}

/* Section 5.3: N+1 follows N, signed as both ask for. */
int trusted_set_update_root(TrustedSet *set, Bytes root, Error *error)
{
	CLEANUP(root_free) Root *next = NULL;
	int64_t version = set->root->metadata.version;

	if (set->root_is_final)
		return wrong_order("root", error);
	if (root_parse(root, &next, error) < 0)
		return -1;
	if (root_verify(set->root, TOP_LEVEL_ROOT, &next->metadata, error) < 0)
		return error_in(error, "by the keys of root version %lld", (long long)version);
	if (root_verify(next, TOP_LEVEL_ROOT, &next->metadata, error) < 0)
		return error_in(error, "by its own keys");
	if (version == INT64_MAX || next->metadata.version != version + 1)
		return error_set(error, "root metadata has version %lld where the one after %lld belongs",
			(long long)next->metadata.version, (long long)version);
	(void)root_free(set->root);
	set->root = TAKE_PTR(next);
	return 0;
}

int trusted_set_finish_root(TrustedSet *set, Error *error)
{
	if (metadata_check_expiry(&set->root->metadata, "root", set->now, error) != 0)
		return -1;
	set->root_is_final = true;
	return 0;
}

static int check_timestamp_succession(const Timestamp *older, const Timestamp *newer, Error *error)
{
	if (newer->metadata.version < older->metadata.version)
		return error_set(error,
			"timestamp metadata is older (version %lld) than what this device has seen "
			"(version %lld)",
			(long long)newer->metadata.version, (long long)older->metadata.version);
	if (newer->snapshot.version < older->snapshot.version)
		return error_set(error,
			"timestamp metadata names an older snapshot (version %lld) than what this device "
			"has seen (version %lld)",
			(long long)newer->snapshot.version, (long long)older->snapshot.version);
	return 0;
}

/* Section 5.4. The expired one is kept: it still tells which versions exist. */
int trusted_set_update_timestamp(TrustedSet *set, Bytes timestamp, Error *error)
{
	CLEANUP(timestamp_free) Timestamp *next = NULL;
	const Timestamp *seen = set->timestamp;

	if (!set->root_is_final || set->snapshot)
		return wrong_order("timestamp", error);
	if (timestamp_parse(timestamp, &next, error) < 0 ||
		root_verify(set->root, TOP_LEVEL_TIMESTAMP, &next->metadata, error) < 0)
		return -1;
	if (seen && next->metadata.version == seen->metadata.version)
		return TRUSTED_SAME_VERSION;
	if (seen && check_timestamp_succession(seen, next, error) < 0)
		return TRUSTED_OLDER;
	(void)timestamp_free(set->timestamp);
	set->timestamp = TAKE_PTR(next);
	return metadata_check_expiry(&set->timestamp->metadata, "timestamp", set->now, error) == 0
		       ? 0
		       : TRUSTED_EXPIRED;
}

int trusted_set_expect_snapshot(const TrustedSet *set, MetaFile *ret, Error *error)
{
	if (!set->timestamp)
		return wrong_order("snapshot", error);
	if (metadata_check_expiry(&set->timestamp->metadata, "timestamp", set->now, error) != 0)
		return -1;
	*ret = set->timestamp->snapshot;
	return 0;
}

/* Is it the snapshot that the timestamp names, and still good? */
static int check_final_snapshot(
	const TrustedSet *set, const Snapshot *snapshot, const MetaFile *expected, Error *error)
{
	if (snapshot->metadata.version != expected->version)
		return error_set(error,
			"snapshot metadata has version %lld where the timestamp names version %lld",
			(long long)snapshot->metadata.version, (long long)expected->version);
	if (metadata_check_expiry(&snapshot->metadata, "snapshot", set->now, error) != 0)
		return -1;
	return 0;
}

/* Section 5.5. */
int trusted_set_update_snapshot(TrustedSet *set, Bytes snapshot, bool is_local, Error *error)
{
	CLEANUP(snapshot_free) Snapshot *next = NULL;
	MetaFile expected;
	bool is_final;

	if (trusted_set_expect_snapshot(set, &expected, error) < 0)
		return -1;
	if (set->n_verified > 0)
		return wrong_order("snapshot", error);
	if (!is_local && meta_file_check(&expected, snapshot, "snapshot", error) < 0)
		return -1;
	if (snapshot_parse(snapshot, &next, error) < 0 ||
		root_verify(set->root, TOP_LEVEL_SNAPSHOT, &next->metadata, error) < 0)
		return -1;
	if (set->snapshot && snapshot_check_succession(set->snapshot, next, error) < 0)
		return -1;
	is_final = check_final_snapshot(set, next, &expected, error) == 0;
	if (!is_final && !is_local)
		return -1;
	(void)snapshot_free(set->snapshot);
	set->snapshot = TAKE_PTR(next);
	return is_final ? 0 : TRUSTED_EXPIRED;
}

int trusted_set_expect_targets(const TrustedSet *set, const char *role, MetaFile *ret, Error *error)
{
	MetaFile expected;

	if (!set->snapshot)
		return wrong_order(role, error);
	if (trusted_set_expect_snapshot(set, &expected, error) < 0 ||
		check_final_snapshot(set, set->snapshot, &expected, error) < 0)
		return -1;
	return snapshot_find(set->snapshot, role, ret, error) == 0 ? 0 : TRUSTED_ABSENT;
}

static Verified *find(const TrustedSet *set, const char *role)
{
	for (size_t i = 0; i < set->n_verified; i++)
		if (strcmp(set->verified[i].role, role) == 0)
			return &set->verified[i];
	return NULL;
}

/* Do the keys that the delegator gives the role stand behind the file? */
static int verify_for(
	const TrustedSet *set, const Targets *targets, const char *role, const char *delegator, Error *error)
{
	const Verified *by = find(set, delegator);
	const Role *keys;

	if (strcmp(role, "targets") == 0)
		return root_verify(set->root, TOP_LEVEL_TARGETS, &targets->metadata, error);
	if (!by)
		return wrong_order(role, error);
	keys = delegations_role(&by->targets->delegations, role);
	if (!keys)
		return error_set(error, "role %s does not delegate to role %s", delegator, role);
	return role_verify(keys, &by->targets->delegations.ring, &targets->metadata, role, error);
}

static int add_delegator(Verified *verified, const char *delegator, Error *error)
{
	char **grown = reallocarray(verified->delegators, verified->n_delegators + 1, sizeof(*grown));

	if (!grown)
		return error_memory(error);
	verified->delegators = grown;
	if (text_copy(delegator, &grown[verified->n_delegators], error) < 0)
		return -1;
	verified->n_delegators++;
	return 0;
}

static int add_verified(
	TrustedSet *set, Targets **targets, const char *role, const char *delegator, Error *error)
{
	Verified *grown = reallocarray(set->verified, set->n_verified + 1, sizeof(*grown));
	Verified verified = {.role = NULL};

	if (!grown)
		return error_memory(error);
	set->verified = grown;
	if (text_copy(role, &verified.role, error) < 0 || add_delegator(&verified, delegator, error) < 0) {
		verified_clear(&verified);
		return -1;
	}
	verified.targets = TAKE_PTR(*targets);
	set->verified[set->n_verified++] = verified;
	return 0;
}

/* Section 5.6, for top-level and delegated targets. */
int trusted_set_update_targets(
	TrustedSet *set, Bytes targets, const char *role, const char *delegator, Error *error)
{
	CLEANUP(targets_free) Targets *next = NULL;
	MetaFile expected;

	if (find(set, role))
		return wrong_order(role, error);
	if (trusted_set_expect_targets(set, role, &expected, error) != 0 ||
		meta_file_check(&expected, targets, role, error) < 0 ||
		targets_parse(targets, role, &next, error) < 0 ||
		verify_for(set, next, role, delegator, error) < 0)
		return -1;
	if (next->metadata.version != expected.version)
		return error_set(error, "%s metadata has version %lld where the snapshot names version %lld",
			role, (long long)next->metadata.version, (long long)expected.version);
	if (metadata_check_expiry(&next->metadata, role, set->now, error) != 0)
		return -1;
	return add_verified(set, &next, role, delegator, error);
}

int trusted_set_verify_targets(TrustedSet *set, const char *role, const char *delegator, Error *error)
{
	Verified *verified = find(set, role);

	if (!verified)
		return wrong_order(role, error);
	for (size_t i = 0; i < verified->n_delegators; i++)
		if (strcmp(verified->delegators[i], delegator) == 0)
			return 0;
	if (verify_for(set, verified->targets, role, delegator, error) < 0)
		return -1;
	return add_delegator(verified, delegator, error);
}

const Root *trusted_set_root(const TrustedSet *set)
{
	return set->root;
}

const Timestamp *trusted_set_timestamp(const TrustedSet *set)
{
	return set->timestamp;
}

const Snapshot *trusted_set_snapshot(const TrustedSet *set)
{
	return set->snapshot;
}

const Targets *trusted_set_targets(const TrustedSet *set, const char *role)
{
	const Verified *verified = find(set, role);

	return verified ? verified->targets : NULL;
}
