# SPDX-License-Identifier: LGPL-2.1-or-later
"""Generations that no commit has made known: who uses what they brought is found all the same, and where that cannot be,
nobody is called protected."""
import json
import shutil
import subprocess

import pytest

from calls import inject, record
from conftest import BUILD, COMPONENT, assert_fails, copy_runtime, run, unmount_all, wait_until
from packaging import Item, make_deb, unpack_items

OTHER = "usr/lib/thing"


@pytest.fixture
def pair(device, directory, system, released):
    """(a) of the example and (a) of another component, both active, on a device that finds its state when it boots."""
    old, new = [Item(f"./{OTHER}", b"thing 1\n" * 1000)], [Item(f"./{OTHER}", b"thing 2\n" * 1000)]
    unpack_items(old, system)
    released.release(make_deb(directory / "old.deb", "1", old), make_deb(directory / "new.deb", "2", new),
                     "--advisory", "CVE-2026-0002=things", component="thing")
    (device.root / "etc/suture").mkdir()
    (device.root / "etc/suture/suture.conf").write_text(f"[Suture]\nState={device.state}\n")
    device.suture("install")
    return device


def boot(device):
    unmount_all(device.root)
    run("rm", "-rf", device.root / "run")
    (device.root / "run").mkdir()
    activate(device)


def activate(device):
    run(BUILD / "suture-boot", "activate", f"--root={device.root}")


def boot_without_the_other(device):
    """Its base moved on while the machine was off."""
    unmount_all(device.root)
    (device.root / OTHER).write_bytes(b"newer than any letter")
    boot(device)


def state_of(device):
    return json.loads((device.state / "state.json").read_text())


def exposed(device):
    report = device.report("exposed")
    assert report["complete"]
    return {process["pid"] for process in report["processes"]}


def install_b(device, released, packages):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    device.suture("install")
    assert device.active()[COMPONENT] == "b"


def test_each_report_says_of_a_part_that_is_shown_what_is_so(pair):
    before = {entry["component"]: entry for entry in pair.report("receipt")["improvements"]}
    boot_without_the_other(pair)
    assert pair.report("status")["verdict"] == "partial"
    verdicts = {entry["component"]: entry["verdict"] for entry in pair.report("receipt")["improvements"]}
    assert verdicts == {COMPONENT: "unknown", "thing": "inactive"}
    statements = json.loads(pair.suture("vex").stdout)["statements"]
    assert {statement["vulnerability"]["name"]: statement["status"] for statement in statements} == {
        "CVE-2026-0001": "under_investigation", "CVE-2026-0002": "affected"}
    figures = pair.suture("metrics").stdout
    assert f'suture_improvement_active{{component="{COMPONENT}",letter="a"}} 1\n' in figures
    assert 'suture_improvement_active{component="thing",letter="a"} 0\n' in figures
    assert "suture_improvement_exposed_processes{" not in figures
    pair.suture("repair")
    after = {entry["component"]: entry for entry in pair.report("receipt")["improvements"]}
    assert (after[COMPONENT]["verdict"], after[COMPONENT]["protected"], after[COMPONENT]["reopened"]) == \
        ("protected", before[COMPONENT]["protected"], 0), "what was shown all the time was protected all the time"
    assert (after["thing"]["reason"], after["thing"]["reopened"]) == ("retire", 1)


@pytest.mark.parametrize("next_command", ["repair", "install", None])
def test_who_began_under_what_a_boot_could_show_is_exposed_to_the_next_letter(pair, programs, released, packages, next_command):
    boot_without_the_other(pair)
    server = programs.server("booted")
    assert pair.report("status")["verdict"] == "partial"
    if next_command:
        pair.suture(next_command)
        assert exposed(pair) == set()
    install_b(pair, released, packages)
    assert exposed(pair) == {server}
    assert pair.report("status")["verdict"] == "exposed"
    programs.stop()
    assert pair.report("status")["verdict"] == "protected"


