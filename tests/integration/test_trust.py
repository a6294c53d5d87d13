# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who controls the server, the mirror, the network or one of the keys cannot make a device accept what the publisher did
not sign, nor bring an old state back. The metadata is signed here by openssl, with the publisher's keys or others."""
import pytest

from conftest import Device, Publisher, assert_fails, run
from metadata import Metadata, key_id, key_object

PAST = "2020-01-01T00:00:00Z"


@pytest.fixture
def metadata(released):
    return Metadata(released.repository, released.keys)


@pytest.fixture
def foreign(directory, system):
    """Another publisher, with other keys."""
    (directory / "foreign").mkdir()
    return Publisher(directory / "foreign", system)


@pytest.fixture
def release_b(released, packages):
    return lambda: released.release(packages["1.0-1"], packages["1.0-1+fix2"])


def assert_refuses(device, *words):
    assert_fails(device.suture("install", check=False), *words)


def test_another_repositorys_root_trusts_nothing_here(device, released, foreign, libraries):
    device.trust = foreign.root
    assert_refuses(device, "timestamp metadata is signed by 0 of the 1 keys needed")
    device.assert_shows(None, libraries["1.0-1"])
    device.trust = released.root
    device.suture("install")
    device.assert_shows("a", libraries["1.0-1+fix1"])


def test_without_a_trusted_root_nothing_is_asked_and_the_ways_to_have_one_are_named(device, mirror, libraries):
    command = [word for word in device.command("install") if not str(word).startswith("--trust")]
    command = [f"--repository={mirror.url}" if str(word).startswith("--repository") else word for word in command]
    assert_fails(run(*command, check=False), "no trusted root", "usr/lib/suture/root.json", "--trust=FILE")
    device.trust = device.root / "none.json"
    assert_refuses(device, "the trusted root", "none.json")
    assert mirror.requests == []
    device.assert_shows(None, libraries["1.0-1"])


def test_a_root_shipped_with_the_system_is_trusted(device, released, libraries):
    (device.root / "usr/lib/suture").mkdir()
    (device.root / "usr/lib/suture/root.json").write_bytes(released.root.read_bytes())
    run(*[word for word in device.command("install") if not str(word).startswith("--trust")])
    device.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_trusted_root_that_is_no_root_is_told_so(device, directory, libraries):
    device.trust = directory / "text.json"
    device.trust.write_text("trust me\n")
    assert_refuses(device, "root", "not valid JSON")
    device.assert_shows(None, libraries["1.0-1"])


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_expired_metadata_is_refused_until_the_publisher_refreshes_it(mirrored, released, metadata, release_b,
                                                                      libraries, role):
    release_b()
    metadata.follow(role, expires=PAST)
    assert_refuses(mirrored, f"{role} metadata expired", "the server is stale or the clock is wrong")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    released.run("refresh", f"--repository={released.repository}", f"--keys={released.keys}")
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


@pytest.mark.parametrize("renewal", ["release", "refresh"])
def test_expired_targets_are_refused_until_their_key_renews_them(mirrored, released, metadata, release_b, libraries,
                                                                 renewal):
    """A refresh from a timer, without that key, cannot; and says so before it publishes what devices refuse."""
    metadata.follow("targets", expires=PAST)
    assert_refuses(mirrored, "targets metadata expired")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    refresh = ["refresh", f"--repository={released.repository}", f"--keys={released.keys}"]
    key = released.keys / "targets.pem"
    key.rename(key.with_suffix(".away"))
    assert_fails(released.run(*refresh, check=False), "targets metadata expired")
    key.with_suffix(".away").rename(key)
    release_b() if renewal == "release" else released.run(*refresh)
    mirrored.suture("install")
    mirrored.assert_shows(*(("b", libraries["1.0-1+fix2"]) if renewal == "release" else
                            ("a", libraries["1.0-1+fix1"])))


def test_an_expired_root_is_refused_until_the_next_one(mirrored, metadata, release_b, libraries):
    release_b()
    good = metadata.content("root")["expires"]
    metadata.follow("root", expires=PAST)
    assert_refuses(mirrored, "root metadata expired")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    metadata.follow("root", expires=good)
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_timestamp_older_than_one_seen_is_refused(mirrored, mirror, metadata, release_b, libraries):
    """A frozen mirror cannot take a device back behind what it knows."""
    old = metadata.newest("timestamp").read_bytes()
    release_b()
    mirrored.suture("check")
    mirror.alter("timestamp", lambda body: old)
    assert_refuses(mirrored, "timestamp metadata is older", "than what this device has seen")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    mirror.be_honest()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_an_older_snapshot_is_refused_even_with_a_newer_timestamp(mirrored, mirror, metadata, released, release_b,
                                                                  libraries):
    """Who has stolen the timestamp's key alone."""
    old = metadata.content("timestamp")["meta"]
    release_b()
    mirrored.suture("check")
    metadata.follow("timestamp", meta=old)
    stolen = metadata.newest("timestamp").read_bytes()
    released.run("refresh", f"--repository={released.repository}", f"--keys={released.keys}")
    mirror.alter("timestamp", lambda body: stolen)
    assert_refuses(mirrored, "names an older snapshot")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    mirror.be_honest()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_older_targets_are_refused_even_in_a_newer_snapshot(mirrored, metadata, release_b, libraries):
    """Who has stolen the keys that are online: the fix cannot be taken away again."""
    old = metadata.content("snapshot")["meta"]
    release_b()
    mirrored.suture("check")
    good = metadata.content("snapshot")["meta"]
    metadata.follow("snapshot", meta=old)
    assert_refuses(mirrored, "targets", "older")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    metadata.follow("snapshot", meta=good)
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


