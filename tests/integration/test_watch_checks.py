# SPDX-License-Identifier: LGPL-2.1-or-later
"""The administrator's checks: what fails one is off again before it is the device's state."""
import os
import shutil
import signal
import subprocess

import pytest

from calls import inject, one_of_each_site, record
from conftest import assert_fails, copy_runtime, run, unmount_all, wait_until
from test_watch import WORKS, broken, components, crash, quarantined  # noqa: F401 (fixtures)


def add_check(device, name, script, mode=0o755):
    path = device.root / "etc/suture/health.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return path


@pytest.fixture
def checked(broken, system):
    """A device with a shell to run checks, before anything is installed: what one() says is in its package."""
    for name in ("sh", "cat", "sleep"):
        run("cp", shutil.which(name), system / "usr/bin" / name)
    copy_runtime(system)

    def make(**texts):
        return broken(install=False, **texts)
    return make


def test_checks_that_pass_let_an_improvement_in(checked):
    device = checked(one=WORKS)
    add_check(device, "20-one", 'echo "$SUTURE_WHEN $SUTURE_COMPONENTS $SUTURE_LETTERS" >>/srv/log')
    add_check(device, "10-first", "echo first >>/srv/log")
    device.suture("install")
    assert device.active() == {"one": "a"}
    assert (device.root / "srv/log").read_text() == "first\nbefore one a\nfirst\nafter one a\n"


def test_a_check_that_fails_keeps_what_came_off_and_in_quarantine(checked):
    device = checked(one=WORKS, two=WORKS)
    add_check(device, "10-one", "/usr/bin/uses-one || { echo one is not as it was; exit 1; }")
    assert_fails(device.suture("install", check=False), "the check 10-one failed: one is not as it was", "quarantine")
    assert device.active() == {}
    crash(device, "uses-one", expected=0)
    reason = "the check 10-one failed: one is not as it was"
    assert quarantined(device) == {"one": reason, "two": reason}
    entries = device.report("history")["entries"]
    assert [(entry["action"], entry["component"], entry["reason"]) for entry in entries] == [
        ("revert", "one", reason), ("revert", "two", reason)]
    assert "Nothing to do" in device.suture("install").stdout
    (device.root / "etc/suture/health.d/10-one").unlink()
    device.suture("install", "two")
    assert device.active() == {"two": "a"}
    assert [entry["transaction"] for entry in device.report("history")["entries"]] == [1, 1, 2]


def test_what_was_active_before_stays_when_a_check_fails(checked, components, publisher):
    device = checked(one=WORKS)
    device.suture("install")
    publisher.release(components["two"].base, components["two"].build("2", WORKS), component="two")
    add_check(device, "10-two", "/usr/bin/uses-two")
    assert_fails(device.suture("install", check=False), "the check 10-two failed")
    assert device.active() == {"one": "a"}
    assert list(quarantined(device)) == ["two"]


WAITS_AFTER = '[ $SUTURE_WHEN = before ] || { echo $$ >/srv/began; read word </srv/word; echo "$word"; exit 1; }'


