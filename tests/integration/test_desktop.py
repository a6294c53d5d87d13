# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is asked for a restart sees it: root asks users of other uids, on real session buses with a real notification
service on them.
"""
import os
import pwd
import subprocess

import pytest

from conftest import BUILD, run
from desktop import IS_INSTALLED, NEEDED, Desktop

# A bus runs for whom the system knows.
ALICE, BOB = pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("daemon").pw_uid
SUMMARY = "Restart to finish a security fix"

pytestmark = pytest.mark.skipif(not IS_INSTALLED, reason=f"{', '.join(NEEDED)}: ./dev test desktop installs them")


@pytest.fixture
def run_of_its_own():
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    yield
    run("umount", "-l", "/run")


@pytest.fixture
def desktops(directory, run_of_its_own):
    """Makes a desktop of a user's."""
    directory.chmod(0o755)
    made = []

    def make(uid, **keywords):
        made.append(Desktop(directory, uid, **keywords))
        return made[-1]
    yield make
    for desktop in made:
        desktop.close()


@pytest.fixture
def exposed(device):
    """Improvement (a) was installed while alice ran a program."""
    place = device.root / "srv/alice"
    place.mkdir()
    os.chown(place, ALICE, ALICE)
    program = subprocess.Popen(
        ["chroot", f"--userspec={ALICE}:{ALICE}", device.root, "/usr/bin/origin-server", "/srv/alice/socket"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert "listening" in program.stdout.readline()
    device.suture("install")
    yield device
    program.kill()
    program.wait()


def test_alice_sees_what_she_is_to_restart(exposed, desktops):
    alice = desktops(ALICE)
    exposed.suture("restart")
    assert alice.count_shown() == 1
    alice.screen.save(BUILD / "desktop.png")
    assert alice.messages() == [("Suture", SUMMARY, "Restart origin-server.")]


def test_bob_is_not_asked_for_what_alice_runs(exposed, desktops):
    alice, bob = desktops(ALICE), desktops(BOB, kind="wayland")
    exposed.suture("restart")
    assert len(alice.messages()) == 1 and bob.messages() == []


def test_nobody_is_asked_twice_for_the_same(exposed, desktops):
    alice = desktops(ALICE)
    exposed.suture("restart")
    exposed.suture("restart")
    assert len(alice.messages()) == 1


def test_whoever_could_not_be_asked_is_asked_the_next_time(exposed, desktops):
    alice = desktops(ALICE)
    alice.end_service()
    assert exposed.suture("restart").returncode == 0
    alice.start_service()
    assert alice.messages() == []
    exposed.suture("restart")
    assert len(alice.messages()) == 1


def test_a_login_without_a_desktop_is_not_asked(exposed, desktops):
    alice = desktops(ALICE, kind="tty")
    exposed.suture("restart")
    assert alice.messages() == []
