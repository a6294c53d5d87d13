# SPDX-License-Identifier: LGPL-2.1-or-later
"""The root chain: section 5.2 and 5.3 of the TUF specification, statement by statement."""
import json

import pytest

from tuf_client import client, make_client, repository  # noqa: F401 (fixtures)
from tuf_repository import PAST, Key, Repository


def test_an_expired_first_root_is_where_a_chain_may_begin(make_client):
    repository = Repository()
    good = repository.roles["root"]["expires"]
    repository.roles["root"]["expires"] = PAST
    repository.put("root")
    client = make_client(repository)
    client.must_refuse("root metadata expired")
    repository.roles["root"]["expires"] = good
    repository.publish("root")
    assert client.refresh() == 0


def test_every_root_on_the_way_is_asked_for_and_the_last_one_kept(client, repository):
    for _ in range(3):
        repository.publish("root")
    assert client.refresh() == 0
    assert client.requests[:4] == ["2.root.json", "3.root.json", "4.root.json", "5.root.json"]
    assert client.trusted()["root"] == 4
    assert client.refresh() == 0
    assert client.requests == ["5.root.json", "timestamp.json"]


def test_a_root_is_asked_for_only_behind_the_one_that_is_trusted(client, repository):
    repository.publish("root")
    repository.publish("root")
    client.init(repository.files["metadata/3.root.json"])
    assert client.refresh() == 0
    assert client.requests[0] == "4.root.json"


def test_a_gap_ends_the_chain(client, repository):
    repository.publish("root")
    repository.publish("root")
    del repository.files["metadata/2.root.json"]
    assert client.refresh() == 0
    assert client.trusted()["root"] == 1


