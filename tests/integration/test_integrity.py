# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images that rot while they are active, and what Integrity= asks of them; here, without dm-verity and fs-verity, a repair
is begun by hand. The kernel's guards are in tests/vm/integrity."""
import json

import pytest

from conftest import BUILD, COMPONENT, LIBRARY, Device, assert_fails, run, unmount_all
from packaging import Item, make_deb, unpack_items
from whole import which

OTHER = "usr/lib/thing"


@pytest.fixture
def pair(directory, system, mirror, released):
    """(a) of the example and (a) of another component, both active; the mirror can be told to go away."""
    old, new = [Item(f"./{OTHER}", b"thing 1\n" * 1000)], [Item(f"./{OTHER}", b"thing 2\n" * 1000)]
    unpack_items(old, system)
    released.release(make_deb(directory / "old.deb", "1", old), make_deb(directory / "new.deb", "2", new),
                     component="thing")
    device = Device(directory, mirror.url, released.root)
    device.suture("install")
    mirror.be_honest()
    return device


@pytest.fixture
def configured(device):
    """A device that finds its state by its configuration, as suture-boot does; more lines can be added to that."""
    def configure(*lines):
        (device.root / "etc/suture").mkdir(exist_ok=True)
        (device.root / "etc/suture/suture.conf").write_text("\n".join(["[Suture]", f"State={device.state}", *lines, ""]))
    device.configure = configure
    configure()
    return device


def image_of(device, path=LIBRARY):
    """The image that brings a file."""
    content = device.read(path)[:4096]
    image, = [each for each in (device.state / "images").glob("*.erofs") if content in each.read_bytes()]
    return image


def rot(image):
    """One bit of its last block, on the disk and for whoever has the file open."""
    with open(image, "r+b") as file:
        file.seek(-4096, 2)
        first = file.read(1)
        file.seek(-4096, 2)
        file.write(bytes([first[0] ^ 1]))


def history(device):
    return [(entry["action"], entry["component"]) for entry in device.report("history")["entries"]]


def generation(device):
    return device.report("status")["generation"]


def test_a_repair_of_what_is_right_changes_nothing(pair, mirror):
    mounts = run("cat", "/proc/self/mountinfo").stdout
    mirror.requests.clear()
    assert "Nothing to repair" in pair.suture("repair").stdout
    assert pair.report("repair")["changes"] == []
    assert mirror.requests == []
    assert run("cat", "/proc/self/mountinfo").stdout == mounts


@pytest.mark.parametrize("damage", ["rotted", "lost"])
def test_a_repair_fetches_the_same_letter_again_and_shows_it(pair, libraries, damage):
    image = image_of(pair)
    right = image.read_bytes()
    rot(image) if damage == "rotted" else image.unlink()
    result = pair.suture("repair", "--json")
    assert [(change["action"], change["component"], change["letter"]) for change in json.loads(result.stdout)["changes"]] \
        == [("repair", COMPONENT, "a")]
    assert image.read_bytes() == right
    pair.assert_shows("a", libraries["1.0-1+fix1"])
    assert pair.active()["thing"] == "a"
    assert pair.report("status")["verdict"] == "protected"
    assert history(pair)[-1] == ("repair", COMPONENT)


def test_a_repair_takes_no_newer_letter(pair, released, packages, libraries):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    rot(image_of(pair))
    pair.suture("repair")
    pair.assert_shows("a", libraries["1.0-1+fix1"])
    pair.suture("install")
    pair.assert_shows("b", libraries["1.0-1+fix2"])


def test_what_cannot_be_repaired_shows_the_base_and_the_rest_stays(pair, mirror, libraries):
    rot(image_of(pair))
    mirror.alter("", lambda _: b"")
    assert_fails(pair.suture("repair", check=False), "shows the base")
    assert pair.read() == libraries["1.0-1"]
    assert pair.read(OTHER) == b"thing 2\n" * 1000
    status = pair.report("status")
    assert (status["verdict"], [problem.get("component") for problem in status["boot_problems"]]) == \
        ("partial", [COMPONENT, None])
    assert "suture install" in pair.suture("status").stdout
    shown = generation(pair)
    assert_fails(pair.suture("repair", check=False), "shows the base")
    assert generation(pair) == shown, "a try that changes nothing mounts nothing"
    mirror.be_honest()
    pair.suture("repair")
    pair.assert_shows("a", libraries["1.0-1+fix1"])
    assert pair.report("status")["verdict"] == "protected"


def test_the_only_one_that_cannot_be_repaired_leaves_the_base(mirrored, mirror, libraries):
    rot(image_of(mirrored))
    mirror.alter("", lambda _: b"")
    assert_fails(mirrored.suture("repair", check=False), "shows the base")
    assert mirrored.read() == libraries["1.0-1"]
    assert mirrored.report("status")["verdict"] == "inactive"
    mirror.be_honest()
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_disk_that_spoils_one_image_after_the_other_is_given_no_fourth_in_a_day(pair, libraries):
    for _ in range(3):
        rot(image_of(pair))
        pair.suture("repair")
    rot(image_of(pair))
    assert_fails(pair.suture("repair", check=False), "3 times within a day", "shows the base")
    assert pair.read() == libraries["1.0-1"]
    pair.suture("install")
    pair.assert_shows("a", libraries["1.0-1+fix1"])


def test_package_managers_bring_back_what_has_not_rotted_meanwhile(pair, libraries):
    pair.suture("suspend")
    pair_image, = [each for each in (pair.state / "images").glob("*.erofs") if b"thing 2" not in each.read_bytes()]
    rot(pair_image)
    assert_fails(pair.suture("resume", check=False), "not all improvements are active again")
    assert pair.read() == libraries["1.0-1"]
    assert pair.read(OTHER) == b"thing 2\n" * 1000
    pair.suture("repair")
    pair.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_word_that_is_no_integrity_is_refused_with_its_line(configured):
    configured.configure("Integrity=kernal")
    assert_fails(configured.suture("status", check=False), "etc/suture/suture.conf:3", "kernel")


@pytest.mark.parametrize("word", ["kernel", "dm-verity", "fs-verity"])
def test_what_cannot_be_guarded_as_is_wanted_is_not_installed(configured, libraries, word):
    configured.configure(f"Integrity={word}")
    assert_fails(configured.suture("install", check=False), COMPONENT, f"Integrity={word}")
    assert configured.read() == libraries["1.0-1"]
    assert configured.report("status")["verdict"] == "base"
    configured.configure("Integrity=any")
    configured.suture("install")
    configured.assert_shows("a", libraries["1.0-1+fix1"])


def test_what_is_active_is_told_when_more_is_wanted_and_the_next_boot_leaves_it_out(configured, systems):
    configured.suture("install")
    assert configured.report("status")["integrity_met"] is True
    configured.configure("Integrity=kernel")
    assert configured.report("status")["integrity_met"] is False
    assert "Integrity=kernel wants more" in configured.suture("status").stdout
    unmount_all(configured.root)
    (configured.root / "run").mkdir(exist_ok=True)
    run(BUILD / "suture-boot", "activate", f"--root={configured.root}")
    assert which(configured.root, systems) == "base"
    assert "Integrity=kernel" in configured.report("status")["boot_problems"][0]["reason"]
    configured.configure()
    run(BUILD / "suture-boot", "activate", f"--root={configured.root}")
    assert which(configured.root, systems) == "a"
