# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGKILL between any two system calls that change what lasts: strace(1) ends the program as it begins one, so each of them
is once the first that did not come to pass. By default one call of each site is cut; CUTS=all cuts at all of them, and
CUTS=NUMBER at one of so many sites."""
import collections
import itertools
import json
import os
import pathlib
import shutil
import tempfile
import threading

import pytest

from calls import inject, one_of_each_site, record, sample, strace
from conftest import COMPONENT, LIBRARY, assert_fails, run, unmount_all
from whole import which


@pytest.fixture
def directory():
    """In memory: kill(1) does not lose what was written, so that fsync need not take its time."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="suture-test-", dir="/dev/shm"))
    yield path
    unmount_all(path / "system")
    shutil.rmtree(path)


class Reader(threading.Thread):
    """Opens and reads one file again and again, and keeps what went wrong."""

    def __init__(self, path, meaning):
        super().__init__(daemon=True)
        self.path, self.meaning, self.wrong, self.reads, self.ended = path, meaning, [], 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.001):
            try:
                if self.path.read_bytes() not in self.meaning:
                    self.wrong.append("a mixture")
            except OSError as error:
                self.wrong.append(str(error))
            self.reads += 1

    def stop(self):
        self.ended.set()
        self.join()
        assert self.reads > 0 and self.wrong == []


@pytest.fixture
def reader(device, libraries):
    reader = Reader(device.root / LIBRARY, set(libraries.values()))
    yield reader
    reader.stop()


def cut_everywhere(device, command, check, put_back, code=0):
    """Lets the command run once to know its calls, then cuts it at each; check() sees what is left, and put_back() makes
    it as it was. Returns how many sites each call has."""
    found = record(device.root.parent / "trace", device.command(command), code)
    check(f"{command} ran through", False)
    put_back()
    sites, killed = one_of_each_site(found), 0
    chosen = sample(sites)
    for call, number, site in chosen:
        result = inject(call, number, "signal=SIGKILL", device.command(command))
        assert result.returncode in (code, -9), (site, result.returncode, result.stderr)
        check(f"{command} was cut at {call} {number}, {site}", True)
        put_back()
        killed += result.returncode == -9
    calls = collections.Counter(call for call, _, _ in sites)
    print(f"{command}: cut at {killed} of {len(found)} calls, at {len(sites)} sites: {dict(calls)}")
    assert killed >= 0.9 * len(chosen), "the calls are not the same each time"
    return calls


def mounts_of(root):
    return [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if f" {root}/usr" in line]


