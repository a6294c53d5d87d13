# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is to last is made to last, and no more often than it must: each flush that Suture asks the disk for is waited for by
whatever else writes to it. Read from the system calls, by strace(1)."""
import os
import re
import shutil

import pytest

from calls import inject, record, strace
from conftest import COMPONENT, assert_fails, unmount_all

FLUSHES = ["fsync", "fdatasync", "sync", "syncfs", "sync_file_range"]
MOVES = ["renameat", "renameat2", "rename"]


class Disk:
    """What a power cut could still undo, call by call: names in folders, and bytes in files that have taken their name."""

    def __init__(self, state):
        self.state, self.flushes = state, 0
        self.whole, self.open, self.moved = set(), set(), []
        self.at_swap = None

    def see(self, line):
        call, text = re.search(r"(\w+)\((.*)", line).groups()
        if call in FLUSHES:
            assert call == "fsync", line
            path = re.search(r"<(.*?)>", text)[1]
            self.flushes += 1
            self.whole.add(path)
            self.open.discard(path)
        elif call in MOVES:
            source, target = (f"{folder}/{name}" for folder, name in re.findall(r'<([^>]*)>, "([^"]*)"', text))
            assert source in self.whole, f"{source} takes its name before its bytes are durable"
            self.moved.append(target)
            self.open.add(os.path.dirname(target))
        elif call == "unlinkat" and '"journal.json"' in text:
            self.open.add(str(self.state))
        elif call == "move_mount" and '/system/usr", MOVE' in text:
            assert self.at_swap is None
            self.at_swap = set(self.open)


def of_verity(disk):
    """Where the kernel has dm-verity, an image's hash tree is one more file, in a folder of its own flush."""
    return 2 * sum(target.endswith(".verity") for target in disk.moved)


def watch(device, *arguments, check=True, unsure=()):
    """unsure: folders in which names are not durable before."""
    trace = device.root.parent / "trace"
    result = strace(["-f", "-y", "-s", "4096", "-o", trace, "-e",
                     "trace=unlinkat,move_mount," + ",".join(FLUSHES + MOVES)], device.command(*arguments))
    assert not check or result.returncode == 0, result.stderr
    disk = Disk(device.state)
    disk.open.update(unsure)
    for line in trace.read_text().splitlines():
        if re.search(r"\) += 0", line) and "<unfinished" not in line:
            disk.see(line)
    return disk, result


@pytest.fixture
def life(device, released, packages):
    """What a device does in its life, each watched: {what: Disk}."""
    seen = {"install": watch(device, "install")[0]}
    device.suture("install")
    seen["nothing new"] = watch(device, "install")[0]
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    seen["upgrade"] = watch(device, "install")[0]
    seen["remove"] = watch(device, "remove")[0]
    return seen


# The first install makes what every later one finds.
MOST = {"install": 31, "nothing new": 2, "upgrade": 20, "remove": 7}


def test_a_command_asks_the_disk_for_few_flushes_and_leaves_nothing_that_a_power_cut_could_undo(life):
    for what, disk in life.items():
        print(f"{what}: {disk.flushes} flushes")
        assert disk.open == set(), what
    assert {what: disk.flushes for what, disk in life.items() if disk.flushes > MOST[what] + of_verity(disk)} == {}


def test_all_that_a_swap_relies_on_is_durable_before_it(life):
    assert {what: disk.at_swap for what, disk in life.items()} == {
        "install": set(), "nothing new": None, "upgrade": set(), "remove": set()}


def kill_as_the_image_has_its_name(device, command):
    """Lets the command run once to know its calls; the caller puts back what it did."""
    found = iter(record(device.root.parent / "trace", device.command(command)))
    next(site for call, _, site in found if call.startswith("rename") and ".erofs" in site)
    call, number, site = next(each for each in found if each[0] == "fsync")
    assert "images" in site

    def kill():
        assert inject(call, number, "signal=SIGKILL", device.command(command)).returncode == -9
        assert list((device.state / "images").glob("*.erofs")) != []
    return kill


def test_an_image_that_a_killed_run_has_named_is_durable_before_the_swap(device):
    kill = kill_as_the_image_has_its_name(device, "install")
    unmount_all(device.root)
    shutil.rmtree(device.state)
    kill()
    disk, _ = watch(device, "install", unsure=[f"{device.state}/images"])
    assert disk.at_swap == set() and disk.open == set()


def test_an_image_that_a_killed_repair_has_named_is_durable_before_the_swap(device):
    device.suture("install")
    image, = (device.state / "images").glob("*.erofs")

    def spoil():
        image.unlink()
        image.write_bytes(b"x")
    spoil()
    kill = kill_as_the_image_has_its_name(device, "repair")
    spoil()
    kill()
    disk, _ = watch(device, "repair", unsure=[f"{device.state}/images"])
    assert disk.at_swap == set() and disk.open == set()


def test_a_check_leaves_at_most_manifests_that_would_be_fetched_again(device, released, packages):
    device.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    disk, _ = watch(device, "check")
    assert disk.open == {f"{device.state}/manifests"} and disk.flushes <= 8
    for path in (device.state / "manifests").iterdir():
        if str(path) in disk.moved:
            path.unlink()
    device.suture("install")
    assert device.active() == {COMPONENT: "b"}


def test_what_a_refresh_that_fails_has_learned_is_durable(device, released, packages):
    device.suture("install")
    before = (device.state / "metadata/timestamp.json").read_bytes()
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    for path in (released.repository / "metadata").glob("*.targets.json"):
        path.unlink()
    disk, result = watch(device, "install", check=False)
    assert_fails(result, "targets.json")
    assert (device.state / "metadata/timestamp.json").read_bytes() != before
    assert disk.open == set() and disk.flushes > 0
