# SPDX-License-Identifier: LGPL-2.1-or-later
"""An improvement is made for exact bytes of one OS. On any other base it is refused with the name of the file that
differs, and what the base has left behind goes away by itself."""
import os

import pytest

from conftest import COMPONENT, LIBRARY, assert_fails
from packaging import Item, directory as folder, make_deb, unpack_items

OLD = [folder("./usr/lib/thing"), Item("./usr/lib/thing/one", b"one\n"), Item("./usr/lib/thing/two", b"two\n")]
NEW = OLD[:2] + [Item("./usr/lib/thing/two", b"fixed\n"), Item("./usr/lib/thing/three", b"three\n")]


@pytest.fixture
def thing(device, released, directory):
    """A second component, of several files, and a device on which it fits."""
    unpack_items(OLD, device.root)
    released.release(make_deb(directory / "old.deb", "1", OLD), make_deb(directory / "new.deb", "2", NEW),
                     component="thing")
    return device


def assert_refused_until_mended(device, component, path, *words, mend):
    """By name it fails, in general it is a note; nothing is mounted; once the base is mended it installs."""
    before = device.read(path) if (device.root / path).is_file() else None
    assert_fails(device.suture("install", component, check=False), f"no improvement for {component}", path, *words)
    assert component not in device.active()
    assert (device.read(path) if (device.root / path).is_file() else None) == before
    mend()
    device.suture("install", component)
    assert device.active()[component] == "a"


def test_one_changed_byte_in_the_base_refuses_and_names_the_file(device, libraries):
    library = device.root / LIBRARY
    changed = bytearray(libraries["1.0-1"])
    changed[len(changed) // 2] ^= 1
    library.write_bytes(changed)
    assert_refused_until_mended(device, COMPONENT, LIBRARY, "its bytes differ",
                                mend=lambda: library.write_bytes(libraries["1.0-1"]))
    device.assert_shows("a", libraries["1.0-1+fix1"])


def test_another_base_is_told_without_failing_where_nothing_was_asked_for_by_name(device):
    (device.root / LIBRARY).write_bytes(b"another library")
    result = device.suture("install")
    assert "not for this system: liborigin" in result.stdout and LIBRARY in result.stdout
    plan = device.report("check")
    assert plan["changes"] == []
    assert [item["component"] for item in plan["not_for_this_system"]] == [COMPONENT]


def test_a_missing_base_file_refuses_and_names_it(thing):
    two = thing.root / "usr/lib/thing/two"
    two.unlink()
    assert_refused_until_mended(thing, "thing", "usr/lib/thing/two", "it is missing",
                                mend=lambda: two.write_bytes(b"two\n"))


def test_what_is_no_file_in_a_base_files_place_refuses(thing):
    two = thing.root / "usr/lib/thing/two"
    two.unlink()
    os.mkfifo(two)

    def mend():
        two.unlink()
        two.write_bytes(b"two\n")

    assert_refused_until_mended(thing, "thing", "usr/lib/thing/two", "not a regular file", mend=mend)


def test_a_symlink_to_the_right_bytes_is_not_the_base_file(thing):
    """An image cannot replace what a symlink leads to."""
    two = thing.root / "usr/lib/thing/two"
    two.rename(two.with_name("elsewhere"))
    two.symlink_to("elsewhere")

    def mend():
        two.unlink()
        two.with_name("elsewhere").rename(two)

    assert_refused_until_mended(thing, "thing", "usr/lib/thing/two", "it is", mend=mend)


def test_a_file_of_the_system_where_the_improvement_adds_one_is_not_hidden(thing):
    three = thing.root / "usr/lib/thing/three"
    three.write_bytes(b"the administrator's own\n")
    assert_refused_until_mended(thing, "thing", "usr/lib/thing/three", "stands where", mend=three.unlink)
    assert thing.read("usr/lib/thing/three") == b"three\n"


def test_a_component_that_is_not_there_at_all_is_not_installed(device, released, directory):
    released.release(make_deb(directory / "old.deb", "1", OLD), make_deb(directory / "new.deb", "2", NEW),
                     component="thing")
    assert_fails(device.suture("install", "thing", check=False), "no improvement for thing", "not installed")
    assert not (device.root / "usr/lib/thing").exists()
    device.suture("install")
    assert device.active() == {COMPONENT: "a"}


@pytest.mark.parametrize("moved", ["to the fix", "away"])
def test_a_base_that_moved_on_retires_its_improvement_and_is_never_shadowed(device, libraries, moved):
    """What an OS update does below the overlay: the file of a newer version takes the place of the old one."""
    base = os.open(device.root / "usr", os.O_PATH | os.O_DIRECTORY)
    try:
        device.suture("install")
        newer = libraries["1.0-1+fix1"] if moved == "to the fix" else b"version 2"
        library = f"/proc/self/fd/{base}/{LIBRARY.removeprefix('usr/')}"
        with open(library + ".new", "wb") as file:
            file.write(newer)
        os.replace(library + ".new", library)
        result = device.suture("install")
    finally:
        os.close(base)
    assert "the base has moved on" in result.stdout
    device.assert_shows(None, newer)
    assert [entry["action"] for entry in device.report("history")["entries"]] == ["install", "retire"]


@pytest.mark.parametrize("line, other", [("ID=examplix", "ID=otherix"), ('VERSION_ID="7"', 'VERSION_ID="8"')])
def test_another_os_release_has_no_improvement(device, libraries, line, other):
    release = device.root / "usr/lib/os-release"
    text = release.read_text()
    release.write_text(text.replace(line, other))
    assert_fails(device.suture("install", COMPONENT, check=False), COMPONENT,
                 other.split("=")[1].strip('"'), "x86_64" if os.uname().machine == "x86_64" else "")
    device.assert_shows(None, libraries["1.0-1"])
    release.write_text(text)
    device.suture("install")
    device.assert_shows("a", libraries["1.0-1+fix1"])


def test_another_image_of_an_image_based_os_is_refused(device, released, packages, libraries):
    release = device.root / "usr/lib/os-release"
    release.write_text(release.read_text().replace('"7"', '"7i"') + "IMAGE_VERSION=41\n")
    released.release(packages["1.0-1"], packages["1.0-1+fix1"])
    release.write_text(release.read_text().replace("41", "42"))
    assert_fails(device.suture("install", COMPONENT, check=False), "no improvement", "41", "42")
    device.assert_shows(None, libraries["1.0-1"])
    release.write_text(release.read_text().replace("42", "41"))
    device.suture("install")
    device.assert_shows("a", libraries["1.0-1+fix1"])


def test_another_architecture_has_no_improvement(device, released, packages, libraries):
    released.release(packages["1.0-1"], packages["1.0-1+fix1"], "--arch=sparc64", component="other")
    assert_fails(device.suture("install", "other", check=False), "other", os.uname().machine)
    device.assert_shows(None, libraries["1.0-1"])


def test_a_system_without_os_release_is_told_so(device, libraries):
    (device.root / "usr/lib/os-release").unlink()
    assert_fails(device.suture("install", check=False), "os-release")
    assert device.read() == libraries["1.0-1"]
