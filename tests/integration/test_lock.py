# SPDX-License-Identifier: LGPL-2.1-or-later
"""Only one suture changes the system at a time; the others wait, and looking needs no lock."""
import fcntl
import os
import pathlib
import subprocess
import time

from conftest import COMPONENT, assert_fails
from whole import which


class Held:
    """The lock of a state directory, held by this process as a suture would."""

    def __init__(self, state):
        self.file = open(state / "lock", "w", encoding="ascii")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        self.file.write(str(os.getpid()))
        self.file.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def start(device, *arguments):
    return subprocess.Popen(device.command(*arguments), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def wait_until_it_waits(process, state):
    """Until it has the lock's file open."""
    lock = str(state / "lock")
    while process.poll() is None:
        for fd in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                if os.readlink(fd) == lock:
                    return
            except OSError:
                pass
        time.sleep(0.01)
    raise AssertionError(process.communicate())


def test_the_second_waits_for_the_first(device, systems):
    device.suture("check")
    with Held(device.state):
        second = start(device, "install")
        wait_until_it_waits(second, device.state)
        assert which(device.root, systems) == "base"
    out, err = second.communicate()
    assert second.returncode == 0, err
    assert "installed liborigin (a)" in out
    assert which(device.root, systems) == "a"


def test_names_who_holds_the_lock_and_reports_need_none(device, systems):
    device.suture("install")
    with Held(device.state):
        second = start(device, "remove")
        wait_until_it_waits(second, device.state)
        assert device.report("status")["improvements"][0]["letter"] == "a"
        for arguments in (["exposed"], ["history"], ["show", COMPONENT]):
            device.suture(*arguments)
        out, err = second.communicate()
    assert_fails(subprocess.CompletedProcess([], second.returncode, out, err), "another suture", f"pid {os.getpid()}")
    assert which(device.root, systems) == "a"
    device.suture("remove")


def test_two_at_once_do_it_once(device, systems):
    both = [start(device, "install"), start(device, "install")]
    texts = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert sorted("Nothing to do" in out for out, _ in texts) == [False, True], texts
    assert which(device.root, systems) == "a"
    assert len(device.report("history")["entries"]) == 1
    assert device.report("status")["generation"] == 1
