# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command that conformance tests drive: its exit codes, its files, and what it asks for, in which order."""
import json
import os
import re

import pytest

from conftest import BUILD, run
from tuf_client import AGAIN, FIRST, PROGRAM, client, make_client, repository  # noqa: F401 (fixtures)
from tuf_repository import FUTURE, Repository


def test_init_keeps_the_given_root_byte_for_byte_and_asks_for_nothing(client, repository):
    assert (client.metadata / "root.json").read_bytes() == repository.files["metadata/1.root.json"]
    assert client.trusted() == {"root": 1}


@pytest.mark.parametrize("damage", ["not JSON", "no version", "a wrong signature", "no signature", "another type"])
def test_a_bad_first_root_makes_the_refresh_fail_without_a_request(client, repository, damage):
    document = json.loads(repository.files["metadata/1.root.json"])
    if damage == "no version":
        del document["signed"]["version"]
    if damage == "a wrong signature":
        document["signatures"][0]["sig"] = "00" * 64
    if damage == "no signature":
        document["signatures"] = []
    if damage == "another type":
        document["signed"]["_type"] = "targets"
    client.init(b"text" if damage == "not JSON" else json.dumps(document).encode())
    assert client.refresh() == 1
    assert client.requests == []


def test_a_first_refresh_asks_for_each_role_once(client):
    assert client.refresh() == 0
    assert client.requests == FIRST
    assert client.trusted() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_a_second_refresh_asks_only_whether_something_changed(client):
    assert client.refresh() == 0
    assert client.refresh() == 0
    assert client.requests == AGAIN


def test_only_what_changed_is_asked_for(client, repository):
    client.refresh()
    repository.publish("timestamp")
    assert client.refresh() == 0
    assert client.requests == AGAIN
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.requests == [*AGAIN, "2.snapshot.json"]
    repository.publish_targets()
    assert client.refresh() == 0
    assert client.requests == [*AGAIN, "3.snapshot.json", "2.targets.json"]
    repository.publish("root")
    assert client.refresh() == 0
    assert client.requests == ["2.root.json", "3.root.json", "timestamp.json"]


def test_without_consistent_snapshots_no_name_but_roots_has_a_version(make_client):
    repository = Repository(consistent=False)
    client = make_client(repository)
    repository.add_target("dir/file")
    repository.delegate("targets", "team", scope={"paths": ["dir/*"]})
    repository.publish_targets("team")
    assert client.download("dir/file") == 0
    assert client.requests == ["2.root.json", "timestamp.json", "snapshot.json", "targets.json", "targets/dir/file"]
    assert client.download("dir/other") == 1
    assert client.requests == [*AGAIN, "team.json"]


def test_a_root_that_does_not_speak_of_consistent_snapshots_has_none(make_client):
    repository = Repository(consistent=False)
    del repository.roles["root"]["consistent_snapshot"]
    text = json.dumps(repository.document("root")).encode()
    repository.roles["root"]["consistent_snapshot"] = False
    client = make_client(repository)
    client.init(text)
    assert client.refresh() == 0
    assert client.requests == ["2.root.json", "timestamp.json", "snapshot.json", "targets.json"]


def test_consistent_snapshots_can_be_turned_on_by_a_new_root(make_client):
    repository = Repository(consistent=False)
    client = make_client(repository)
    assert client.refresh() == 0
    repository.roles["root"]["consistent_snapshot"] = True
    repository.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.requests == ["2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"]


def test_what_was_verified_before_a_failure_is_kept(client, repository):
    repository.publish("root")
    repository.publish_targets()
    del repository.files["metadata/2.targets.json"]
    assert client.refresh() == 1
    assert client.trusted() == {"root": 2, "timestamp": 2, "snapshot": 2}


def test_the_bytes_that_came_are_stored_and_not_another_writing(client, repository):
    repository.files["metadata/timestamp.json"] += b" \n "
    assert client.refresh() == 0
    assert (client.metadata / "timestamp.json").read_bytes() == repository.files["metadata/timestamp.json"]


def test_nothing_but_trusted_metadata_is_in_its_directory(client, repository):
    repository.delegate("targets", "a/../b")
    repository.publish_targets("a/../b")
    assert client.download("none") == 1
    assert sorted(path.name for path in client.metadata.iterdir()) == [
        "a%2F..%2Fb.json", "root.json", "snapshot.json", "targets.json", "timestamp.json"]


def test_every_mistake_on_the_command_line_exits_with_1(client):
    url, place = client.server.url + "/", client.metadata
    for words in ([], ["refresh"], ["--metadata-dir", place, "refresh"], ["--metadata-dir", place, "init"],
                  ["--metadata-dir", place, "--metadata-url", url, "download"], ["--none"], ["--metadata-dir"],
                  ["--metadata-dir", place, "--metadata-url", url, "upload"], ["--metadata-dir", place, "init", "/none"]):
        assert client.run(*words) == 1, words
        assert client.requests == []


def test_a_url_without_a_slash_at_its_end_works_too(client):
    assert client.run("--metadata-url", client.server.url + "/metadata", "--metadata-dir", client.metadata, "refresh") == 0
    assert client.requests == FIRST


@pytest.mark.parametrize("at, code", [("2029-12-31 12:00:00", 0), ("2030-01-01 00:00:00", 1)])
def test_the_time_is_the_c_librarys(client, repository, at, code):
    repository.roles["timestamp"]["expires"] = "2030-01-01T00:00:00Z"
    repository.put("timestamp")
    assert client.refresh(at=at) == code


def test_it_is_linked_like_the_other_programs_and_installed_nowhere():
    needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", PROGRAM).stdout)
    assert {"libcrypto.so.3", "libc.so.6"} <= set(needed)
    installed = json.loads(run("meson", "introspect", "--installed", BUILD).stdout)
    assert installed and not [path for path in installed if "tuf-client" in path]
    assert os.access(PROGRAM, os.X_OK)


def test_an_expired_local_timestamp_and_snapshot_can_be_updated(client, repository):
    """Kept for rollback checks, and no obstacle."""
    repository.roles["timestamp"]["expires"] = repository.roles["snapshot"]["expires"] = "2030-01-08T00:00:00Z"
    repository.publish("snapshot", "timestamp")
    assert client.refresh(at="2030-01-01 00:00:00") == 0
    repository.roles["timestamp"]["expires"] = repository.roles["snapshot"]["expires"] = FUTURE
    repository.publish_targets()
    assert client.refresh(at="2030-01-18 00:00:00") == 0
    assert client.trusted() == {"root": 1, "timestamp": 3, "snapshot": 3, "targets": 2}


def test_expired_local_files_still_tell_what_was_seen(client, repository):
    repository.roles["timestamp"].update(expires="2030-01-08T00:00:00Z", version=5)
    repository.put("timestamp")
    assert client.refresh(at="2030-01-01 00:00:00") == 0
    repository.roles["timestamp"].update(expires=FUTURE, version=4)
    repository.put("timestamp")
    assert client.refresh(at="2030-01-18 00:00:00") == 1
    client.must_say("timestamp metadata is older (version 4)")
