# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several callers of sutured at once, and what goes wrong while it works."""
import json
import os
import pathlib
import re
import signal

import pytest

from bus import OTHER, RULE, USER, Paused, finish, needs_polkit
from conftest import assert_fails, wait_until
from test_unattended import Witness
from whole import which
from wire import BUS, SUTURED, Connection, text

INVALID = "org.freedesktop.DBus.Error.InvalidArgs"


# Several at once


@pytest.mark.parametrize("second", [0, pytest.param(USER, marks=needs_polkit)])
def test_two_at_once_do_it_once(bus, device, systems, second):
    if second:
        bus.start_polkit(RULE)
    both = [bus.start("install"), bus.start("install", uid=second)]
    results = [finish(process) for process in both]
    assert [result.returncode for result in results] == [0, 0], results
    assert sorted("Nothing to do" in result.stdout for result in results) == [False, True], results
    assert which(device.root, systems) == "a"
    assert len(device.report("history")["entries"]) == 1


def test_what_nobody_asks_for_is_done_once_and_waits_for_its_turn(bus, device, systems):
    with Paused(bus, "install", "--unattended") as paused:
        others = [bus.start("install", "--unattended", "--json") for _ in range(2)]
        bus.wait_for_callers(3)
        assert len(bus.children()) == 1
    results = [finish(process) for process in (paused.call, *others)]
    assert [result.returncode for result in results] == [0, 0, 0], results
    assert "installed liborigin (a)" in results[0].stdout
    assert [json.loads(result.stdout)["plan"]["changes"] for result in results[1:]] == [[], []]
    assert which(device.root, systems) == "a"


def test_what_nobody_asks_for_gives_way_to_all_others_in_sutured_too(make_bus, device, directory):
    witness = Witness(directory)
    bus = make_bus(before=[f"export {name}={program}" for name, program in witness.environment.items()])
    bus.suture("check")
    assert witness.seen() == {("fetcher", *Witness.ordinary())}
    bus.suture("install", "--unattended")
    assert witness.seen() == {("fetcher", *Witness.IDLE), ("worker", *Witness.IDLE)}
    # With nothing to do, so that sutured stays.
    bus.suture("install", "--unattended")
    assert witness.seen() == {("fetcher", *Witness.IDLE)}
    assert os.sched_getscheduler(bus.started()[-1]) == os.sched_getscheduler(0) != os.SCHED_IDLE
    bus.suture("check")
    assert witness.seen() == {("fetcher", *Witness.ordinary())}


def test_looking_waits_for_no_change(bus):
    with Paused(bus, "install") as paused:
        assert bus.suture("status").stdout.startswith("No improvement")
        assert bus.suture("history", uid=OTHER).returncode == 0
        assert paused.call.poll() is None
    assert finish(paused.call).returncode == 0


def test_who_calls_too_often_is_refused(bus):
    with Paused(bus, "check") as paused:
        calls = [bus.start("check") for _ in range(64)]
        wait_until(lambda: any(call.poll() is not None for call in calls))
        refused, = [call for call in calls if call.poll() is not None]
        assert_fails(finish(refused), "too many calls")
        assert bus.property("Busy") == "b true"
        for call in calls:
            call.kill()
            call.wait()
    assert finish(paused.call).returncode == 0
    wait_until(lambda: bus.property("Busy") == "b false")
    assert bus.suture("check").returncode == 0


def test_of_a_caller_who_left_what_waits_is_dropped_and_what_runs_goes_on(bus, device, systems, libraries):
    with Paused(bus, "install") as paused:
        waiting = bus.start("remove")
        bus.wait_for_callers(2)
        for process in (paused.call, waiting):
            process.kill()
            process.wait()
        bus.wait_for_callers(0)
    wait_until(lambda: device.read() == libraries["1.0-1+fix1"] and bus.property("Busy") == "b false")
    assert which(device.root, systems) == "a"
    assert [entry["action"] for entry in device.report("history")["entries"]] == ["install"]


# What goes wrong


def test_a_crash_of_an_operation_is_an_error_and_nothing_else(bus, device, systems):
    with Paused(bus, "install") as paused:
        os.kill(paused.child, signal.SIGABRT)
    assert_fails(finish(paused.call), "Install was ended by signal 6")
    assert len(bus.started()) == 1
    assert "installed" in bus.suture("install").stdout
    assert which(device.root, systems) == "a"


def test_a_killed_sutured_leaves_the_old_or_the_new(bus, device, systems):
    """And its caller is told; the next call starts another one, which brings it to its end."""
    with Paused(bus, "install") as paused:
        for pid in (bus.started()[0], paused.child):
            os.kill(pid, signal.SIGKILL)
        assert_fails(finish(paused.call), "sutured ended before it was done")
        assert which(device.root, systems) == "base"
    bus.suture("install")
    assert len(bus.started()) == 2
    assert which(device.root, systems) == "a"


