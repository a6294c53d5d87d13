# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGKILL between any two steps. strace(1) ends the program as it begins the N-th call of one kind, for N from 1 on
until it runs through; so each rename and each mount is once the one that did not come to pass."""
import itertools
import json
import os
import pathlib
import shutil
import tempfile

import pytest

from conftest import COMPONENT, assert_fails, run, unmount_all
from whole import which

# What makes a difference that lasts. fsyncs are many, and alike: every third is enough.
CALLS = {"renameat": 1, "move_mount": 1, "umount2": 1, "unlinkat": 1, "mkdirat": 2, "fsync": 3}


@pytest.fixture
def directory():
    """In memory: kill(1) does not lose what was written, so that fsync need not take its time."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="suture-test-", dir="/dev/shm"))
    yield path
    unmount_all(path / "system")
    shutil.rmtree(path)


def trace(call, number, *command):
    """LeakSanitizer cannot work below a tracer."""
    return run("strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}",
               *command, check=False, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


def cut(device, command, call, number):
    """Runs a command until it begins its N-th call; true when it was cut, false when it ran through."""
    result = trace(call, number, *device.command(command))
    assert "Sanitizer" not in result.stderr, result.stderr
    assert result.returncode in (0, -9), (call, number, result.returncode, result.stderr)
    return result.returncode == -9


def count_cuts(device, command, check, calls):
    """Cuts the command at each of the calls; check() sees what is left of it, and puts everything back."""
    cuts = {}
    for call in calls:
        for number in itertools.count(1, CALLS[call]):
            was_cut = cut(device, command, call, number)
            check(f"{command} was cut at {call} {number}", was_cut)
            if not was_cut:
                break
            cuts[call] = cuts.get(call, 0) + 1
    return cuts


def document(device, name):
    """Read by itself: "suture status" each time would take longer than all else."""
    return json.loads((device.state / f"{name}.json").read_text())


def assert_is(device, systems, letter, history, when):
    """What /usr shows, what the state says, what was done, and nothing left of an interrupted run."""
    assert which(device.root, systems) == letter, when
    assert [item["letter"] for item in document(device, "state")["active"]] == [letter] * (letter != "base"), when
    assert [entry.get("letter", "base") for entry in document(device, "history")["entries"]] == history, when
    assert not (device.state / "journal.json").exists()
    assert list((device.state / "staging").iterdir()) == []
    assert [path for path in device.state.rglob(".*.tmp")] == []


def committed(was_cut):
    """The verdicts there may be once /usr shows what is new."""
    return ["protected", "interrupted"] if was_cut else ["protected"]


def test_install_survives_a_kill_anywhere(device, systems):
    def check(when, was_cut):
        shown = which(device.root, systems)
        assert shown in (("base", "a") if was_cut else ("a",)), when
        assert device.report("status")["verdict"] in (["base"] if shown == "base" else committed(was_cut)), when
        device.suture("install")
        assert_is(device, systems, "a", ["a"], when)
        unmount_all(device.root)
        shutil.rmtree(device.state)

    cuts = count_cuts(device, "install", check, CALLS)
    assert cuts["renameat"] > 10
    assert cuts["move_mount"] == 1
    assert cuts["fsync"] > 5


def top_of_usr(root):
    """The source of what is mounted last on root/usr."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    sources = [fields[fields.index("-") + 2] for fields in mounts if fields[4] == f"{root}/usr"]
    return sources[-1] if sources else None


def put_back(device, saved):
    """Generation 1 is what /usr shows, and the state is as it was."""
    while top_of_usr(device.root) != "suture:1":
        run("umount", device.root / "usr")
    kept = {path.name for path in (saved / "images").iterdir()}
    for path in device.state.iterdir():
        if path.is_dir() and path.name != "images":
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    for path in (device.state / "images").iterdir():
        if path.name not in kept:
            path.unlink()
    shutil.copytree(saved, device.state, dirs_exist_ok=True, ignore=shutil.ignore_patterns("images"))


def test_an_upgrade_survives_a_kill_anywhere_and_never_shows_the_base(device, released, packages, systems, directory):
    device.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    saved = directory / "saved"
    shutil.copytree(device.state, saved)

    def check(when, was_cut):
        shown = which(device.root, systems)
        assert shown in (("a", "b") if was_cut else ("b",)), when
        assert device.report("status")["verdict"] in (["protected"] if shown == "a" else committed(was_cut)), when
        device.suture("install")
        assert_is(device, systems, "b", ["a", "b"], when)
        put_back(device, saved)

    cuts = count_cuts(device, "install", check, ["renameat", "move_mount", "unlinkat", "fsync"])
    assert cuts["move_mount"] == 1
    assert cuts["renameat"] > 8


@pytest.mark.parametrize("in_use, calls", [(False, ["umount2", "renameat", "unlinkat", "fsync"]),
                                           (True, ["move_mount", "renameat"])])
def test_a_removal_survives_a_kill_anywhere(device, systems, in_use, calls):
    device.suture("install")
    held = os.open(device.root / "usr", os.O_RDONLY) if in_use else -1
    removals = itertools.count(1)

    def check(when, was_cut):
        nonlocal held
        assert which(device.root, systems) in (("base", "a") if was_cut else ("base",)), when
        device.suture("status")
        device.suture("remove")
        assert_is(device, systems, "base", ["a", "base"] * next(removals), when)
        device.suture("install", COMPONENT)
        if in_use:
            os.close(held)
            held = os.open(device.root / "usr", os.O_RDONLY)

    cuts = count_cuts(device, "remove", check, calls)
    if in_use:
        os.close(held)
    assert cuts[calls[0]] >= 1
    assert cuts["renameat"] >= 4


def test_when_the_builder_of_a_generation_is_killed_install_fails_and_the_base_stays(device, systems):
    """The generation is built by a child process; -f lets strace reach it."""
    for number in itertools.count(1):
        result = trace("move_mount", number, "-f", *device.command("install"))
        if result.returncode == 0:
            break
        assert_fails(result, "the helper process ended")
        assert which(device.root, systems) == "base"
    assert number > 1
    assert which(device.root, systems) == "a"