@pytest.mark.parametrize("claim", ["its own key", "the publisher's key"])
def test_targets_signed_by_a_foreign_key_are_refused(mirrored, metadata, foreign, release_b, libraries, claim):
    key = foreign.keys / "targets.pem"
    as_key = key_id(metadata.keys / "targets.pem") if claim == "the publisher's key" else None
    targets = metadata.content("targets")["targets"]
    metadata.follow("targets", key=key, as_key=as_key, targets={})
    assert_refuses(mirrored, "targets metadata is signed by 0 of the 1 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    metadata.follow("targets", targets=targets)
    release_b()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def with_key(root, role, key):
    """root's content with another key for the role."""
    return {"keys": {**root["keys"], key_id(key): key_object(key)},
            "roles": {**root["roles"], role: {"keyids": [key_id(key)], "threshold": 1}}}


def test_a_root_that_the_old_keys_did_not_sign_is_refused(mirrored, metadata, foreign, release_b, libraries):
    """The thief of a server brings keys of his own."""
    release_b()
    key = foreign.keys / "root.pem"
    metadata.follow("root", key=key, **with_key(metadata.content("root"), "root", key))
    assert_refuses(mirrored, "by the keys of root version 1", "signed by 0 of the 1 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    metadata.newest("root").unlink()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_root_that_its_own_new_keys_did_not_sign_is_refused(mirrored, metadata, foreign, release_b, libraries):
    """A publisher who changes the root's key and forgets to sign with the new one."""
    release_b()
    metadata.follow("root", **with_key(metadata.content("root"), "root", foreign.keys / "root.pem"))
    assert_refuses(mirrored, "by its own keys")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    metadata.newest("root").unlink()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_role_whose_key_was_changed_must_be_signed_anew(mirrored, metadata, foreign, release_b, libraries):
    """A new root names another key for targets: what the old one signed does not count any more."""
    metadata.follow("root", **with_key(metadata.content("root"), "targets", foreign.keys / "targets.pem"))
    metadata.follow("targets")
    assert_refuses(mirrored, "targets metadata is signed by 0 of the 1 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    (foreign.keys / "targets.pem").replace(metadata.keys / "targets.pem")
    metadata.follow("targets")
    release_b()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_root_version_may_not_be_left_out(mirrored, metadata, release_b, libraries):
    release_b()
    path = metadata.write("root", {**metadata.content("root"), "version": 3})
    path.rename(path.with_name("2.root.json"))
    assert_refuses(mirrored, "root metadata has version 3 where the one after 1 belongs")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    (metadata.directory / "2.root.json").unlink()
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_manifest_that_speaks_for_another_component_is_refused(directory, mirrored, metadata, released, packages,
                                                                 libraries):
    """Signed, but at a path that is not its own: a publisher's mistake, or one team speaking for another."""
    released.release(packages["1.0-1"], packages["1.0-1+fix2"], component="other")
    targets = metadata.content("targets")["targets"]
    path = next(path for path in targets if "/other/" in path and path.endswith("manifest.json"))
    lie = path.replace("/other/", "/lie/")
    file = next((released.repository / "targets" / path).parent.glob("*.manifest.json"))
    place = released.repository / "targets" / lie.replace("manifest.json", file.name)
    place.parent.mkdir(parents=True)
    place.write_bytes(file.read_bytes())
    metadata.follow("targets", targets={**targets, lie: targets[path]})
    assert_refuses(mirrored, "describes something else than its path says")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_device_without_a_state_accepts_no_foreign_repository_later(mirrored, mirror, foreign, packages, libraries):
    """The address now belongs to somebody else, who has everything but the keys."""
    foreign.release(packages["1.0-1"], packages["1.0-1+fix2"])
    mirror.repository = foreign.repository
    assert_refuses(mirrored, "signed by 0 of the 1 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    fresh = Device(mirrored.root.parent / "fresh", mirror.url, mirrored.trust)
    fresh.root = mirrored.root
    assert_refuses(fresh, "signed by 0 of the 1 keys needed")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
