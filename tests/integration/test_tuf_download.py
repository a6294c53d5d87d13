# SPDX-License-Identifier: LGPL-2.1-or-later
"""Targets: section 5.7 of the TUF specification."""
import hashlib
import json
import os
import urllib.parse

import pytest

from mirror import DAMAGES, Answer
from tuf_client import AGAIN, FIRST, client, make_client, repository  # noqa: F401 (fixtures)
from tuf_repository import Repository, sha256


@pytest.fixture
def offered(repository):
    repository.add_target("dir/file", b"good")
    repository.add_target("other", b"another")
    repository.publish_targets()
    return repository


def test_a_target_is_asked_for_by_its_digest_and_stored_under_its_own_name(client, offered):
    assert client.download("dir/file") == 0
    assert client.requests == [FIRST[0], FIRST[1], "2.snapshot.json", "2.targets.json",
                               f"targets/dir/{sha256(b'good')}.file"]
    assert client.files() == {"dir%2Ffile": b"good"}


def test_a_download_without_a_refresh_before_refreshes_first(client):
    assert client.download("none") == 1
    assert client.requests == FIRST
    assert client.trusted() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}
    client.must_say('the repository has no target "none"')


def test_a_download_fails_when_the_refresh_does(client, offered):
    assert client.download("dir/file") == 0
    offered.files["metadata/timestamp.json"] = b"{}"
    assert client.download("other") == 1
    assert client.requests == AGAIN
    assert list(client.files()) == ["dir%2Ffile"]


def test_several_targets_are_taken_in_order_by_one_update(client, offered):
    assert client.download("other", "dir/file", "other") == 0
    assert client.requests[4:] == [f"targets/{sha256(b'another')}.other", f"targets/dir/{sha256(b'good')}.file"]


def test_the_first_failure_ends_it_and_what_came_before_stays(client, offered):
    assert client.download("other", "none", "dir/file") == 1
    assert list(client.files()) == ["other"]


def test_a_target_that_is_there_is_not_asked_for_again(client, offered):
    assert client.download("dir/file") == 0
    assert client.download("dir/file") == 0
    assert client.requests == AGAIN


def test_a_target_that_was_changed_here_is_asked_for_again(client, offered):
    assert client.download("dir/file") == 0
    (client.targets / "dir%2Ffile").write_bytes(b"evil")
    assert client.download("dir/file") == 0
    assert client.files() == {"dir%2Ffile": b"good"}


def test_a_new_version_of_a_target_replaces_the_old_one_under_the_same_name(client, offered):
    assert client.download("dir/file") == 0
    for number in range(3):
        body = f"version {number}".encode()
        offered.add_target("dir/file", body)
        offered.publish_targets()
        assert client.download("dir/file") == 0
        assert client.files() == {"dir%2Ffile": body}


@pytest.mark.parametrize("damage", [*DAMAGES, "an endless file", "a file of another length", "no file", "an error", "cut off"])
def test_a_target_that_is_not_what_was_signed_is_not_stored_and_the_old_one_stays(client, offered, damage):
    body = b"a new version that is a good deal longer than the one before it" * 100
    assert client.download("dir/file") == 0
    offered.add_target("dir/file", body)
    offered.publish_targets()
    answers = {"an endless file": lambda old: Answer(body=(b"x" * 10000 for _ in range(100000))),
               "a file of another length": lambda old: old * 2, "no file": lambda old: None,
               "an error": lambda old: Answer(500, body=b"sorry"),
               "cut off": lambda old: Answer(body=old[:100], announced=len(old))}
    client.server.alter("file", DAMAGES.get(damage) or answers[damage])
    assert client.download("dir/file") == 1
    assert client.files() == {"dir%2Ffile": b"good"}
    assert client.server.sent < 8_000_000
    client.server.be_honest()
    assert client.download("dir/file") == 0
    assert client.files() == {"dir%2Ffile": body}


@pytest.mark.parametrize("consistent", [True, False])
@pytest.mark.parametrize("algorithms", [["sha256"], ["sha512"], ["sha384"], ["sha256", "sha512"]])
def test_every_known_hash_will_do_and_each_that_is_listed_is_checked(make_client, algorithms, consistent):
    repository = Repository(consistent)
    client = make_client(repository)
    repository.add_target("file", b"good", algorithms=algorithms)
    repository.publish_targets()
    assert client.download("file") == 0
    name = f"{hashlib.new(algorithms[0], b'good').hexdigest()}.file" if consistent else "file"
    assert client.requests[-1] == f"targets/{name}"
    for algorithm in algorithms:
        digests = repository.roles["targets"]["targets"]["file"]["hashes"]
        right, digests[algorithm] = digests[algorithm], hashlib.new(algorithm, b"evil").hexdigest()
        for data in digests.values():
            repository.files[repository.target_url("file", data)] = b"good"
        repository.publish_targets()
        (client.targets / "file").unlink(missing_ok=True)
        assert client.download("file") == 1
        client.must_say(f"its {algorithm} differs")
        digests[algorithm] = right


