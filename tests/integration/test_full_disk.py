# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disk with the state is full, at each place where that can be met in turn: what was active still is, one sentence
says so, and with space again the next install works."""
import errno
import itertools
import os
import re
import shutil

import pytest

from calls import inject, one_of_each_site, record, sample
from conftest import COMPONENT, assert_fails, run, unmount_all
from whole import which

PAGE = os.sysconf("SC_PAGE_SIZE")
PLENTY = 1024


@pytest.fixture
def small(device):
    """The state directory is a file system of its own."""
    device.state.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"mode=0755,size={PLENTY * PAGE},nr_inodes={PLENTY}", "tmpfs", device.state)
    yield device
    unmount_all(device.root)
    run("umount", "-l", device.state)


def leave(state, free):
    """Makes the file system so small that this many pages are left."""
    status = os.statvfs(state)
    used = (status.f_blocks - status.f_bfree) * status.f_frsize // PAGE
    run("mount", "-o", f"remount,size={(used + free) * PAGE}", state)


def leave_inodes(state, free):
    status = os.statvfs(state)
    run("mount", "-o", f"remount,nr_inodes={status.f_files - status.f_ffree + free}", state)


def give_plenty(state):
    run("mount", "-o", f"remount,size={PLENTY * PAGE},nr_inodes={PLENTY}", state)


def fill_up(device, systems, shrink, before, after, reset):
    """Lets install run with ever more space until it succeeds; gives the sentences of all its failures."""
    sentences = []
    for free in itertools.count(1):
        shrink(device.state, free)
        result = device.suture("install", check=False)
        if result.returncode == 0:
            break
        assert_fails(result, "No space left on device", str(device.state))
        sentences.append(result.stderr)
        assert which(device.root, systems) == before, result.stderr
        device.suture("status")
        give_plenty(device.state)
        device.suture("install")
        assert which(device.root, systems) == after, result.stderr
        reset()
    assert which(device.root, systems) == after
    give_plenty(device.state)
    assert device.active() == {COMPONENT: after}
    return sentences


def empty(directory):
    for path in directory.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def assert_met(sentences, *places):
    for place in places:
        assert any(place in sentence for sentence in sentences), (place, sentences)


def test_first_install(small, systems):
    def reset():
        unmount_all(small.root)
        empty(small.state)

    sentences = fill_up(small, systems, leave, "base", "a", reset)
    assert_met(sentences, "metadata/", "manifests/", "state.json", "needs")
    assert all(re.search(r"needs [\d,.]+ \w+, and [\d,.]+ \w+ are free", sentence)
               for sentence in sentences if "needs" in sentence)


def test_first_install_without_inodes(small, systems):
    def reset():
        unmount_all(small.root)
        empty(small.state)

    sentences = fill_up(small, systems, leave_inodes, "base", "a", reset)
    assert_met(sentences, "metadata/", "manifests/", ".download", "state.json", ".image")


def test_upgrade_leaves_a_active(small, released, packages, systems, directory):
    small.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    saved = directory / "saved"
    shutil.copytree(small.state, saved)

    def reset():
        """(a) again, and nothing known of (b)."""
        run("umount", small.root / "usr")
        empty(small.state)
        shutil.copytree(saved, small.state, dirs_exist_ok=True)

    sentences = fill_up(small, systems, leave, "a", "b", reset)
    assert_met(sentences, "waiting.json", "needs")


ERRORS = ["ENOSPC", "EIO", "EDQUOT"]
# What a disk can fail at. Others fail for other reasons, or are only about what is left over.
OF_THE_DISK = ["write", "openat", "mkdirat", "renameat", "fsync", "ftruncate"]


def fail_everywhere(device, command, check, put_back, directory):
    """The command, with an error at each site in turn, one of three kinds; by default at every other site."""
    found = record(directory / "trace", device.command(command))
    check(None, 0, "")
    put_back()
    chosen = [item for item in one_of_each_site(found) if item[0] in OF_THE_DISK]
    chosen = chosen if os.environ.get("CUTS") == "all" else sample(chosen)[::2]
    failed = 0
    for index, (call, number, site) in enumerate(chosen):
        error = ERRORS[index % 3]
        result = inject(call, number, f"error={error}", device.command(command))
        when = f"{command}: {error} at {call} {number}, {site}"
        if result.returncode != 0:
            assert_fails(result, os.strerror(getattr(errno, error)))
            failed += 1
        check(when, result.returncode, result.stderr)
        put_back()
    print(f"{command}: {len(chosen)} of {len(found)} calls failed, and {failed} times the command")
    # It is done without its history, its ledger and the number in its lock.
    assert failed >= len(chosen) / 4


def test_what_is_active_and_what_the_state_says_agree_wherever_an_upgrade_fails(
        small, released, packages, systems, directory):
    """Some file systems have no room to rename, and tell of a broken disk as late as at fsync(2)."""
    small.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    saved = directory / "saved"
    shutil.copytree(small.state, saved)

    def check(when, code, _):
        shown = which(small.root, systems)
        assert shown in (("a", "b") if code else ("b",)), when
        assert small.active() == {COMPONENT: shown}, when
        small.suture("install")
        assert which(small.root, systems) == "b", when
        assert not (small.state / "journal.json").exists()

    def put_back():
        while small.report("status")["generation"] != 1:
            run("umount", small.root / "usr")
        empty(small.state)
        shutil.copytree(saved, small.state, dirs_exist_ok=True)

    fail_everywhere(small, "install", check, put_back, directory)


def test_what_is_active_and_what_the_state_says_agree_wherever_a_removal_fails(small, systems, directory):
    small.suture("install")

    def check(when, code, said):
        shown = which(small.root, systems)
        assert shown in (("a", "base") if code else ("base",)), when
        assert small.active() == ({} if shown == "base" else {COMPONENT: "a"}), when
        small.suture("remove")
        assert which(small.root, systems) == "base", when
        is_told = "this is missing in the history" in said
        assert is_told or small.report("history")["entries"][-1]["action"] == "remove", when

    fail_everywhere(small, "remove", check, lambda: small.suture("install", COMPONENT), directory)


def test_a_read_only_state_directory_is_an_answer(small, systems):
    small.suture("install")
    run("mount", "-o", "remount,ro", small.state)
    for command in ("install", "check", "remove"):
        assert_fails(small.suture(command, check=False), "Read-only file system", str(small.state))
    assert which(small.root, systems) == "a"
    assert small.report("status")["verdict"] == "protected"
    run("mount", "-o", "remount,rw", small.state)
    small.suture("remove")
    assert which(small.root, systems) == "base"
