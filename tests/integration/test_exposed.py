# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exactly the programs that still use old bytes are exposed: no more, no less, and none under a false name."""
import shutil

import pytest

from conftest import COMPONENT, LIBRARY, run, unpack
from programs import Programs, make_sleeper


@pytest.fixture
def programs(device):
    programs = Programs(device)
    yield programs
    programs.stop()


@pytest.fixture
def sleeper(directory, system, released):
    base, fixed = make_sleeper(directory, "1", b"1"), make_sleeper(directory, "2", b"2")
    unpack(base, system)
    released.release(base, fixed, component="sleeper")


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