def test_a_target_of_unknown_hashes_alone_is_refused(client, repository):
    repository.add_target("file", b"good")
    digests = repository.roles["targets"]["targets"]["file"]["hashes"]
    digests["blake9"] = digests.pop("sha256")
    repository.publish_targets()
    assert client.download("file") == 1
    client.must_say("no hash of a known algorithm")
    assert client.files() == {}


def test_unknown_hashes_and_custom_fields_besides_do_no_harm(client, repository):
    repository.add_target("file", b"good")
    entry = repository.roles["targets"]["targets"]["file"]
    entry["hashes"]["blake9"] = "00"
    entry["custom"] = {"anything": [1, None]}
    repository.publish_targets()
    assert client.download("file") == 0


@pytest.mark.parametrize("field", ["length", "hashes"])
def test_targets_metadata_without_length_or_hashes_is_refused(client, repository, field):
    repository.add_target("file", b"good")
    del repository.roles["targets"]["targets"]["file"][field]
    repository.publish_targets()
    client.must_refuse(f"targets metadata: target file: field \"{field}\" is missing")


def test_an_empty_target_is_a_target(client, repository):
    repository.add_target("file", b"")
    repository.publish_targets()
    assert client.download("file") == 0
    assert client.files() == {"file": b""}


GOOD_PATHS = ["a b", "a?b", "a#b", "a%2Fb", "ünïcode/\u65e5\u672c", "a+b", "a:b@c", ".hidden", "a/.b", "a\\b", "-x", "a;b&c=d", "~",
              "x" * 220, "d/" * 100 + "file", "...", "a" * 60 + "/" + "b" * 200]


@pytest.mark.parametrize("path", GOOD_PATHS)
def test_odd_target_paths_are_percent_encoded_and_have_one_name(client, repository, directory, path):
    repository.add_target(path, b"first")
    repository.publish_targets()
    before = set(directory.rglob("*"))
    assert client.download(path) == 0, client.error
    head, slash, base = path.rpartition("/")
    quoted = "/".join(urllib.parse.quote(part, safe="") for part in head.split("/")) + slash
    assert client.requests[-1] == f"targets/{quoted}{sha256(b'first')}.{urllib.parse.quote(base, safe='')}"
    name, = client.files()
    assert name == (urllib.parse.quote(path, safe="") if len(urllib.parse.quote(path, safe="")) <= 200 else
                    sha256(path.encode()))
    repository.add_target(path, b"second")
    repository.publish_targets()
    assert client.download(path) == 0
    assert client.files() == {name: b"second"}
    assert set(directory.rglob("*")) - before == {client.targets / name, *client.metadata.iterdir()} - before


@pytest.mark.parametrize("path", ["../file", "/etc/passwd", "a/../../b", "a//b", "a/", ".", "..", "", "a\nb", "a/./b"])
def test_a_path_that_could_leave_its_directory_is_not_downloaded(client, repository, directory, path):
    repository.add_target(path, b"evil")
    repository.publish_targets()
    before = set(directory.rglob("*")) | {client.metadata / f"{role}.json" for role in ("timestamp", "snapshot", "targets")}
    assert client.download(path) == 1
    assert client.requests[4:] == []
    assert set(directory.rglob("*")) == before


def test_a_symlink_in_the_place_of_a_target_is_replaced_and_not_followed(client, offered, directory):
    (directory / "victim").write_bytes(b"precious")
    (client.targets / "dir%2Ffile").symlink_to(directory / "victim")
    (client.targets / ".suture-tuf-client.part").symlink_to(directory / "victim")
    assert client.download("dir/file") == 0
    assert client.files() == {"dir%2Ffile": b"good"}
    assert not os.path.islink(client.targets / "dir%2Ffile")
    assert (directory / "victim").read_bytes() == b"precious"


def test_one_mirrors_old_files_do_not_become_new_ones(client, offered):
    """The right path and the wrong digest: the file of before, at the address of the new one."""
    offered.add_target("dir/file", b"newr")
    offered.publish_targets()
    offered.files[offered.target_url("dir/file", sha256(b"newr"))] = b"good"
    assert client.download("dir/file") == 1
    assert json.loads((client.metadata / "targets.json").read_text())["signed"]["version"] == 3
    assert client.files() == {}
