# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exactly the programs that still use old bytes are exposed: no more, no less, and none under a false name."""
import pathlib
import shutil

import pytest

from conftest import COMPONENT, LIBRARY, run, unmount_all, unpack
from exposures import EXPOSED, HARMLESS, HARMLESS_SINCE, Exposures
from programs import make_sleeper


@pytest.fixture
def sleeper(directory, system, released):
    base, fixed = make_sleeper(directory, "1", b"1"), make_sleeper(directory, "2", b"2")
    unpack(base, system)
    released.release(base, fixed, component="sleeper")


@pytest.fixture
def exposures(device, directory, sleeper):
    exposures = Exposures(device.root, LIBRARY, ("/usr/bin/sleeper", "1000"), directory / "exposures")
    yield exposures
    exposures.stop()


def found(report):
    """{pid: (kind, component, letter)}"""
    assert report["complete"], "a process that even root cannot look into: the tests need a pid namespace of their own"
    return {item["pid"]: (item["kind"], item.get("component"), item.get("letter")) for item in report["processes"]}


LIBRARY_OF_A = ("library", COMPONENT, "a")
LIBRARY_OF_B = ("library", COMPONENT, "b")


@pytest.mark.usefixtures("sleeper")
def test_exactly_what_uses_old_bytes_is_exposed_as_the_dry_run_said(device, programs, directory):
    copy = shutil.copy2(device.root / LIBRARY, directory / "copy.so")
    server = programs.server("old")
    parent, child = programs.loader(device.root / LIBRARY)
    program = programs.sleeper()
    programs.loader(copy)
    expected = {pid: LIBRARY_OF_A for pid in (server, parent, child)} | {program: ("executable", "sleeper", "a")}

    plan = device.report("install", "--dry-run")
    assert not plan["done"]
    assert found(plan["exposed"]) == expected
    assert device.active() == {}

    assert found(device.report("install")["exposed"]) == expected
    programs.server("new")
    assert programs.sleeper() != program
    assert found(device.report("exposed")) == expected
    status = device.report("status")
    assert status["verdict"] == "exposed"
    assert found(status["exposed"]) == expected
    assert "4 processes still use old bytes" in device.suture("status").stdout


def closing(actions):
    """{target: how many processes it closes}"""
    return {action["target"]: action["processes"] for action in actions}


def test_what_closes_it_is_planned_predicted_and_compared(device, programs):
    programs.server("one")
    programs.server("two")
    predicted = device.report("install", "--dry-run")
    assert closing(predicted["restarts"]["predicted"]) == {"origin-server": 2}
    assert predicted["restarts"]["predicted"] == predicted["exposed"]["actions"]
    done = device.report("install")
    assert done["restarts"]["predicted"] == predicted["restarts"]["predicted"]
    assert done["restarts"]["appeared"] == done["restarts"]["vanished"] == []
    action, = device.report("exposed")["actions"]
    assert (action["scope"], action["automatic"], action["programs"]) == ("application", False, ["origin-server"])
    assert "restart origin-server of root (2 processes)" in device.suture("status").stdout
    assert {process["remedy"] for process in device.report("exposed")["processes"]} == {"restart the program"}


def test_what_nobody_started_through_a_service_manager_is_not_restarted(device, programs):
    server = programs.server("one")
    device.suture("install")
    planned = device.report("restart", "--dry-run")
    assert not planned["done"] and closing(planned["planned"]) == {"origin-server": 1}
    report = device.report("restart")
    assert report["done"] and report["units"] == [] and closing(report["exposed"]["actions"]) == {"origin-server": 1}
    assert set(found(report["exposed"])) == {server}


def test_a_name_that_nothing_exposed_goes_by_is_an_error(device, programs):
    programs.server("one")
    device.suture("install")
    result = device.suture("restart", "no-such.service", check=False)
    assert result.returncode == 1
    assert "no-such.service" in result.stdout and "could not be restarted" in result.stderr


@pytest.mark.usefixtures("sleeper")
def test_protected_once_the_programs_are_restarted(device, programs):
    programs.server("one")
    programs.sleeper()
    device.suture("install")
    assert device.report("status")["verdict"] == "exposed"
    programs.stop()
    programs.server("one")
    programs.sleeper()
    assert device.report("status")["verdict"] == "protected"
    assert "Nothing is exposed" in device.suture("exposed").stdout


