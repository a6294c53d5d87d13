# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that sign apart, and roles that change hands, with devices that follow from their first root on."""
import calendar
import fcntl
import json
import os
import re
import shutil
import threading
import time

import pytest

from conftest import BUILD, COMPONENT, Device, Publisher, Server, assert_fails, run
from metadata import Metadata, key_id
from signing import Ceremony, make_keys, public, publish

ROLES = ["root", "targets", "snapshot", "timestamp"]


@pytest.fixture
def people(directory):
    return make_keys(directory / "people", "alice", "bob", "carol", "mallory")


@pytest.fixture
def offline(directory, people):
    """A repository whose first root waits for two of three."""
    repository, keys = directory / "repository", directory / "keys"
    publish("init", repository, f"--keys={keys}", "--root-threshold=2",
            *[f"--root-key={public(people[name])}" for name in ("alice", "bob", "carol")])
    return Ceremony(repository, keys, people["alice"], people["bob"])


@pytest.fixture
def rotation(released):
    """The repository that everybody begins with: its one root key lies with the others."""
    return Ceremony(released.repository, released.keys, released.keys / "root.pem")


@pytest.fixture
def release_b(released, packages):
    return lambda: released.release(packages["1.0-1"], packages["1.0-1+fix2"])


def copy_for(directory, name, draft):
    (directory / name).mkdir(exist_ok=True)
    return shutil.copy(draft, directory / name / draft.name)


def test_a_first_root_is_published_when_two_of_three_have_signed_apart(offline, people, directory, system, packages,
                                                                       libraries):
    assert not list((offline.repository / "metadata").glob("*.json"))
    copies = {name: copy_for(directory, name, offline.draft()) for name in ("alice", "bob")}
    said = publish("key", "sign", f"--key={people['alice']}", copies["alice"]).stdout
    assert "root version 1, good until" in said and "root: 2 of 3 keys must sign" in said
    assert key_id(people["carol"]) in said
    once = offline.merge(copies["alice"]).stdout
    assert "1 of the 2 signatures" in once and key_id(people["bob"])[:16] in once
    assert key_id(people["alice"])[:16] not in once
    assert "1 of the 2 signatures" in offline.merge(copies["alice"]).stdout
    assert not list((offline.repository / "metadata").glob("*.json"))
    publish("key", "sign", f"--key={people['bob']}", copies["bob"])
    assert "Published" in offline.merge(copies["bob"]).stdout
    assert not list((offline.repository / "staged").iterdir())
    publisher = Publisher(directory, system)
    publisher.release(packages["1.0-1"], packages["1.0-1+fix1"])
    server = Server(offline.repository)
    device = Device(directory, server.url, publisher.root)
    device.suture("install")
    device.assert_shows("a", libraries["1.0-1+fix1"])
    server.stop()


def test_private_keys_that_are_given_sign_the_first_root_at_once(directory, people):
    made = publish("init", directory / "repository", "--root-threshold=2", f"--root-key={people['alice']}",
                   f"--root-key=file:{people['bob']}", f"--root-key={public(people['carol'])}").stdout
    assert "Not published" not in made
    assert "is sound" in publish("verify", f"--repository={directory}/repository").stdout
    assert not list((directory / "repository.keys").glob("root*"))


def test_more_signatures_than_keys_are_never_asked_for(directory, people):
    result = publish("init", directory / "repository", "--root-threshold=2", f"--root-key={public(people['alice'])}",
                     check=False)
    assert_fails(result, "1 key where 2 must sign")
    assert_fails(publish("init", directory / "other", "--root-threshold=2", check=False), "--root-key")


def test_who_has_no_key_of_the_role_cannot_sign_and_no_bad_signature_is_united(offline, people, directory):
    copy = copy_for(directory, "mallory", offline.draft())
    before = open(copy, "rb").read()
    assert_fails(publish("key", "sign", f"--key={people['mallory']}", copy, check=False), "none of those that sign root")
    assert open(copy, "rb").read() == before
    publish("key", "sign", f"--key={people['alice']}", copy)
    document = json.loads(open(copy).read())
    good = document["signatures"][0]
    for change, words in [({"sig": "00" * 64}, "is bad"), ({"keyid": key_id(people["bob"])}, "is bad"),
                          ({"keyid": "f" * 64}, "none of the keys of this role")]:
        open(copy, "w").write(json.dumps({**document, "signatures": [{**good, **change}]}))
        assert_fails(offline.merge(copy, check=False), words)
    changed = {**document["signed"], "expires": "2099-01-01T00:00:00Z"}
    open(copy, "w").write(json.dumps({"signatures": [], "signed": changed}))
    assert_fails(offline.merge(copy, check=False), "a copy of something else")
    assert json.loads(offline.draft().read_text())["signatures"] == []