def loops_of(state):
    """The images in the state directory that loop devices lie over: one each, with dm-verity or without."""
    files = [path.read_text().strip() for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file")]
    return [file for file in files if file.startswith(str(state)) and file.endswith(".erofs")]


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


@pytest.mark.usefixtures("reader")
def test_install_survives_a_kill_anywhere(device, systems):
    def check(when, was_cut):
        shown = which(device.root, systems)
        assert shown in (("base", "a") if was_cut else ("a",)), when
        assert device.report("status")["verdict"] in (["base"] if shown == "base" else committed(was_cut)), when
        device.suture("install")
        assert_is(device, systems, "a", ["a"], when)
        assert len(mounts_of(device.root)) == 1, when
        assert len(loops_of(device.state)) <= 1, when

    def put_back():
        unmount_all(device.root)
        shutil.rmtree(device.state)

    calls = cut_everywhere(device, "install", check, put_back)
    assert calls["renameat"] > 10 and calls["move_mount"] == 1 and calls["fsync"] > 5 and calls["write"] > 5


def top_of_usr(root):
    """The source of what is mounted last on root/usr."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    sources = [fields[fields.index("-") + 2] for fields in mounts if fields[4] == f"{root}/usr"]
    return sources[-1] if sources else None


def put_back(device, saved):
    """Generation 1 is what /usr shows, and the state is as it was."""
    while top_of_usr(device.root) != "suture:1":
        # Lazily: the reader has files open there now and then.
        run("umount", "--lazy", device.root / "usr")
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


@pytest.mark.usefixtures("reader")
def test_an_upgrade_survives_a_kill_anywhere_and_never_shows_the_base(device, released, packages, systems, directory):
    device.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    saved = directory / "saved"
    shutil.copytree(device.state, saved)

    def check(when, was_cut):
        shown = which(device.root, systems)
        assert shown in (("a", "b") if was_cut else ("b",)), when
        if was_cut:
            device.suture("status")
        device.suture("install")
        assert_is(device, systems, "b", ["a", "b"], when)
        assert len(mounts_of(device.root)) == 2, when

    calls = cut_everywhere(device, "install", check, lambda: put_back(device, saved))
    assert calls["move_mount"] == 1 and calls["renameat"] > 8


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("in_use", [False, True])
def test_a_removal_survives_a_kill_anywhere(device, systems, in_use):
    device.suture("install")
    held = [os.open(device.root / "usr", os.O_RDONLY)] if in_use else []
    removals = itertools.count(1)

    def check(when, was_cut):
        assert which(device.root, systems) in (("base", "a") if was_cut else ("base",)), when
        device.suture("status")
        device.suture("remove")
        assert_is(device, systems, "base", ["a", "base"] * next(removals), when)
        assert [item["component"] for item in document(device, "state")["kept_off"]] == [COMPONENT], when

    def install_again():
        device.suture("install", COMPONENT)
        if in_use:
            os.close(held.pop())
            held.append(os.open(device.root / "usr", os.O_RDONLY))

    calls = cut_everywhere(device, "remove", check, install_again)
    for fd in held:
        os.close(fd)
    # A reader that has a file open at that very instant makes it a generation in use.
    assert calls["move_mount"] + (0 if in_use else calls["umount2"]) >= 1 and calls["renameat"] >= 4


def lose_the_image(device, saved):
    """/usr keeps what it shows: the image's file is there as long as it is mounted."""
    put_back(device, saved)
    for path in (device.state / "images").glob("*.erofs"):
        path.unlink()


@pytest.mark.parametrize("what", ["error=ENOSPC", "signal=SIGKILL"])
def test_the_history_has_nothing_of_a_commit_that_did_not_come_to_pass(device, what):
    """It takes its name before the state does."""
    device.suture("install")
    found = record(device.root.parent / "trace", device.command("remove"))
    call, number, _ = next(each for each in found if each[0].startswith("rename") and '"state.json"' in each[2])
    device.suture("install", COMPONENT)
    inject(call, number, what, device.command("remove"))
    assert [entry["action"] for entry in document(device, "history")["entries"]] == ["install", "remove", "install", "remove"]
    assert [entry["action"] for entry in device.report("history")["entries"]] == ["install", "remove", "install"]
    device.suture("remove")
    assert [entry["transaction"] for entry in device.report("history")["entries"]] == [1, 2, 3, 4]


@pytest.mark.usefixtures("reader")
def test_a_repair_survives_a_kill_anywhere_and_never_shows_the_base(device, systems, directory):
    device.suture("install")
    saved = directory / "saved"
    shutil.copytree(device.state, saved)
    lose_the_image(device, saved)

    def check(when, was_cut):
        assert which(device.root, systems) == "a", when
        assert device.report("status")["verdict"] in (["corrupt", *committed(True)] if was_cut else ["protected"]), when
        device.suture("repair")
        assert which(device.root, systems) == "a", when
        assert device.report("status")["verdict"] == "protected", when
        assert len(list((device.state / "images").glob("*.erofs"))) == 1, when
        assert len(mounts_of(device.root)) >= 2, f"{when}: what is mounted is the image that was lost"
        assert not (device.state / "journal.json").exists()

    calls = cut_everywhere(device, "repair", check, lambda: lose_the_image(device, saved))
    assert calls["move_mount"] == 1 and calls["renameat"] >= 5


@pytest.mark.usefixtures("reader")
def test_going_back_survives_a_kill_anywhere(device, systems, directory):
    device.suture("install")
    saved = directory / "saved"
    shutil.copytree(device.state, saved)
    lose_the_image(device, saved)
    server, device.url = device.url, "http://127.0.0.1:9"

    def check(when, was_cut):
        assert which(device.root, systems) in (("base", "a") if was_cut else ("base",)), when
        assert device.report("status")["verdict"] in (["corrupt", "inactive"] if was_cut else ["inactive"]), when
        assert_fails(device.suture("repair", check=False), "shows the base")
        assert which(device.root, systems) == "base", when

    def put_all_back():
        device.url = server
        device.suture("repair")
        assert which(device.root, systems) == "a"
        unmount_all(device.root)
        shutil.rmtree(device.state)
        device.suture("install")
        lose_the_image(device, saved)
        device.url = "http://127.0.0.1:9"

    calls = cut_everywhere(device, "repair", check, put_all_back, code=1)
    assert calls["umount2"] + calls["move_mount"] >= 1


def test_when_the_builder_of_a_generation_is_killed_install_fails_and_the_base_stays(device, systems):
    """The generation is built by a child process; -f lets strace reach it."""
    for number in itertools.count(1):
        result = strace(["-f", "-o", "/dev/null", "-e", "trace=move_mount",
                         "-e", f"inject=move_mount:signal=SIGKILL:when={number}"], device.command("install"))
        if result.returncode == 0:
            break
        assert_fails(result, "the helper process ended")
        assert which(device.root, systems) == "base"
    assert number > 1
    assert which(device.root, systems) == "a"
