# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishers that are killed at a system call, and the same or another command after that; and repositories that
are old, or driven to the limit by a thief."""
import json
import os
import shutil
import signal

import pytest

from conftest import BUILD, COMPONENT, assert_fails, run
from metadata import Metadata, key_id, key_object
from signing import Ceremony, make_keys, public, publish

RENAMES = "rename,renameat,renameat2"
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace kills the publisher at a system call")


def kill_at(when, *command):
    """At the beginning of the n-th rename. False: there are not so many."""
    done = run("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={RENAMES}", "-e",
               f"inject={RENAMES}:signal=SIGKILL:when={when}", BUILD / "suture-publish", *command, check=False,
               env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), done
    return done.returncode != 0


@pytest.fixture
def rotation(released):
    return Ceremony(released.repository, released.keys, released.keys / "root.pem")


def common(released):
    return [f"--repository={released.repository}", f"--keys={released.keys}"]


@needs_strace
@pytest.mark.parametrize("command", ["release", "withdraw"])
def test_between_a_new_root_and_its_timestamp_any_command_goes_on(rotation, released, packages, command):
    new = make_keys(rotation.keys, "timestamp-2")["timestamp-2"]
    rotation.key("add", "--role=timestamp", public(new))
    rotation.key("remove", "--role=timestamp", public(rotation.keys / "timestamp.pem"))
    rotation.sign()
    assert kill_at(6, "key", "merge", *common(released))
    assert (rotation.repository / "metadata/2.root.json").exists()
    assert "timestamp metadata is signed by 0" in publish("verify", f"--repository={rotation.repository}", check=False).stderr
    if command == "release":
        assert "Published" in released.release(packages["1.0-1"], packages["1.0-1+fix2"]).stdout
    else:
        assert "is withdrawn" in publish("withdraw", *common(released), COMPONENT, "a").stdout
    assert "is sound" in publish("verify", f"--repository={rotation.repository}").stdout


@needs_strace
@pytest.mark.parametrize("keys", [True, False], ids=["all keys", "the team signs later"])
def test_a_delegation_that_is_killed_can_be_repeated(released, directory, keys):
    team = make_keys(directory / "team", "team")["team"]
    command = ["delegate", *common(released), "--role=team", "--os=a", "--os-version=1", "--arch=b",
               f"--key={team if keys else public(team)}"]
    when = 1
    while kill_at(when, *command):
        assert "is sound" in publish("verify", f"--repository={released.repository}").stdout
        result = publish(*command, check=False)
        if "already" in result.stderr:  # the last rename had been done
            assert not kill_at(when + 1, "key", "merge", *common(released))
            break
        assert result.returncode == 0, result.stderr
        shutil.rmtree(released.repository / "staged", ignore_errors=True)
        publish("delegate", *common(released), "--role=team", "--remove") if keys else None
        when += 1
    assert when == (5 if keys else 3)


@needs_strace
@pytest.mark.parametrize("command", ["refresh", "withdraw"])
def test_a_publication_that_is_killed_can_be_repeated(released, command):
    words = [command, *common(released), *([COMPONENT, "a"] if command == "withdraw" else [])]
    when = 1
    while kill_at(when, *words):
        before = publish("verify", f"--repository={released.repository}").stdout
        assert "is sound: 1 improvement" in before and "withdrawn" not in before
        when += 1
        assert when < 9
    after = publish("verify", f"--repository={released.repository}").stdout
    assert "is sound: 1 improvement" in after and ("withdrawn" in after) == (command == "withdraw")
    assert when == {"refresh": 4, "withdraw": 5}[command]


def test_a_repository_of_very_many_roots_goes_on_behind_the_last_one(rotation, released):
    """A client stops after 256 of them until its next refresh; nothing that is published may be taken for free."""
    metadata = Metadata(rotation.repository, rotation.keys)
    content = metadata.content("root")
    for version in range(2, 260):
        metadata.write("root", {**content, "version": version})
    before = {path.name: path.read_bytes() for path in metadata.directory.glob("*.root.json")}
    rotation.key("renew")
    assert rotation.draft().name == "260.root.json"
    rotation.publish_root()
    assert all((metadata.directory / name).read_bytes() == text for name, text in before.items())


def test_a_version_that_nothing_can_follow_is_refused_and_not_wrapped(rotation, released, packages):
    Metadata(rotation.repository, rotation.keys).follow("targets", version=2**63 - 1)
    result = released.release(packages["1.0-1"], packages["1.0-1+fix2"], check=False)
    assert_fails(result, "targets metadata has no next version")
    assert_fails(publish("delegate", *common(released), "--role=team", "--os=a", "--os-version=1", "--arch=b",
                         f"--key={released.keys}/targets.pem", check=False), "no next version")
    assert "is signed until" in publish("refresh", *common(released)).stdout
    assert "Nothing waits" in rotation.merge().stdout


def test_who_can_sign_is_told_from_the_root_that_is_trusted(rotation, released, directory):
    """Whoever has the server can put any first root there, and files that hold under both."""
    new = make_keys(directory / "new", "root")["root"]
    rotation.key("add", "--role=root", public(new))
    rotation.publish_root()
    trusted = directory / "trusted.json"
    shutil.copy(rotation.repository / "metadata/2.root.json", trusted)
    for name in ("1.root.json", "2.root.json"):
        path = rotation.repository / "metadata" / name
        document = json.loads(path.read_text())
        document["signatures"] = []
        path.write_text(json.dumps(document))
    verify = ["verify", f"--repository={rotation.repository}"]
    assert_fails(publish(*verify, check=False), "root")
    said = publish(*verify, f"--trusted-root={trusted}").stdout
    assert key_id(new) in said and "is sound" in said


@needs_strace
def test_what_was_interrupted_is_completed_on_a_full_disk(rotation, released):
    """Between a new root and its timestamp clients are at a loss: mending that needs no room."""
    new = make_keys(rotation.keys, "timestamp-2")["timestamp-2"]
    rotation.key("add", "--role=timestamp", public(new))
    rotation.key("remove", "--role=timestamp", public(rotation.keys / "timestamp.pem"))
    rotation.sign()
    assert kill_at(4, "key", "merge", *common(released))
    assert not (rotation.repository / "metadata/2.root.json").exists()
    full = run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=write,openat", "-e", "inject=write:error=ENOSPC",
               BUILD / "suture-publish", "release", *common(released), "--component=none", "--base", "none", "--fixed", "none",
               check=False, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert full.returncode == 1
    assert "is sound" in publish("verify", f"--repository={rotation.repository}").stdout
    assert rotation.newest("root")["signed"]["version"] == 2 and rotation.signers("timestamp") == {key_id(new)}


def test_hundreds_of_teams_can_be_read(rotation, released, packages, directory):
    metadata = Metadata(rotation.repository, rotation.keys)
    team = make_keys(directory / "team", "team")["team"]
    content = metadata.content("targets")
    names = [f"team-{n}" for n in range(300)]
    roles = [{"name": name, "keyids": [key_id(team)], "threshold": 1, "terminating": False, "paths": [f"{name}/*"]}
             for name in names]
    first = metadata.write(names[0], {**content, "version": 1, "targets": {}}, team)
    for name in names[1:]:
        shutil.copy(first, metadata.directory / f"1.{name}.json")
    metadata.follow("targets", delegations={"keys": {key_id(team): key_object(team)}, "roles": roles})
    metadata.follow("snapshot", meta={**metadata.content("snapshot")["meta"],
                                      **{f"{name}.json": {"version": 1} for name in names}})
    assert "is sound" in publish("verify", f"--repository={rotation.repository}").stdout
    assert "Published" in released.release(packages["1.0-1"], packages["1.0-1+fix2"]).stdout
