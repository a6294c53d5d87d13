# SPDX-License-Identifier: LGPL-2.1-or-later
"""Timestamp, snapshot and top-level targets: sections 5.1, 5.4, 5.5 and 5.6.1 to 5.6.6 of the TUF specification."""
import hashlib
import json

import pytest

from tuf_client import AGAIN, FIRST, client, make_client, repository  # noqa: F401 (fixtures)
from tuf_repository import PAST, Key, Repository

ONLINE = ("timestamp", "snapshot", "targets")
BEFORE = {"timestamp": [], "snapshot": ["timestamp"], "targets": ["timestamp", "snapshot"]}


def versions(*roles, version=2):
    return {"root": 1, **{role: version for role in roles}}


@pytest.mark.parametrize("role", ONLINE)
def test_a_role_that_is_not_signed_by_its_threshold_is_refused(client, repository, role):
    repository.set_keys(role, [Key(), Key(), Key()], 2)
    repository.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    repository.keys[role] = [repository.keys[role][1]]
    repository.publish_targets()
    client.must_refuse(f"{role} metadata is signed by 1 of the 2 keys needed")
    new = {name for name, version in client.trusted().items() if version == 3}
    assert new == set(BEFORE[role])


@pytest.mark.parametrize("role", ONLINE)
@pytest.mark.parametrize("signer", ["nobody", "a foreign key", "a foreign key under the right id", "another role's key"])
def test_a_role_that_others_signed_is_refused_at_first_contact(client, repository, role, signer):
    right = repository.keys[role][0]
    other = repository.keys["root"][0] if signer == "another role's key" else Key()
    if signer == "nobody":
        repository.keys[role] = []
    elif signer == "a foreign key under the right id":
        other.object = right.object
        repository.keys[role] = [other]
    else:
        repository.keys[role] = [other]
    for name in reversed(ONLINE):
        repository.put(name, {"signatures": [], "signed": repository.roles[name]} if not repository.keys[name] else None)
    client.must_refuse(f"{role} metadata is signed by 0 of the 1 keys needed")
    assert client.trusted() == versions(*BEFORE[role], version=1)


@pytest.mark.parametrize("role", ONLINE)
def test_expired_metadata_is_refused_and_not_stored(client, repository, role):
    assert client.refresh() == 0
    repository.roles[role]["expires"] = PAST
    repository.publish_targets()
    client.must_refuse(f"{role} metadata expired on {PAST}")
    assert {name for name, version in client.trusted().items() if version == 2} == set(BEFORE[role])


@pytest.mark.parametrize("role", ONLINE)
def test_stored_metadata_that_has_expired_since_is_not_good_any_more(client, repository, role):
    """Nothing new on the server: a freeze."""
    repository.roles[role]["expires"] = "2030-01-01T00:00:00Z"
    for name in reversed(ONLINE):
        repository.put(name)
    assert client.refresh(at="2029-12-01 00:00:00") == 0
    assert client.refresh(at="2030-01-02 00:00:00") == 1
    client.must_say(f"{role} metadata expired")
    assert client.refresh(at="2029-12-01 00:00:00") == 0


@pytest.mark.parametrize("role", ONLINE)
def test_metadata_of_another_type_is_refused(client, repository, role):
    """Right in all else, its signatures included."""
    repository.roles[role]["_type"] = "root"
    repository.publish_targets()
    client.must_refuse(f"{role} metadata: _type is \"root\"")
    assert client.trusted() == versions(*BEFORE[role])


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_a_role_of_another_version_than_its_parent_says_is_refused(client, repository, role):
    repository.publish_targets()
    repository.roles[role]["version"] = 3
    repository.put(role, name=f"metadata/2.{role}.json", mention=False)
    client.must_refuse(f"{role} metadata has version 3 where the")
    assert client.requests[-1] == f"2.{role}.json"
    assert client.trusted() == versions(*BEFORE[role])