def test_a_dry_run_of_signing_says_all_and_signs_nothing(offline):
    before = offline.draft().read_bytes()
    assert "root: 2 of 3 keys must sign" in publish("key", "sign", "--dry-run", offline.draft()).stdout
    assert offline.draft().read_bytes() == before


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_a_new_key_and_loses_the_old_one(mirrored, rotation, release_b, libraries, role, kind):
    old = rotation.keys / f"{role}.pem"
    new = rotation.keys / f"{role}-2.pem"
    publish("key", "new", f"--type={kind}", new)
    rotation.key("add", f"--role={role}", public(new))
    rotation.publish_root()
    mirrored.suture("check")
    if role != "root":
        assert len(rotation.signers(role)) == 2
    rotation.key("remove", f"--role={role}", public(old))
    rotation.publish_root(new if role == "root" else rotation.keys / "root.pem")
    assert key_id(old) not in rotation.signers(role)
    old.rename(old.with_suffix(".away"))
    release_b()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])
    assert "is sound" in publish("verify", f"--repository={rotation.repository}").stdout


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_what_a_revoked_key_signs_is_refused(mirrored, mirror, rotation, directory, release_b, libraries, role):
    """Taken away at once, by one root: the thief signs on, and nobody listens."""
    old = rotation.keys / f"{role}.pem"
    new = make_keys(rotation.keys, f"{role}-2")[f"{role}-2"]
    rotation.key("add", f"--role={role}", public(new))
    rotation.key("remove", f"--role={role}", key_id(old)[:10])
    rotation.publish_root()
    assert rotation.signers(role) == {key_id(new)}
    mirrored.suture("check")
    shutil.copytree(rotation.repository, directory / "stolen")
    stolen = Metadata(directory / "stolen", rotation.keys)
    stolen.follow(role, key=old, as_key=key_id(old))
    mirror.repository = directory / "stolen"
    assert_fails(mirrored.suture("install", check=False), f"{role} metadata is signed by 0 of the 1 keys needed")
    mirror.repository = rotation.repository
    publish("refresh", f"--repository={rotation.repository}", f"--keys={rotation.keys}")  # past the thief's versions
    release_b()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_devices_recover_from_versions_that_a_thief_has_driven_up(mirrored, mirror, rotation, directory, release_b,
                                                                  libraries):
    """Fast-forward: with the timestamp and snapshot keys stolen, versions become absurdly high; with both keys replaced,
    they no longer count."""
    shutil.copytree(rotation.repository, directory / "stolen")
    stolen = Metadata(directory / "stolen", rotation.keys)
    stolen.follow("snapshot", version=10**15)
    stolen.follow("timestamp", version=10**17)
    mirror.repository = directory / "stolen"
    mirrored.suture("check")
    mirror.repository = rotation.repository
    release_b()
    assert_fails(mirrored.suture("install", check=False), "timestamp metadata is older")
    for role in ("snapshot", "timestamp"):
        new = make_keys(rotation.keys, f"{role}-2")[f"{role}-2"]
        rotation.key("add", f"--role={role}", public(new))
        rotation.key("remove", f"--role={role}", public(rotation.keys / f"{role}.pem"))
    rotation.publish_root()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_role_whose_only_key_would_go_is_refused(rotation):
    result = rotation.key("remove", "--role=timestamp", public(rotation.keys / "timestamp.pem"), check=False)
    assert_fails(result, "0 keys where 1 must sign", "add a key first")
    assert not (rotation.repository / "staged").exists() or not list((rotation.repository / "staged").iterdir())


