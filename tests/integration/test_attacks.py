# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attacks on software updates, each on the real suture over real HTTP: who controls the mirror, or has stolen a key,
or is one team among several, or sets the clock. test_trust.py has rollback and foreign keys role by role."""
import hashlib
import itertools
import json
import os
import subprocess
import time

import pytest

from conftest import Device, Publisher, assert_fails
from metadata import Metadata, canonical, key_id, key_object, sign
from mirror import Answer

FUTURE = "2090-01-01T00:00:00Z"


@pytest.fixture
def metadata(released):
    return Metadata(released.repository, released.keys)


@pytest.fixture
def release_b(released, packages):
    return lambda: released.release(packages["1.0-1"], packages["1.0-1+fix2"])


@pytest.fixture
def foreign(directory, system):
    (directory / "foreign").mkdir()
    return Publisher(directory / "foreign", system)


def assert_refuses(device, *words):
    assert_fails(device.suture("install", check=False), *words)


def install_at(device, date):
    """suture install, with the clock of the device set."""
    environment = {**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0", "TZ": "UTC"}
    return subprocess.run(["faketime", date, *map(str, device.command("install"))], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, env=environment, check=False)


def serve_only(mirror, files):
    """Of the metadata, these files and no others."""
    honest = mirror.answer

    def answer(path, wanted):
        folder, _, name = path.partition("/")
        if folder != "metadata":
            return honest(path, wanted)
        return Answer(body=files[name]) if name in files else Answer(404)

    mirror.answer = answer


def put_role(metadata, role, content, key):
    """Serves a delegated role, and lets the snapshot list it."""
    text = json.dumps({"signatures": [{"keyid": key_id(key), "sig": sign(content, key)}], "signed": content})
    (metadata.directory / f"{content['version']}.{role}.json").write_text(text)
    meta = metadata.content("snapshot")["meta"]
    meta[f"{role}.json"] = {"version": content["version"]}
    metadata.follow("snapshot", meta=meta)


def delegate(metadata, role, key, patterns, targets):
    delegations = metadata.content("targets").get("delegations", {"keys": {}, "roles": []})
    delegations["keys"][key_id(key)] = key_object(key)
    delegations["roles"].append({"name": role, "keyids": [key_id(key)], "threshold": 1, "terminating": False,
                                 "paths": patterns})
    put_role(metadata, role, {"_type": "targets", "spec_version": "1.0.31", "version": 1, "expires": FUTURE,
                              "targets": targets}, key)
    metadata.follow("targets", delegations=delegations)


def test_arbitrary_software_is_refused(mirrored, mirror, foreign, packages, release_b, libraries):
    """A mirror that serves another publisher's metadata and files in the place of the real ones."""
    release_b()
    foreign.release(packages["1.0-1"], packages["1.0-1+fix2"])
    real, mirror.repository = mirror.repository, foreign.repository
    assert_refuses(mirrored, "timestamp metadata", "signed by 0 of the 1 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    mirror.repository = real
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_an_indefinite_freeze_ends_when_the_old_metadata_does(mirrored, mirror, metadata, release_b, libraries):
    """A mirror that never shows anything new is found out by the device's clock alone."""
    expires = metadata.content("timestamp")["expires"]
    frozen = {path.name: path.read_bytes() for path in metadata.directory.iterdir()}
    release_b()
    serve_only(mirror, frozen)
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    result = install_at(mirrored, expires.replace("T", " ").replace("Z", ""))
    assert_fails(result, "metadata expired", "the server is stale or the clock is wrong")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_mix_and_match_of_two_releases_is_refused(mirrored, mirror, metadata, release_b, libraries, role):
    """Each file was signed once, but not together with the others."""
    old = metadata.newest(role).read_bytes()
    release_b()
    mirror.alter(rf"[0-9]+\.{role}\.json", lambda body: old)
    assert_refuses(mirrored, f"{role} metadata is not the file that was signed for")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    mirror.be_honest()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_fast_forward_is_recovered_from_with_new_keys(mirrored, metadata, foreign, release_b, libraries):
    """Who had the online keys published versions that nothing can follow; the publisher replaces the keys."""
    meta = metadata.content("timestamp")["meta"]
    metadata.follow("snapshot", version=2 ** 62)
    mirrored.suture("check")
    metadata.newest("snapshot").unlink()
    metadata.follow("timestamp", meta=meta)
    assert_refuses(mirrored, "older snapshot")
    root = metadata.content("root")
    for role in ("timestamp", "snapshot"):
        key = foreign.keys / f"{role}.pem"
        root["keys"][key_id(key)] = key_object(key)
        root["roles"][role] = {"keyids": [key_id(key)], "threshold": 1}
        (metadata.keys / f"{role}.pem").write_bytes(key.read_bytes())
    metadata.follow("root", keys=root["keys"], roles=root["roles"])
    metadata.follow("snapshot")
    release_b()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


@pytest.mark.parametrize("pattern", [r"root\.json", "timestamp", r"snapshot\.json", r"targets\.json", r"manifest\.json",
                                     r"\.(delta|zst)$"])
def test_endless_data_is_cut(mirrored, mirror, release_b, libraries, pattern):
    release_b()
    mirror.alter(pattern, lambda body: Answer(body=itertools.repeat(b"{" * 65536)))
    assert_refuses(mirrored, "the server sends more than the", "bytes")
    assert mirror.sent < 32_000_000
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_slow_retrieval_ends_at_the_ceiling_and_goes_on_next_time(mirrored, mirror, release_b, libraries):
    """Slower than anybody wants to wait, and over before the floor of 64 bytes a second is held against it."""
    release_b()
    configuration = mirrored.root / "etc/suture/suture.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("[Suture]\nTimeLimit=15\n")

    def trickle(body):
        def pieces():
            for index in range(0, len(body), 4):
                time.sleep(0.3)
                yield body[index:index + 4]
        return Answer(body=pieces(), announced=len(body))

    mirror.alter(r"\.delta$", trickle)
    assert_refuses(mirrored, "too slow", "took more than 15 seconds", "run the command again to resume")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    mirror.be_honest()
    configuration.unlink()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


@pytest.mark.parametrize("value", ["0", "-1", "soon", "99999999999"])
def test_a_time_limit_that_is_none_is_told_so(mirrored, value):
    configuration = mirrored.root / "etc/suture/suture.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(f"[Suture]\nTimeLimit={value}\n")
    assert_refuses(mirrored, "TimeLimit: ")


def test_extraneous_dependencies_are_not_installed(mirrored, metadata, released, libraries):
    """Who adds a component to what a device has asked for: a name in the signed metadata alone brings nothing along."""
    before = mirrored.active()
    targets = metadata.content("targets")["targets"]
    path = next(path for path in targets if path.endswith("manifest.json"))
    extra = path.replace("liborigin", "backdoor")
    file = next((released.repository / "targets" / path).parent.glob("*.manifest.json"))
    place = released.repository / "targets" / extra.replace("manifest.json", file.name)
    place.parent.mkdir(parents=True)
    place.write_bytes(file.read_bytes())
    metadata.follow("targets", targets={**targets, extra: targets[path]})
    mirrored.suture("install", "liborigin")
    assert mirrored.active() == before
    assert_refuses(mirrored, "describes something else than its path says")
    assert mirrored.active() == before
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_threshold_below_is_refused_and_the_same_key_twice_does_not_reach_it(mirrored, metadata, foreign, release_b,
                                                                               libraries, role):
    release_b()
    root = metadata.content("root")
    second, first = foreign.keys / f"{role}.pem", metadata.keys / f"{role}.pem"
    twin = {**key_object(first), "comment": "the same key once more"}
    twin_id = hashlib.sha256(canonical(twin)).hexdigest()
    root["keys"].update({key_id(second): key_object(second), twin_id: twin})
    root["roles"][role] = {"keyids": [key_id(first), key_id(second), twin_id], "threshold": 2}
    metadata.follow("root", keys=root["keys"], roles=root["roles"])
    metadata.follow(role)
    assert_refuses(mirrored, f"{role} metadata is signed by 1 of the 2 keys needed")
    document = json.loads(metadata.newest(role).read_text())
    document["signatures"].append({**document["signatures"][0], "keyid": twin_id})
    serve_again(metadata, role, document)
    assert_refuses(mirrored, f"{role} metadata is signed by 1 of the 2 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    document["signatures"][1] = {"keyid": key_id(second), "sig": sign(document["signed"], second)}
    serve_again(metadata, role, document)
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def serve_again(metadata, role, document):
    """The same content with other signatures, and parents that name this file."""
    metadata.newest(role).write_text(json.dumps(document))
    parent = {"targets": "snapshot", "snapshot": "timestamp"}.get(role)
    if parent:
        meta = metadata.content(parent)["meta"]
        meta[f"{role}.json"] = {"version": document["signed"]["version"]}
        metadata.follow(parent, meta=meta)


def test_a_delegated_team_cannot_sign_outside_its_paths(mirrored, metadata, foreign, release_b, libraries):
    """It lists the very path of another component's next improvement, with the right signature of its own key."""
    release_b()
    targets = metadata.content("targets")["targets"]
    theirs = {path: entry for path, entry in targets.items() if "/b/" in path}
    assert theirs
    metadata.follow("targets", targets={path: entry for path, entry in targets.items() if path not in theirs})
    key = foreign.keys / "targets.pem"
    delegate(metadata, "team", key, ["examplix/7/*/other/*/*/*"], theirs)
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    delegations = metadata.content("targets")["delegations"]
    delegations["roles"][0]["paths"] = ["examplix/7/*/liborigin/*/*/*"]
    metadata.follow("targets", delegations=delegations)
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


@pytest.mark.parametrize("kind", ["manifest", "delta"])
def test_a_mirror_that_exchanges_a_single_file_is_refused(mirrored, mirror, release_b, libraries, kind):
    """The file of the improvement before, at the address of the new one: everything about it was signed, once."""
    release_b()
    folder = next(path.parent for path in (mirror.repository / "targets").rglob("*.manifest.json") if path.parent.name == "a")
    old = next(folder.glob("*.from-base.delta" if "delta" in kind else "*.manifest.json")).read_bytes()
    mirror.alter(r"/b/.*\.(delta|zst)$" if "delta" in kind else r"/b/.*manifest\.json$", lambda body: old)
    assert_refuses(mirrored)
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    mirror.be_honest()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


@pytest.mark.parametrize("what", ["another os", "another version"])
def test_metadata_for_another_system_brings_nothing_here(directory, mirrored, mirror, released, packages, libraries, what):
    """Signed by the same publisher, for somebody else."""
    release = directory / "other-release"
    release.write_text('ID=other\nVERSION_ID="7"\n' if what == "another os" else 'ID=examplix\nVERSION_ID="8"\n')
    released.run("release", f"--repository={released.repository}", f"--keys={released.keys}", "--component=liborigin",
                 f"--os-release={release}", "--base", packages["1.0-1"], "--fixed", packages["1.0-1+fix2"])
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_clock_set_back_accepts_no_rollback(mirrored, mirror, metadata, release_b, libraries):
    """What had expired looks good again; but the device has seen newer."""
    old = {path.name: path.read_bytes() for path in metadata.directory.iterdir()}
    release_b()
    mirrored.suture("install")
    honest = mirror.answer
    serve_only(mirror, old)
    assert_fails(install_at(mirrored, "2020-01-01 00:00:00"), "timestamp metadata is older")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])
    mirror.answer = honest
    assert install_at(mirrored, "2020-01-01 00:00:00").returncode == 0
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_clock_set_forward_refuses_updates_and_leaves_what_is_installed(mirrored, release_b, libraries):
    release_b()
    assert_fails(install_at(mirrored, "2089-01-01 00:00:00"), "metadata expired", "the clock is wrong")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_fresh_device_is_given_nothing_by_a_thief_of_the_online_keys(directory, mirrored, mirror, metadata, foreign,
                                                                       libraries):
    """Timestamp and snapshot keys alone cannot make targets."""
    key = foreign.keys / "targets.pem"
    metadata.follow("targets", key=key, targets={})
    fresh = Device(directory / "fresh", mirror.url, mirrored.trust)
    fresh.root = mirrored.root
    assert_fails(fresh.suture("check", check=False), "targets metadata is signed by 0 of the 1 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