@pytest.mark.parametrize("role", ["snapshot", "targets"])
@pytest.mark.parametrize("what", ["hashes", "length"])
def test_a_role_that_is_not_the_file_its_parent_names_is_refused(make_client, role, what):
    repository = Repository(hashed=True)
    client = make_client(repository)
    assert client.refresh() == 0
    repository.publish("targets")
    if role == "targets":
        entry = repository.roles["snapshot"]["meta"]["targets.json"]
    repository.publish("snapshot")
    if role == "snapshot":
        entry = repository.roles["timestamp"]["meta"]["snapshot.json"]
    if what == "hashes":
        entry["hashes"]["sha256"] = "46" * 32
    else:
        entry["length"] += 1
    if role == "targets":
        repository.put("snapshot")
    repository.publish("timestamp")
    client.must_refuse(f"{role} metadata is not the file that was signed for")
    assert {name for name, version in client.trusted().items() if version == 2} == set(BEFORE[role])


@pytest.mark.parametrize("hashed", [False, True])
def test_hashes_and_lengths_in_the_parents_are_optional(make_client, hashed):
    client = make_client(Repository(hashed=hashed))
    assert client.refresh() == 0
    assert client.requests == FIRST


@pytest.mark.parametrize("algorithm, good", [("sha256", True), ("sha384", True), ("sha512", True), ("blake9", False)])
def test_metadata_is_checked_by_every_known_hash_and_refused_with_none(make_client, algorithm, good):
    repository = Repository(hashed=True)
    digest = hashlib.new(algorithm if good else "sha256", repository.files["metadata/1.snapshot.json"]).hexdigest()
    repository.roles["timestamp"]["meta"]["snapshot.json"]["hashes"] = {algorithm: digest}
    repository.put("timestamp")
    client = make_client(repository)
    assert client.refresh() == (0 if good else 1)
    if not good:
        client.must_say("no hash of a known algorithm")


def test_a_timestamp_of_a_lower_version_is_a_rollback(client, repository):
    repository.publish("timestamp")
    assert client.refresh() == 0
    repository.roles["timestamp"]["version"] = 1
    repository.put("timestamp")
    client.must_refuse("timestamp metadata is older (version 1)")
    assert client.trusted()["timestamp"] == 2
    assert client.requests == AGAIN


def test_a_timestamp_of_the_same_version_changes_nothing_and_is_no_error(client, repository):
    assert client.refresh() == 0
    repository.roles["timestamp"]["meta"]["snapshot.json"]["version"] = 100
    before = (client.metadata / "timestamp.json").read_bytes()
    repository.put("timestamp")
    assert client.refresh() == 0
    assert client.requests == AGAIN
    assert (client.metadata / "timestamp.json").read_bytes() == before


@pytest.mark.parametrize("hashed", [False, True])
def test_a_timestamp_that_names_a_lower_snapshot_is_a_rollback(make_client, hashed):
    repository = Repository(hashed=hashed)
    client = make_client(repository)
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 0
    repository.roles["snapshot"]["version"] = 1
    repository.put("snapshot")
    repository.publish("timestamp")
    client.must_refuse("timestamp metadata names an older snapshot (version 1)")
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}
    assert client.requests == AGAIN


@pytest.mark.parametrize("hashed", [False, True])
def test_a_snapshot_that_names_lower_targets_is_a_rollback(make_client, hashed):
    repository = Repository(hashed=hashed)
    client = make_client(repository)
    repository.publish_targets()
    assert client.refresh() == 0
    repository.roles["targets"]["version"] = 1
    repository.put("targets")
    repository.publish("snapshot", "timestamp")
    client.must_refuse("snapshot metadata lists an older targets.json (version 1)")
    assert client.trusted() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}
    assert client.requests == [*AGAIN, "3.snapshot.json"]


def test_a_snapshot_that_names_a_lower_delegated_role_is_a_rollback(client, repository):
    repository.delegate("targets", "team")
    repository.publish_targets("team")
    repository.publish_targets("team")
    assert client.refresh() == 0
    repository.roles["team"]["version"] = 1
    repository.put("team")
    repository.publish("snapshot", "timestamp")
    client.must_refuse("snapshot metadata lists an older team.json (version 1)")


def test_a_snapshot_that_no_longer_lists_a_role_is_a_rollback(client, repository):
    repository.delegate("targets", "team")
    repository.publish_targets("team")
    assert client.refresh() == 0
    del repository.roles["snapshot"]["meta"]["team.json"]
    repository.publish("snapshot", "timestamp")
    client.must_refuse("snapshot metadata no longer lists team.json")


