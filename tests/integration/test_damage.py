# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes that were damaged on their way, or at a mirror: refused each time with a sentence that says what is wrong, while
(a) stays active; and the next honest answer is taken."""
import os

import pytest

from conftest import COMPONENT, Device, assert_fails, unmount_all
from metadata import Metadata
from mirror import DAMAGES
from packaging import Item, make_deb, unpack_items


def try_every_damage(device, mirror, pattern, *arguments):
    """Each damage in turn on the same device: none of them may spoil the try after it."""
    for damage, change in DAMAGES.items():
        mirror.alter(pattern, change)
        mirror.requests.clear()
        result = device.suture("install", *arguments, check=False)
        assert any(mirror.alterations[0][0].search(path) for path, _ in mirror.requests), f"{damage}: not asked for"
        assert_fails(result)
        yield damage, result.stderr
    mirror.be_honest()


@pytest.fixture
def device(mirrored, released, packages):
    """(a) is active, and (b) is there to be fetched."""
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    return mirrored


@pytest.mark.parametrize("pattern, words", [
    (r"\.(delta|image\.zst)$", ("delta", "image.zst", "expected", "describes", "larger")),
    (r"\.manifest\.json$", ("manifest.json", "larger", "allowed", "broke off")),
    (r"\.targets\.json$", ("targets", "snapshot metadata")),
    (r"\.snapshot\.json$", ("snapshot", "timestamp metadata")),
    (r"/timestamp\.json$", ("timestamp",)),
], ids=["every download", "manifest", "targets", "snapshot", "timestamp"])
def test_what_is_damaged_is_refused_and_the_old_letter_stays(device, mirror, libraries, pattern, words):
    for damage, sentence in try_every_damage(device, mirror, pattern):
        assert any(word in sentence for word in words), f"{damage}: {sentence}"
        assert device.read() == libraries["1.0-1+fix1"], damage
    device.assert_shows("a", libraries["1.0-1+fix1"])
    device.suture("install")
    device.assert_shows("b", libraries["1.0-1+fix2"])


def test_a_damaged_new_root_is_refused_and_the_next_good_one_is_taken(device, mirror, released, libraries):
    Metadata(released.repository, released.keys).follow("root")
    for damage, sentence in try_every_damage(device, mirror, r"/2\.root\.json$"):
        assert "root" in sentence, f"{damage}: {sentence}"
        assert device.read() == libraries["1.0-1+fix1"], damage
    device.suture("install")
    device.assert_shows("b", libraries["1.0-1+fix2"])
    assert b'"version": 2' in (device.state / "metadata/root.json").read_bytes().replace(b'":', b'": ')


def test_a_damaged_whole_image_is_refused_like_a_delta(directory, system, mirror, released, libraries):
    """A few bytes that resemble nothing: then the whole image is the smallest that can travel."""
    old, new = [Item("./usr/lib/thing", os.urandom(8))], [Item("./usr/lib/thing", os.urandom(8))]
    unpack_items(old, system)
    device = Device(directory, mirror.url, released.root)
    device.suture("install")
    released.release(make_deb(directory / "old.deb", "1", old), make_deb(directory / "new.deb", "2", new),
                     component="thing")
    for damage, sentence in try_every_damage(device, mirror, r"/thing/.*\.(delta|image\.zst)$", "thing"):
        assert "trying from-base.delta" in sentence, f"{damage}: {sentence}"
        assert device.read("usr/lib/thing") == old[0].content
    device.assert_shows("a", libraries["1.0-1+fix1"])
    device.suture("install", "thing")
    assert device.active() == {COMPONENT: "a", "thing": "a"}
    assert device.read("usr/lib/thing") == new[0].content


@pytest.mark.parametrize("rot", ["a flipped bit", "the first half", "lost"])
def test_an_image_that_rotted_on_the_device_is_not_activated_but_fetched_again(mirrored, libraries, rot):
    """After a restart of the machine /usr is the base; what was right when it was staged is looked at again."""
    unmount_all(mirrored.root)
    image = next((mirrored.state / "images").glob("*"))
    content = image.read_bytes()
    image.unlink()
    if rot != "lost":
        image.write_bytes(DAMAGES[rot](content))
        assert_fails(mirrored.suture("install", check=False), "the image", 'run "suture install"')
    assert mirrored.report("status")["verdict"] == "inactive"
    assert mirrored.read() == libraries["1.0-1"]
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_rotted_image_does_not_keep_the_next_letter_away(device, libraries):
    """The delta from (a) leads nowhere any more; the one from the base does, and is taken at once."""
    image = next((device.state / "images").glob("*"))
    content = DAMAGES["a flipped bit"](image.read_bytes())
    image.unlink()
    image.write_bytes(content)
    assert "was damaged on this device" in device.suture("install").stderr
    device.assert_shows("b", libraries["1.0-1+fix2"])