def test_the_keys_that_a_new_root_needs_are_named_before_anything_is_published(rotation, directory):
    """The timestamp key is taken away, and the new one is not here."""
    new = make_keys(directory / "away", "timestamp")["timestamp"]
    rotation.key("add", "--role=timestamp", public(new))
    rotation.key("remove", "--role=timestamp", public(rotation.keys / "timestamp.pem"))
    rotation.sign()
    before = sorted(path.name for path in (rotation.repository / "metadata").iterdir())
    assert f"timestamp version 3 has 0 of the 1 signatures; 1 more is needed, of the key {key_id(new)[:16]}" in \
        rotation.merge().stdout
    assert sorted(path.name for path in (rotation.repository / "metadata").iterdir()) == before
    assert "Published" in rotation.merge(more=[f"--key={new}"]).stdout


def test_the_threshold_of_a_role_is_raised_and_holds(mirrored, rotation, released, packages, libraries, directory):
    second = make_keys(directory / "second", "targets")["targets"]
    rotation.key("add", "--role=targets", "--threshold=2", public(second))
    rotation.sign()
    assert "Published" in rotation.merge(more=[f"--key={second}"]).stdout
    said = released.release(packages["1.0-1"], packages["1.0-1+fix2"]).stdout
    assert "Not published yet" in said and "1 of the 2 signatures" in said
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    draft = next((rotation.repository / "staged").glob("*.targets.json"))
    assert "manifest.json" in publish("key", "sign", f"--key={second}", draft).stdout
    assert "Published" in rotation.merge().stdout
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_root_is_renewed_without_the_online_keys(mirrored, rotation, release_b, libraries):
    rotation.key("renew")
    rotation.sign()
    assert "Published" in publish("key", "merge", f"--repository={rotation.repository}").stdout
    assert rotation.newest("root")["signed"]["version"] == 2
    release_b()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


RENAMES = 7  # of a new timestamp key: three files into staged/pending, the same into metadata, and one to spare


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace kills the publisher at a system call")
@pytest.mark.parametrize("when", range(1, RENAMES + 1))
def test_a_new_root_whose_publication_is_killed_is_completed_by_the_next_command(mirrored, rotation, release_b,
                                                                                 libraries, when):
    new = make_keys(rotation.keys, "timestamp-2")["timestamp-2"]
    rotation.key("add", "--role=timestamp", public(new))
    rotation.key("remove", "--role=timestamp", public(rotation.keys / "timestamp.pem"))
    rotation.sign()
    renames = "rename,renameat,renameat2"
    command = ["key", "merge", f"--repository={rotation.repository}", f"--keys={rotation.keys}"]
    killed = run("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={renames}", "-e",
                 f"inject={renames}:signal=SIGKILL:when={when}", BUILD / "suture-publish", *command, check=False,
                 env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert killed.returncode in (0, -9)
    assert (killed.returncode == 0) == (when > 6)
    again = publish(*command).stdout
    assert "Published" in again or "Nothing waits" in again
    assert not (rotation.repository / "staged/pending").exists()
    release_b()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def soon(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))


def warnings(repository):
    return json.loads(publish("verify", f"--repository={repository}", "--json").stdout)["warnings"]


def test_a_release_engineer_reads_who_can_sign_what_until_when(offline, people):
    for name in ("alice", "bob"):
        publish("key", "sign", f"--key={people[name]}", offline.draft())
    offline.merge()
    said = publish("verify", f"--repository={offline.repository}").stdout
    assert re.search(r"^  root: version 1, until \d{4}-.*Z, 2 of 3 keys must sign$", said, re.MULTILINE)
    for name, mark in (("alice", "  signed"), ("bob", "  signed"), ("carol", "")):
        assert re.search(rf"^    ed25519 {key_id(people[name])}{mark}$", said, re.MULTILINE)
    assert "warning" not in said
    shown = publish("key", "show", f"--repository={offline.repository}", public(people["carol"])).stdout
    assert "signs root, where 2 of 3 keys must sign" in shown
    assert "signs nothing" in publish("key", "show", f"--repository={offline.repository}", people["mallory"]).stdout