def test_the_snapshot_before_counts_although_the_timestamp_of_between_was_stored(client, repository):
    """The new snapshot failed once; what the old one knew still holds."""
    repository.publish_targets()
    assert client.refresh() == 0
    repository.publish("snapshot", "timestamp")
    del repository.files["metadata/3.snapshot.json"]
    client.must_refuse("the server has no 3.snapshot.json")
    repository.roles["targets"]["version"] = 1
    repository.put("targets")
    repository.publish("snapshot", "timestamp")
    client.must_refuse("older targets.json")


@pytest.mark.parametrize("role, request_name", [("timestamp", "timestamp.json"), ("snapshot", "2.snapshot.json"),
                                                ("targets", "2.targets.json")])
def test_a_role_that_the_server_lacks_ends_the_refresh(client, repository, role, request_name):
    assert client.refresh() == 0
    repository.publish_targets()
    del repository.files[f"metadata/{request_name}"]
    client.must_refuse(f"the server has no {request_name}")
    assert client.requests[-1] == request_name
    assert {name for name, version in client.trusted().items() if version == 2} == set(BEFORE[role])


def test_targets_that_the_snapshot_does_not_list_are_not_asked_for(client, repository):
    assert client.refresh() == 0
    repository.publish("targets")
    del repository.roles["snapshot"]["meta"]["targets.json"]
    repository.roles["snapshot"]["version"] = 1
    repository.put("snapshot")
    client.init()
    (client.metadata / "snapshot.json").unlink()
    client.must_refuse("does not list targets metadata")
    assert client.requests == ["2.root.json", "timestamp.json", "1.snapshot.json"]


def test_newer_targets_that_no_snapshot_names_are_not_asked_for(client, repository):
    assert client.refresh() == 0
    repository.publish("targets")
    assert client.refresh() == 0
    assert client.requests == AGAIN


@pytest.mark.parametrize("name", ["timestamp", "snapshot", "targets"])
def test_a_damaged_stored_file_is_as_good_as_none(client, repository, name):
    assert client.refresh() == 0
    path = client.metadata / f"{name}.json"
    for damage in (b"", b"{}", path.read_bytes()[:-20], path.read_bytes().replace(b'"version": 1', b'"version": 9')):
        path.write_bytes(damage)
        assert client.refresh() == 0
        assert client.trusted()[name] == 1


def test_the_time_is_fixed_for_the_whole_update(client, repository, directory):
    """Midnight passes between two requests, and with it the role's last second."""
    clock = directory / "clock"
    clock.write_text("2029-12-31 12:00:00")
    repository.roles["targets"]["expires"] = "2030-01-01T00:00:00Z"
    for role in reversed(ONLINE):
        repository.put(role)

    def at_midnight(body):
        clock.write_text("2030-01-01 12:00:00")
        return body

    client.server.alter("timestamp", at_midnight)
    wrapper = ["env", "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1", f"FAKETIME_TIMESTAMP_FILE={clock}",
               "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
    assert client.refresh(wrapper=wrapper) == 0, client.error
    assert client.refresh(wrapper=wrapper) == 1
    client.must_say("targets metadata expired")


@pytest.mark.parametrize("role", ["root", *ONLINE])
@pytest.mark.parametrize("change", ["version", "expires", "spec_version", "_type"])
def test_metadata_without_one_of_the_common_fields_is_refused(client, repository, role, change):
    if role == "root":
        repository.roles["root"]["version"] = 2
    signed = repository.roles[role]
    name = repository.file_name(role)
    del signed[change]
    repository.put(role, name=name, mention=False)
    client.must_refuse(f"{role} metadata: field \"{change}\" is missing")
    assert role not in client.trusted() or client.trusted()["root"] == 1
    assert json.loads((client.metadata / "root.json").read_text())["signed"]["version"] == 1


@pytest.mark.parametrize("version, good", [("1.0", True), ("1.0.99", True), ("1.9.1", True), ("2.0.0", False), ("1", False),
                                           ("0.9", False), ("1.0.x", False), ("", False)])
def test_metadata_of_another_major_version_of_the_specification_is_refused(client, repository, version, good):
    repository.roles["timestamp"]["spec_version"] = version
    repository.put("timestamp")
    assert client.refresh() == (0 if good else 1)