@pytest.fixture
def held(checked, components, publisher):
    """(a) of "one" is active, and an install of "two" is held up in a check that will fail: the device, and the install."""
    device, installs = checked(one=WORKS), []
    device.suture("install")
    publisher.release(components["two"].base, components["two"].build("2", WORKS), component="two")
    add_check(device, "10-two", WAITS_AFTER)
    os.mkfifo(device.root / "srv/word")
    installs.append(subprocess.Popen(device.command("install"), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    began = device.root / "srv/began"
    wait_until(lambda: began.exists() and began.read_text())
    yield device, installs[0]
    installs[0].kill()
    installs[0].communicate()


def test_an_install_that_was_killed_in_its_checks_is_taken_back_and_checked_anew(held):
    device, install = held
    crash(device, "uses-two", expected=1)
    install.kill()
    install.communicate()
    os.kill(int((device.root / "srv/began").read_text()), signal.SIGKILL)
    add_check(device, "10-two", "/usr/bin/uses-two || { echo two is not as it was; exit 1; }")
    assert "before the checks had passed" in device.suture("remove", "one").stderr
    crash(device, "uses-two", expected=0)
    assert device.active() == {} and quarantined(device) == {}
    assert_fails(device.suture("install", check=False), "the check 10-two failed")
    assert quarantined(device) == {"two": "the check 10-two failed: two is not as it was"}


def test_who_began_with_bytes_that_were_never_let_in_is_seen_once_there_are_newer_ones(held, components, publisher):
    device, install = held
    install.kill()
    install.communicate()
    os.kill(int((device.root / "srv/began").read_text()), signal.SIGKILL)
    user = device.program("/usr/bin/uses-two", "wait")
    assert user.stdout.readline() == "ready\n"
    (device.root / "etc/suture/health.d/10-two").unlink()
    publisher.release(components["two"].base, components["two"].build("3", WORKS.replace("1", "2")), component="two")
    found = device.report("install")["exposed"]["processes"]
    assert device.active() == {"one": "a", "two": "b"}
    assert [(item["pid"], item["component"], item["letter"]) for item in found] == [(user.pid, "two", "b")]
    user.kill()
    user.communicate()


def test_what_a_check_has_refused_is_off_and_in_quarantine_even_when_what_was_before_cannot_be_shown(held):
    device, install = held
    for path in (device.state / "images").iterdir():
        path.unlink()
    (device.root / "srv/word").write_text("two is not as it was\n")
    assert_fails(subprocess.CompletedProcess([], install.wait(), *install.communicate()), "the check 10-two failed")
    crash(device, "uses-two", expected=0)
    assert quarantined(device) == {"two": "the check 10-two failed: two is not as it was"}
    (device.root / "etc/suture/health.d/10-two").unlink()
    device.suture("install")
    assert device.active() == {"one": "a"}


def test_an_install_that_a_check_refuses_survives_a_kill_anywhere(checked, directory):
    device = checked(one=WORKS)
    add_check(device, "10-one", "/usr/bin/uses-one || { echo one is not as it was; exit 1; }")
    found = record(directory / "trace", device.command("install"), code=1)
    swap = next(index for index, (call, _, _) in enumerate(found) if call == "move_mount")
    sites = one_of_each_site(found[swap:])
    for call, number, site in sites:
        unmount_all(device.root)
        shutil.rmtree(device.state)
        killed = inject(call, number, "signal=SIGKILL", device.command("install"))
        assert killed.returncode in (1, -signal.SIGKILL), (site, killed.stderr)
        device.suture("install", check=False)
        assert device.active() == {}, site
        assert quarantined(device) == {"one": "the check 10-one failed: one is not as it was"}, site
        assert {entry["action"] for entry in device.report("history")["entries"]} == {"revert"}, site
        crash(device, "uses-one", expected=0)
    assert len(sites) > 10


def test_a_check_that_failed_before_does_not_count(checked):
    device = checked(one=WORKS)
    add_check(device, "10-never", "echo always broken; exit 1")
    result = device.suture("install")
    assert "always broken" in result.stderr
    assert device.active() == {"one": "a"}


def test_a_check_that_others_may_write_is_not_run(checked):
    device = checked(one=WORKS)
    add_check(device, "10-open", "echo ran >/srv/log; /usr/bin/uses-one", 0o777)
    result = device.suture("install")
    assert "is not run" in result.stderr
    assert not (device.root / "srv/log").exists()
    assert device.active() == {"one": "a"}


def test_what_goes_is_not_checked(checked):
    device = checked(one=WORKS)
    device.suture("install")
    add_check(device, "10-one", "echo ran >/srv/log; exit 1")
    device.suture("remove")
    assert not (device.root / "srv/log").exists()