def test_what_a_boot_showed_first_is_known_when_it_shows_more(pair, programs, released, packages):
    """As when the initramfs can show only a part, and the system all of it."""
    content = (pair.root / OTHER).read_bytes()
    boot_without_the_other(pair)
    shown = pair.report("status")["generation"]
    server = programs.server("booted")
    pair.suture("suspend")
    (pair.root / OTHER).write_bytes(b"thing 1\n" * 1000)
    activate(pair)
    assert (pair.root / OTHER).read_bytes() == content
    assert pair.report("status")["generation"] != shown
    assert exposed(pair) == set()
    install_b(pair, released, packages)
    assert exposed(pair) == {server}


def test_who_began_under_what_a_check_took_off_is_exposed_to_the_next_letter(device, programs, released, packages):
    for name in ("sh", "sleep"):
        shutil.copy2(shutil.which(name), device.root / "usr/bin" / name)
    copy_runtime(device.root)
    check = device.root / "etc/suture/health.d/10-wait"
    check.parent.mkdir(parents=True)
    check.write_text('#!/bin/sh\n[ "$SUTURE_WHEN" = after ] || exit 0\n: >/srv/shown\n'
                     'while [ ! -e /srv/began ]; do sleep 0.1; done\nexit 1\n')
    check.chmod(0o755)
    with subprocess.Popen([str(word) for word in device.command("install")], stderr=subprocess.DEVNULL) as install:
        wait_until((device.root / "srv/shown").exists)
        server = programs.server("meanwhile")
        (device.root / "srv/began").touch()
        assert install.wait() == 1
    check.unlink()
    assert device.active() == {}
    install_b(device, released, packages)
    assert exposed(device) == {server}


def test_who_began_under_an_install_that_was_cut_off_and_covered_is_exposed_to_the_next_letter(
        device, programs, released, packages):
    """It is killed behind the swap; then a package manager covers what it showed, and the install counts as never made."""
    device.suture("check")
    before = (device.state / "state.json").read_bytes()
    device.suture("install")
    after = state_of(device)
    (device.state / "state.json").write_bytes(before)
    (device.state / "journal.json").write_text(json.dumps({
        "format": "suture-journal-1", "state": "staged", "generation": after["generation"],
        "transaction": after["transactions"], "started": after["active"][0]["installed"], "goal": after["active"],
        "departures": {}, "reason": ""}))
    server = programs.server("meanwhile")
    device.suture("suspend")
    device.suture("resume")
    assert not (device.state / "journal.json").exists()
    assert device.active() == {}
    install_b(device, released, packages)
    assert exposed(device) == {server}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace has the commit fail")
def test_what_a_commit_that_failed_had_shown_is_remembered(device, directory, released, packages, tmp_path):
    device.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    before = directory / "before"
    shutil.copytree(device.state, before)
    calls = record(tmp_path / "trace", device.command("install"))
    brought = state_of(device)
    swap = max(index for index, (call, _, _) in enumerate(calls) if call == "move_mount")
    _, the_states = [number for call, number, _ in calls[swap:] if call == "renameat"][:2]  # behind the history's
    unmount_all(device.root)
    shutil.rmtree(device.state)
    shutil.copytree(before, device.state)
    device.suture("repair")
    assert_fails(inject("renameat", the_states, "error=ENOSPC", device.command("install")), "state.json", "No space left")
    assert device.active() == {COMPONENT: "a"}
    state = state_of(device)
    assert state["last_generation"] == state["generation"] + 1
    assert state["generations"][str(state["last_generation"])] == brought["generations"][str(brought["generation"])]


def test_nobody_is_protected_while_a_generation_is_mounted_that_nothing_knows(device, programs, released, packages):
    """As when the state was damaged beyond its numbers."""
    device.suture("install")
    programs.server("old")
    state = state_of(device)
    del state["generations"][str(state["generation"])]
    (device.state / "state.json").write_text(json.dumps(state))
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    result = device.suture("install")
    assert "Protected" not in result.stdout and "Restart the machine" in result.stdout
    status = device.report("status")
    assert (status["verdict"], status["exposed"]["complete"], status["exposed"]["unknown_generations"]) == ("unknown", False, 1)
    for command in ("status", "exposed", "restart"):
        text = device.suture(command).stdout
        assert "Restart the machine" in text and "Nothing is exposed" not in text, command
    entry = device.report("receipt")["improvements"][-1]
    assert entry["verdict"] == "unknown" and "protected" not in entry
    programs.stop()
    unmount_all(device.root)
    device.suture("install")
    assert device.report("status")["verdict"] == "protected"
