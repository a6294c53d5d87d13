# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several components at once are all or nothing, components that want one path are told so before anything travels, and of
the ways that lead to an image the smallest is tried first."""
import os

import pytest

from conftest import COMPONENT, assert_fails, unmount_all
from mirror import DAMAGES, Answer
from packaging import Item, directory as folder, make_deb, symlink, unpack_items
from whole import snapshot

NAMES = ["one", "two", "three"]


def release(released, directory, component, old, new, number=1):
    released.release(make_deb(directory / f"{component}-old.deb", "1", old),
                     make_deb(directory / f"{component}-new{number}.deb", f"1+{number}", new), component=component)


@pytest.fixture
def three(mirrored, released, directory):
    """Three more components, each with a fix of a few bytes that resemble nothing: the whole image travels."""
    unmount_all(mirrored.root)
    for name in NAMES:
        old = [folder(f"./usr/lib/{name}"), Item(f"./usr/lib/{name}/file", os.urandom(8))]
        unpack_items(old, mirrored.root)
        release(released, directory, name, old, [old[0], Item(f"./usr/lib/{name}/file", os.urandom(8))])
    mirrored.suture("install", COMPONENT)
    return mirrored


def images(device):
    return {path.name for path in (device.state / "images").iterdir()}


@pytest.mark.parametrize("pattern, change", [
    (r"/two/.*\.(delta|zst)$", lambda body: Answer(404)),
    (r"/two/.*\.(delta|zst)$", lambda body: Answer(503)),
    (r"/two/.*\.(delta|zst)$", DAMAGES["a flipped bit"]),
    (r"/two/.*manifest\.json$", DAMAGES["a flipped bit"]),
], ids=["absent", "server busy", "damaged", "damaged manifest"])
def test_when_one_of_a_set_cannot_be_had_nothing_changes(three, mirror, pattern, change):
    before, was_active, had = snapshot(three.root), three.active(), images(three)
    mirror.alter(pattern, change)
    assert_fails(three.suture("install", check=False), "two")
    assert snapshot(three.root) == before
    assert (three.active(), images(three)) == (was_active, had)
    assert three.report("status")["generation"] == len(three.report("history")["entries"]) + 1
    mirror.be_honest()
    three.suture("install")
    assert three.active() == {COMPONENT: "a", **{name: "a" for name in NAMES}}
    assert len({entry["transaction"] for entry in three.report("history")["entries"]}) == 2


def test_when_one_image_of_a_set_rotted_nothing_is_activated(three):
    """After a restart of the machine."""
    three.suture("install")
    unmount_all(three.root)
    before = snapshot(three.root)
    image = max((three.state / "images").glob("*.erofs"), key=lambda path: path.stat().st_mtime_ns)
    image.write_bytes(DAMAGES["a flipped bit"](image.read_bytes()))
    assert_fails(three.suture("install", check=False), "the image", 'run "suture install"')
    assert snapshot(three.root) == before
    assert three.report("status")["verdict"] == "inactive"
    three.suture("install")
    assert len(three.active()) == 4


# One path, two components

THING = [folder("./usr/lib/thing"), Item("./usr/lib/thing/data", b"old\n"), Item("./usr/lib/thing/gone", b"gone\n")]


def without(items, path):
    return [item for item in items if item.path != path]


CONFLICTS = {
    "a directory where the other has a file": (
        [Item("./usr/lib/thing/new", b"file\n")],
        [folder("./usr/lib/thing/new"), Item("./usr/lib/thing/new/below", b"below\n")], "usr/lib/thing/new"),
    "a symlink where the other has a file": (
        [Item("./usr/lib/thing/new", b"file\n")], [symlink("./usr/lib/thing/new", "data")], "usr/lib/thing/new"),
    "a symlink where the other has a directory": (
        [folder("./usr/lib/thing/new"), Item("./usr/lib/thing/new/below", b"below\n")],
        [symlink("./usr/lib/thing/new", "..")], "usr/lib/thing/new"),
}


@pytest.mark.parametrize("first, second, path", CONFLICTS.values(), ids=CONFLICTS.keys())
def test_components_that_want_one_path_are_refused_before_anything_travels(
        mirrored, mirror, released, directory, first, second, path):
    unmount_all(mirrored.root)
    unpack_items(THING, mirrored.root)
    mirrored.suture("install")
    release(released, directory, "libfirst", THING, THING + first)
    release(released, directory, "libsecond", THING, THING + second)
    before = snapshot(mirrored.root)
    mirror.requests.clear()
    for command in ("install", "check"):
        assert_fails(mirrored.suture(command, check=False), "libfirst", "libsecond", path, "by name")
    assert not any(name.endswith((".delta", ".zst")) for name, _ in mirror.requests)
    assert snapshot(mirrored.root) == before
    mirrored.suture("install", "libfirst")
    assert mirrored.active() == {COMPONENT: "a", "libfirst": "a"}
    assert_fails(mirrored.suture("install", "libsecond", check=False), "libfirst", "libsecond", path)
    mirrored.suture("remove", "libfirst")
    mirrored.suture("install", "libsecond")
    assert mirrored.active() == {COMPONENT: "a", "libsecond": "a"}


def test_what_one_removes_and_the_other_replaces_is_refused(mirrored, released, directory):
    unmount_all(mirrored.root)
    unpack_items(THING, mirrored.root)
    release(released, directory, "libfirst", THING, without(THING, "./usr/lib/thing/gone"))
    release(released, directory, "libsecond", THING, THING[:2] + [Item("./usr/lib/thing/gone", b"not gone\n")])
    assert_fails(mirrored.suture("install", check=False), "libfirst", "libsecond", "usr/lib/thing/gone")
    mirrored.suture("install", "libfirst")
    assert not (mirrored.root / "usr/lib/thing/gone").exists()


# Ways to an image


def size_of(released, letter, kind):
    return next(released.repository.glob(f"targets/**/ways/*/{letter}/*.{kind}")).stat().st_size


@pytest.fixture
def ways(mirrored, released, directory):
    """One component with three letters: from (a) to (b), and from (b) to (c), is less than from the base."""
    blocks = [os.urandom(3000) for _ in range(5)]
    versions = [b"".join(blocks[:2]), b"".join(blocks[:3]), b"".join(blocks[:4]), b"".join(blocks)]
    packages = [[folder("./usr/lib/ways"), Item("./usr/lib/ways/data", content)] for content in versions]
    unmount_all(mirrored.root)
    unpack_items(packages[0], mirrored.root)
    mirrored.suture("install", COMPONENT)

    def go_to(letter):
        number = " abc".index(letter)
        release(released, directory, "ways", packages[0], packages[number], number)

    mirrored.go_to, mirrored.versions = go_to, versions
    return mirrored


def install(device):
    """What travelled: (kind, from)."""
    change, = device.report("install", "ways")["changes"]
    assert change["download"]["received"] > 0
    return change["download"]["kind"], change["download"].get("from")


def assert_at(device, letter):
    assert device.read("usr/lib/ways/data") == device.versions[" abc".index(letter)]
    assert device.active() == {COMPONENT: "a", "ways": letter}


def test_from_letter_to_letter_the_smallest_way_is_taken(ways):
    for letter, start in (("a", "base"), ("b", "a"), ("c", "b")):
        ways.go_to(letter)
        assert install(ways) == ("delta", start)
        assert_at(ways, letter)


def test_letters_may_be_skipped(ways):
    ways.go_to("a")
    assert install(ways) == ("delta", "base")
    ways.go_to("b")
    ways.go_to("c")
    assert install(ways) == ("delta", "base"), "no delta leads from (a) to (c)"
    assert_at(ways, "c")


def test_a_device_without_any_goes_to_the_newest_at_once(ways):
    for letter in "abc":
        ways.go_to(letter)
    assert install(ways) == ("delta", "base")
    assert_at(ways, "c")


@pytest.mark.parametrize("damage", ["absent", *DAMAGES])
def test_a_delta_that_is_missing_or_broken_gives_way_to_the_next(ways, mirror, damage):
    change = DAMAGES.get(damage, lambda body: Answer(404))
    ways.go_to("a")
    install(ways)
    ways.go_to("b")
    mirror.alter(r"\.from-a\.delta$", change)
    result = ways.suture("install", "ways")
    assert "from-a.delta" in result.stderr and "trying from-base.delta" in result.stderr
    assert_at(ways, "b")
    ways.go_to("c")
    mirror.alter(r"\.delta$", change)
    assert install(ways) == ("full", None)
    assert_at(ways, "c")
    assert list((ways.state / "staging").iterdir()) == []


def test_when_no_way_is_left_the_last_failure_is_told_and_nothing_changes(ways, mirror):
    ways.go_to("a")
    install(ways)
    ways.go_to("b")
    mirror.alter(r"\.(delta|zst)$", lambda body: Answer(404))
    result = ways.suture("install", "ways", check=False)
    assert_fails(result, "ways", "image.zst")
    assert result.stderr.count("trying") == 2
    assert_at(ways, "a")
    mirror.be_honest()
    assert install(ways) == ("delta", "a")


def test_a_network_that_fails_is_no_reason_to_take_more(ways, mirror):
    ways.go_to("a")
    mirror.alter(r"\.delta$", lambda body: Answer(body=body[:100], announced=len(body)))
    mirror.requests.clear()
    assert_fails(ways.suture("install", "ways", check=False), "broke off", "resume")
    assert not any(path.endswith(".zst") for path, _ in mirror.requests)