def test_what_needs_attention_is_warned_of(rotation, released):
    metadata = Metadata(rotation.repository, rotation.keys)
    alone = "when one key of root is lost, nobody can sign a root any more"
    assert warnings(rotation.repository) == [alone]
    metadata.follow("targets", expires=soon(13.5))
    metadata.follow("timestamp", expires=soon(1.5))
    assert warnings(rotation.repository) == [alone, "targets expires in less than 14 days",
                                             "timestamp expires in less than 2 days"]
    released.run("refresh", f"--repository={rotation.repository}", f"--keys={rotation.keys}")
    rotation.key("add", "--role=snapshot", public(rotation.keys / "timestamp.pem"))
    rotation.publish_root()
    shared = key_id(rotation.keys / "timestamp.pem")[:16]
    assert warnings(rotation.repository) == [alone, f"snapshot and timestamp have the same key {shared}"]


def lifetime(rotation, role):
    """In whole days, counted from now."""
    expires = time.strptime(rotation.newest(role)["signed"]["expires"], "%Y-%m-%dT%H:%M:%SZ")
    return round((calendar.timegm(expires) - time.time()) / 86400)


def test_lifetimes_are_those_of_the_configuration(rotation, released, packages):
    refresh = ["refresh", f"--repository={rotation.repository}", f"--keys={rotation.keys}"]
    configuration = rotation.keys / "publish.conf"
    configuration.write_text("[Publish]\nTargetsDays=30\nSnapshotDays=4\n# often\nTimestampDays=2\nRootDays=100\n")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    assert [lifetime(rotation, role) for role in ROLES] == [365, 30, 4, 2]
    rotation.key("renew", f"--keys={rotation.keys}")
    rotation.publish_root()
    assert lifetime(rotation, "root") == 100
    for text, words in [("[Publish]\nTimestampDay=1\n", ["publish.conf:2", "TimestampDay"]),
                        ("[Publish]\nTimestampDays=0\n", ["publish.conf:2", "TimestampDays"]),
                        ("[Keys]\n", ["publish.conf:1", "[Keys]"])]:
        configuration.write_text(text)
        assert_fails(released.run(*refresh, check=False), *words)


def test_a_device_that_asks_all_the_time_sees_one_release_or_the_next(mirrored, released, packages, libraries):
    """Releases, a refresh and a rotation in which the new key has signed before the old one goes."""
    rotation = Ceremony(released.repository, released.keys, released.keys / "root.pem")
    new = make_keys(rotation.keys, "timestamp-2")["timestamp-2"]
    done, seen, failures = threading.Event(), set(), []

    def ask():
        while not done.is_set():
            result = mirrored.suture("check", "--json", check=False)
            if result.returncode != 0:
                failures.append(result.stderr)
                return
            seen.add(tuple(change["letter"] for change in json.loads(result.stdout)["changes"]))

    reader = threading.Thread(target=ask)
    reader.start()
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    rotation.key("add", "--role=timestamp", public(new))
    rotation.publish_root()
    rotation.key("remove", "--role=timestamp", public(rotation.keys / "timestamp.pem"))
    rotation.publish_root()
    publish("refresh", f"--repository={rotation.repository}", f"--keys={rotation.keys}")
    done.set()
    reader.join()
    assert failures == []
    assert seen <= {(), ("b",)} and ("b",) in seen


def test_two_publishers_at_once_are_refused(rotation, released, packages):
    new = make_keys(rotation.keys, "timestamp-2")["timestamp-2"]
    rotation.key("add", "--role=timestamp", public(new))
    rotation.sign()
    before = {path: path.read_bytes() for path in rotation.repository.rglob("*") if path.is_file()}
    held = os.open(rotation.repository, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    common = [f"--repository={rotation.repository}", f"--keys={rotation.keys}"]
    for command in (["refresh", *common], ["key", "merge", *common], ["key", "renew", *common],
                    ["key", "add", "--role=root", *common, public(new)],
                    ["delegate", *common, "--role=team", "--os=a", "--os-version=1", "--arch=b", f"--key={new}"],
                    ["withdraw", *common, COMPONENT, "a"]):
        assert_fails(publish(*command, check=False), "another suture-publish is working on")
    assert_fails(released.release(packages["1.0-1"], packages["1.0-1+fix2"], check=False), "another suture-publish")
    assert {path: path.read_bytes() for path in rotation.repository.rglob("*") if path.is_file()} == before
    os.close(held)
    assert "Published" in rotation.merge().stdout