def test_after_256_roots_a_refresh_goes_on_and_the_next_one_continues_the_chain(client, repository):
    for _ in range(260):
        repository.publish("root")
    assert client.refresh() == 0
    assert client.requests[255:] == ["257.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    assert client.trusted()["root"] == 257
    assert client.refresh() == 0
    assert client.requests == [f"{number}.root.json" for number in range(258, 263)] + ["timestamp.json"]


def rotate(repository, keys, threshold, signers):
    repository.roles["root"]["version"] += 1
    repository.set_keys("root", keys, threshold, signers)
    repository.put("root")


K = [Key() for _ in range(6)]
ROTATIONS = {
    # who may sign and how many must; who does: of the first root, and of each that follows. Is the last one good?
    "one key replaced, signed by both": ([K[0]], 1, [K[0]], [([K[1]], 1, [K[1], K[0]])], True),
    "replaced, then by the new one alone": ([K[0]], 1, [K[0]], [([K[1]], 1, [K[0], K[1]]), ([K[1]], 1, [K[1]])], True),
    "not signed by the old key": ([K[0]], 1, [K[0]], [([K[1]], 1, [K[1], K[2]])], False),
    "not signed by the new key": ([K[0]], 1, [K[0]], [([K[1]], 1, [K[0], K[2]])], False),
    "foreign signatures besides": ([K[0]], 1, [K[3], K[0]], [([K[0]], 1, [K[4], K[0], K[5]])], True),
    "another three of five": (K[:5], 3, K[:3], [(K[:5], 3, K[2:5])], True),
    "two of five where three must": (K[:5], 3, K[:3], [(K[:5], 3, K[1:3])], False),
    "three, but only two of the old": (K[:5], 3, K[:3], [([*K[:4], K[5]], 3, [K[0], K[1], K[5]])], False),
    "three, but only two of the new": (K[:5], 3, K[:3], [([*K[:2], K[5]], 3, [K[0], K[1], K[4]])], False),
    "more must sign from now on": (K[:3], 1, K[:1], [(K[:3], 2, K[:2])], True),
    "more must sign, and do not": (K[:3], 1, K[:1], [(K[:3], 2, K[1:2])], False),
    "fewer must sign from now on": (K[:3], 2, K[:2], [(K[:3], 1, K[:2]), (K[:3], 1, K[2:3])], True),
    "fewer must sign, the old ones did not": (K[:3], 2, K[:2], [(K[:3], 1, K[:1])], False),
}


@pytest.mark.parametrize("case", ROTATIONS)
def test_a_new_root_needs_the_threshold_of_the_old_and_of_itself(make_client, case):
    keys, threshold, signers, steps, good = ROTATIONS[case]
    repository = Repository()
    repository.set_keys("root", keys, threshold, signers)
    repository.put("root")
    client = make_client(repository)
    for step in steps:
        rotate(repository, *step)
    assert client.refresh() == (0 if good else 1)
    assert client.trusted()["root"] == 1 + len(steps) - (0 if good else 1)
    if not good:
        client.must_say("root metadata is signed by", "keys needed")
        assert client.requests == [f"{number}.root.json" for number in range(2, 2 + len(steps))]


@pytest.mark.parametrize("version", [1, 3])
def test_a_root_of_another_version_than_its_name_is_refused(client, repository, version):
    repository.roles["root"]["version"] = version
    repository.put("root", name="metadata/2.root.json")
    client.must_refuse(f"root metadata has version {version} where the one after 1 belongs")
    assert client.trusted() == {"root": 1}
    assert client.requests == ["2.root.json"]


def test_an_expired_root_on_the_way_does_no_harm(client, repository):
    good = repository.roles["root"]["expires"]
    repository.roles["root"]["expires"] = PAST
    repository.publish("root")
    repository.roles["root"]["expires"] = good
    repository.publish("root")
    assert client.refresh() == 0
    assert client.trusted()["root"] == 3


def test_an_expired_last_root_is_stored_and_ends_the_refresh(client, repository):
    assert client.refresh() == 0
    repository.roles["root"]["expires"] = PAST
    repository.publish("root")
    repository.publish_targets()
    client.must_refuse("root metadata expired")
    assert client.requests == ["2.root.json", "3.root.json"]
    assert client.trusted() == {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_each_root_is_stored_before_the_next_is_asked_for(client, repository):
    repository.publish("root")
    repository.publish("root")
    repository.files["metadata/3.root.json"] = b"{}"
    client.must_refuse("root metadata")
    assert client.trusted()["root"] == 2


def seen(client, repository, role, version):
    repository.roles[role]["version"] = version
    for name in ("targets", "snapshot", "timestamp"):
        repository.put(name)
    assert client.refresh() == 0
    assert client.trusted()[role] == version


@pytest.mark.parametrize("role, replaced", [("timestamp", ["timestamp"]), ("snapshot", ["timestamp", "snapshot"]),
                                            ("targets", ["snapshot"]), ("targets", ["timestamp", "snapshot"])])
def test_new_timestamp_and_snapshot_keys_make_versions_count_anew(client, repository, role, replaced):
    """Recovery from a fast-forward attack."""
    seen(client, repository, role, 2 ** 40)
    repository.roles[role]["version"] = 2
    for name in replaced:
        repository.set_keys(name, [Key()])
    repository.publish("root")
    for name in ("targets", "snapshot", "timestamp"):
        if name != role:
            repository.roles[name]["version"] += 1
        repository.put(name)
    assert client.refresh() == 0, client.error
    assert client.trusted()[role] == 2


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_without_new_keys_versions_that_were_seen_count(client, repository, role):
    seen(client, repository, role, 2 ** 40)
    repository.roles[role]["version"] = 2
    repository.publish("root")
    for name in ("targets", "snapshot", "timestamp"):
        if name != role:
            repository.roles[name]["version"] += 1
        repository.put(name)
    client.must_refuse("older")
    assert client.trusted()[role] == 2 ** 40


@pytest.mark.parametrize("role, kept", [("timestamp", {}), ("snapshot", {"timestamp": 2}),
                                        ("targets", {"timestamp": 2, "snapshot": 2})])
def test_a_role_whose_key_was_revoked_must_be_signed_anew(client, repository, role, kept):
    """What the revoked key signed is not valid any more, from the cache either."""
    assert client.refresh() == 0
    old = repository.keys[role]
    repository.set_keys(role, [Key()], signers=old)
    repository.publish("root", "targets", "snapshot", "timestamp")
    client.must_refuse(f"{role} metadata is signed by 0 of the 1 keys needed")
    assert {name: version for name, version in client.trusted().items() if version == 2} == {"root": 2, **kept}


def test_unknown_fields_of_a_root_are_part_of_what_is_signed(client, repository):
    root = repository.roles["root"]
    key = Key(**{"x-owner": "somebody", "x-list": [1, {"a": None}]})
    repository.set_keys("root", [repository.keys["root"][0], key], 2)
    root["x-field"] = {"deep": ["äöü \u2028", 12345678901, True]}
    root["roles"]["root"]["x-more"] = "more"
    repository.publish("root")
    assert client.refresh() == 0
    assert client.trusted()["root"] == 2
    document = repository.document("root")
    document["signed"]["version"] = 3
    document["signed"]["x-field"]["deep"].append("what nobody signed")
    repository.files["metadata/3.root.json"] = json.dumps(document).encode()
    client.must_refuse("root metadata is signed by 0 of the 2 keys needed")
    assert client.requests == ["3.root.json"]
    assert client.trusted() == {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 1}