def test_what_was_begun_outlives_a_sutured_that_was_killed_alone(bus, device, systems, libraries):
    with Paused(bus, "install") as paused:
        os.kill(bus.started()[0], signal.SIGKILL)
        assert_fails(finish(paused.call), "sutured ended before it was done")
    wait_until(lambda: device.read() == libraries["1.0-1+fix1"] and not (device.state / "journal.json").exists())
    assert which(device.root, systems) == "a"
    assert device.report("status")["verdict"] == "protected"


def test_a_sutured_that_is_told_to_stop_ends_what_runs_and_says_so(bus, device, systems):
    with Paused(bus, "install") as paused:
        waiting = bus.start("remove")
        bus.wait_for_callers(2)
        os.kill(bus.started()[0], signal.SIGTERM)
        assert_fails(finish(waiting), "sutured stops")
    assert_fails(finish(paused.call), "Install was ended by signal 15")
    wait_until(lambda: not bus.runs(bus.started()[0]))
    assert which(device.root, systems) == "base"


@pytest.mark.parametrize("arguments", [
    ["Show", "s", "x" * 256], ["Install", "as", "1", "x" * 256], ["Install", "as", "1025", *["x"] * 1025],
    ["Install", "s", "x"], ["Install"], ["Revert", "assb", "1", "x", "x" * 4096, "false"], ["Receipt", "s", "x" * 256],
    ["InstallUnattended", "as", "1", "x"], ["Revert", "as", "1", "x"], ["Remove", "as", "0"], ["Status", "s", "x"], ["Frobnicate"],
])
def test_garbage_is_refused(bus, device, arguments):
    for uid in (0, OTHER):
        result = bus.call(*arguments, uid=uid, check=False)
        assert result.returncode == 1 and "Sanitizer" not in result.stderr
    assert bus.suture("status").returncode == 0
    assert len(bus.started()) == 1
    assert not device.state.exists()


def peak_of(pid):
    """Of its memory, in bytes."""
    return int(re.search(r"^VmHWM:\s*(\d+) kB$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]) * 1024


def test_what_anybody_sends_meanwhile_is_taken_in_one_by_one(make_bus):
    """While sutured waited for an answer of the bus, it would take in all that the bus has for it."""
    bus = make_bus(before=["export ASAN_OPTIONS=quarantine_size_mb=1"])
    bus.call("Status")
    sutured, = bus.started()
    connection = Connection(bus.socket)
    before = peak_of(sutured)
    os.kill(sutured, signal.SIGSTOP)
    calls = [connection.call(*SUTURED, "Status")]
    calls += [connection.call(*SUTURED, "Show", "s", text("x" * (12 << 20))) for _ in range(8)]
    os.kill(sutured, signal.SIGCONT)
    answers = [connection.answer_to(call) for call in calls]
    assert answers == [None] + [INVALID] * 8
    assert peak_of(sutured) - before < 50 << 20
    connection.close()


def test_one_connection_cannot_ask_much_before_it_is_known_who_asks(bus):
    bus.call("Status")
    os.kill(bus.started()[0], signal.SIGSTOP)
    connection = Connection(bus.socket)
    calls = [connection.call(*SUTURED, "Status") for _ in range(30)]
    os.kill(bus.started()[0], signal.SIGCONT)
    answers = [connection.answer_to(call) for call in calls]
    assert answers[:8] == [None] * 8 and "org.suture.Error.Busy" in answers
    assert connection.answer_to(connection.call(*SUTURED, "Status")) is None
    connection.close()


def test_a_user_with_many_connections_does_not_keep_root_from_being_known(bus):
    bus.call("Status")
    os.kill(bus.started()[0], signal.SIGSTOP)
    connections = [Connection(bus.socket, uid=OTHER) for _ in range(100)]
    calls = [(connection, connection.call(*SUTURED, "Status")) for connection in connections for _ in range(8)]
    for connection in connections:
        assert connection.answer_to(connection.call(*BUS, "GetId")) is None
    root = Connection(bus.socket)
    call = root.call(*SUTURED, "Status")
    os.kill(bus.started()[0], signal.SIGCONT)
    assert root.answer_to(call) is None
    assert {connection.answer_to(call) for connection, call in calls} == {None, "org.suture.Error.Busy"}
    for connection in [*connections, root]:
        connection.close()


def test_a_call_is_answered_also_when_the_bus_does_not_say_who_calls(make_bus):
    bus = make_bus(denied='<deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" '
                          'send_member="GetConnectionCredentials"/>')
    assert "does not say who calls" in bus.call("Status", check=False).stderr
    assert len(bus.started()) == 1


def test_names_that_nobody_has_are_harmless(bus):
    for name in ("", "../../etc", "x" * 255, "a\nb", "\x1b[31m", "ä"):
        result = bus.call("Install", "as", "1", name, check=False)
        assert result.returncode == 1
        assert "\x1b" not in result.stderr
    assert len(bus.started()) == 1