def test_under_b_the_programs_of_the_base_and_of_a_are_exposed(device, programs, released, packages):
    base = programs.server("base")
    device.suture("install")
    a = programs.server("a")
    assert set(found(device.report("exposed"))) == {base}
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    assert found(device.report("install", "--dry-run")["exposed"]) == {base: LIBRARY_OF_B, a: LIBRARY_OF_B}
    assert set(found(device.report("exposed"))) == {base}
    device.suture("install")
    programs.server("b")
    assert found(device.report("exposed")) == {base: LIBRARY_OF_B, a: LIBRARY_OF_B}
    programs.stop()
    programs.server("b")
    assert found(device.report("exposed")) == {}
    assert device.report("status")["verdict"] == "protected"


def test_a_mount_namespace_that_keeps_the_base_is_exposed(device, programs):
    before = programs.namespace()
    device.suture("install")
    after = programs.namespace()
    assert run("nsenter", f"--mount=/proc/{before}/ns/mnt", "findmnt", "-n", device.root / "usr",
               check=False).stdout == ""
    exposed = found(device.report("exposed"))
    assert set(exposed) == {before}
    assert exposed[before][0] == "namespace"
    assert device.report("status")["verdict"] == "exposed"
    programs.stop()
    assert after not in found(device.report("exposed"))
    assert device.report("status")["verdict"] == "protected"


def test_a_namespace_of_a_is_exposed_under_b(device, programs, released, packages):
    device.suture("install")
    namespace = programs.namespace()
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    device.suture("install")
    assert {pid: item[0] for pid, item in found(device.report("exposed")).items()} == {namespace: "namespace"}


def test_nothing_is_exposed_after_a_removal(device, programs):
    programs.server("base")
    device.suture("install")
    programs.server("a")
    device.suture("remove")
    report = device.report("exposed")
    assert report["processes"] == []
    assert device.report("status")["verdict"] == "base"


def kinds(report):
    return {pid: item[0] for pid, item in found(report).items()}


@pytest.mark.parametrize("name", EXPOSED)
def test_each_way_of_being_exposed_is_found_and_nothing_else(device, exposures, name):
    kind, start = EXPOSED[name]
    expected = dict.fromkeys(start(exposures), kind)
    assert kinds(device.report("install")["exposed"]) == expected
    assert kinds(device.report("exposed")) == expected
    exposures.stop()
    assert device.report("status")["verdict"] == "protected"


def test_what_only_looks_exposed_is_no_false_alarm(device, exposures):
    """Beside one that is exposed: the census does look."""
    kind, start = EXPOSED["old mapping"]
    expected = dict.fromkeys(start(exposures), kind)
    for start in HARMLESS.values():
        assert start(exposures)
    device.suture("install")
    for start in HARMLESS_SINCE.values():
        assert start(exposures)
    assert kinds(device.report("exposed")) == expected


def test_all_ways_of_being_exposed_at_once_are_told_apart(device, exposures):
    expected = {pid: kind for kind, start in EXPOSED.values() for pid in start(exposures)}
    assert len(expected) == len(EXPOSED) + 1  # the forked child
    device.suture("install")
    assert kinds(device.report("exposed")) == expected


@pytest.fixture
def on_btrfs(device, directory):
    """The system is a subvolume; where the other one is, is given."""
    if "\tbtrfs\n" not in pathlib.Path("/proc/filesystems").read_text():
        pytest.skip("the kernel has no btrfs")
    disk, top = directory / "disk", directory / "top"
    with open(disk, "wb") as file:
        file.truncate(256 << 20)
    top.mkdir()
    run("mkfs.btrfs", "--quiet", disk)
    run("mount", "-o", "loop", disk, top)
    run("btrfs", "subvolume", "create", top / "system")
    run("btrfs", "subvolume", "create", top / "other")
    run("cp", "-a", f"{device.root}/.", top / "system")
    run("mount", "--bind", top / "system", device.root)
    yield top / "other"
    unmount_all(device.root)
    run("umount", "--lazy", device.root)
    run("umount", "--lazy", top)


def test_a_file_with_the_same_inode_number_in_another_subvolume_is_no_false_alarm(on_btrfs, device, programs, libraries):
    wanted = (device.root / LIBRARY).stat().st_ino
    other = next(path for path in (on_btrfs / str(n) for n in range(wanted)) if not path.touch() and path.stat().st_ino == wanted)
    other.write_bytes(libraries["1.0-1+fix2"])
    programs.loader(other)
    exposed = programs.loader(device.root / LIBRARY)
    assert found(device.report("install")["exposed"]) == {pid: LIBRARY_OF_A for pid in exposed}
