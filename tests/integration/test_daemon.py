# SPDX-License-Identifier: LGPL-2.1-or-later
"""sutured on a real message bus: the same as suture by itself, for whoever may, and gone when nobody asks."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import xml.etree.ElementTree

import pytest

from bus import Bus, has_polkit
from conftest import BUILD, COMPONENT, LIBRARY, ROOT, Device, assert_fails, members_of, run, unmount_all
from test_lock import Held
from test_unattended import Witness
from whole import which

USER, OTHER = 1, 65534
needs_polkit = pytest.mark.skipif(not has_polkit(), reason="polkitd is not installed")
INTERFACE = ROOT / "src/api/org.suture.Manager1.xml"
# And what is made of dates: the name of an OpenVEX document is.
DATES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ| UTC)|\b1\d{9}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@pytest.fixture
def make_bus(directory, device):
    made = []

    def make(**keywords):
        made.append(Bus(directory, device, **keywords))
        return made[0]

    yield make
    for bus in made:
        bus.stop()


@pytest.fixture
def bus(make_bus):
    return make_bus()


def wait_until(condition):
    """A slow machine is no failure: the limit only ends what hangs."""
    limit = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def has_open(pid, path):
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if os.readlink(descriptor) == str(path):
                return True
        except FileNotFoundError:
            pass
    return False


def finish(process, stdout=""):
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess([], process.returncode, stdout + out, err)


class Paused:
    """A call whose operation is stopped under way: it has begun, and changed nothing yet."""

    def __init__(self, bus, *arguments):
        bus.device.suture("check")
        with Held(bus.device.state):
            self.call = bus.start(*arguments)
            self.child = bus.wait_for_child()
            # By then it has let go of the connection that it was born with.
            wait_until(lambda: has_open(self.child, bus.device.state / "lock"))
            os.kill(self.child, signal.SIGSTOP)

    def __enter__(self):
        return self

    def go_on(self):
        os.kill(self.child, signal.SIGCONT)

    def __exit__(self, *_):
        try:
            self.go_on()
        except ProcessLookupError:
            pass


# The same as in-process


def lives(suture, device):
    """What suture says in a life, without what differs by nature: times and places."""
    said = []
    for arguments in (["status"], ["check"], ["install", "--dry-run"], ["install"], ["install"], ["status"], ["exposed"],
                      ["history"], ["show", COMPONENT], ["show", "libnone"], ["install", "libnone"], ["remove", "--dry-run"],
                      ["remove"], ["install"], ["-q", "install", COMPONENT], ["receipt"], ["receipt", "--json"],
                      ["receipt", COMPONENT], ["receipt", "libnone"], ["metrics"], ["vex"], ["vex", "--author=Ann"],
                      ["revert", COMPONENT], ["install", COMPONENT], ["revert", "--reason=it hums", COMPONENT],
                      ["install", "--unattended"], ["install", COMPONENT], ["install", "--unattended"],
                      ["remove", COMPONENT], ["vex"], ["metrics"], ["restart"], ["repair"],
                      ["status", "--json"], ["history", "--json"], ["install", "--json"]):
        result = suture(*arguments, check=False)
        texts = [DATES.sub("TIME", text).replace(str(device.root), "ROOT") for text in (result.stdout, result.stderr)]
        said.append((arguments, result.returncode, *texts))
    return said


def test_what_suture_says_and_does_is_the_same_as_without_sutured(directory, device, make_bus, systems):
    (directory / "second").mkdir()
    run("cp", "-a", device.root, directory / "second")
    second = Device(directory / "second", device.url, device.trust)
    try:
        alone = lives(second.suture, second)
        shown = which(second.root, systems)
    finally:
        unmount_all(second.root)
    bus = make_bus()
    asked = lives(bus.suture, device)
    for one, other in zip(alone, asked):
        assert one == other
    assert [code for _, code, *_ in asked].count(1) == 3
    assert (shown, which(device.root, systems)) == ("base", "base")
    assert any("fetching liborigin from-base.delta" in err for *_, err in asked)
    assert bus.started()


def test_a_report_of_the_bus_is_that_of_json(bus, device):
    bus.suture("install")
    reply = json.loads(bus.busctl("--json=short", "call", "org.suture", "/org/suture", "org.suture.Manager1", "History").stdout)
    assert reply["type"] == "s"
    assert json.loads(reply["data"][0]) == device.report("history")
    reply = json.loads(bus.busctl("--json=short", "call", "org.suture", "/org/suture", "org.suture.Manager1", "Install",
                                  "as", "0").stdout)
    assert reply["type"] == "sb" and reply["data"][1] is True
    assert json.loads(reply["data"][0])["changes"] == []


def test_options_that_say_on_what_to_work_need_no_sutured(bus, device):
    assert device.report("status")["verdict"] == "base"
    run(BUILD / "suture", "--no-daemon", "status", env=bus.environment)
    assert bus.started() == []


def test_in_a_chroot_suture_asks_nobody_outside(bus, directory):
    """sutured would change another /usr."""
    inside = directory / "chroot"
    seen = ["/usr", "/proc", "/etc", str(BUILD)]
    for path in seen:
        (inside / path[1:]).mkdir(parents=True)
        run("mount", "--rbind", path, inside / path[1:])
    for name in ("bin", "lib", "lib64"):
        (inside / name).symlink_to("usr/" + name)
    try:
        run("chroot", inside, BUILD / "suture", "status", env=bus.environment)
        assert bus.started() == []
    finally:
        for path in seen:
            run("umount", "-l", inside / path[1:])


@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", None])
def test_without_sutured_an_ordinary_user_is_told_to_be_root(bus, address):
    (bus.services / "org.suture.service").unlink()
    environment = {**bus.environment, **({"DBUS_SYSTEM_BUS_ADDRESS": address} if address else {})}
    bus.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig")
    for command in (["install"], ["remove"], ["check"], ["repair"], ["restart"], ["revert", COMPONENT]):
        result = run(*bus.command(*command, uid=OTHER), check=False, env=environment)
        assert_fails(result, "this changes the system: run it as root")
    assert "system" in run(*bus.command("status", uid=OTHER), env=environment).stdout


@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", None])
def test_who_could_not_do_it_himself_is_told_why_sutured_cannot(bus, address):
    (bus.services / "org.suture.service").unlink()
    environment = {**bus.environment, **({"DBUS_SYSTEM_BUS_ADDRESS": address} if address else {})}
    bus.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig")
    result = run(*bus.command("--daemon", "install", "--unattended"), check=False, env=environment)
    assert_fails(result, "only sutured is to do this: cannot " + ("reach the system message bus" if address else "start sutured"))


def test_what_is_to_be_done_by_sutured_is_not_done_elsewhere(bus, device):
    assert_fails(device.suture("--daemon", "status", check=False), "--daemon")
    assert bus.started() == []
    bus.suture("--daemon", "status")
    assert len(bus.started()) == 1


def members(node):
    """{(kind, name): its arguments, or type and access and what is told of its changes}."""
    found = {}
    for item in node:
        if item.tag in ("method", "signal"):
            found[item.tag, item.get("name")] = [
                (arg.get("name"), arg.get("type"), arg.get("direction", "out")) for arg in item.findall("arg")]
        if item.tag == "property":
            notes = {note.get("name"): note.get("value") for note in item.findall("annotation")}
            changes = notes.get("org.freedesktop.DBus.Property.EmitsChangedSignal", "true")
            found["property", item.get("name")] = item.get("type"), item.get("access"), changes
    return found


def test_the_interface_is_as_its_file_says(bus):
    shown = bus.busctl("introspect", "--xml-interface", "org.suture", "/org/suture").stdout
    select = "./interface[@name='org.suture.Manager1']"
    served = members(xml.etree.ElementTree.fromstring(shown).find(select))
    written = members(xml.etree.ElementTree.parse(INTERFACE).getroot().find(select))
    assert served == written and len(written) == 23
    document = (ROOT / "docs/daemon.md").read_text()
    for _, name in written:
        assert f"`{name}`" in document or f"`{name}(" in document, name


def test_properties_say_what_is(bus, device):
    assert bus.property("Generation") == "t 0"
    assert bus.property("Busy") == "b false"
    assert bus.property("Version") == f's "{run(BUILD / "suture", "--version").stdout.split()[1]}"'
    bus.suture("install")
    assert bus.property("Generation") == "t 1"
    with Paused(bus, "check") as paused:
        assert bus.property("Busy") == "b true"
    assert finish(paused.call).returncode == 0
    assert bus.property("Busy") == "b false"


# Who may


def test_everybody_may_look(bus):
    bus.suture("install")
    for arguments in (["status"], ["history"], ["show", COMPONENT], ["exposed"], ["receipt"], ["receipt", COMPONENT], ["metrics"],
                      ["vex"]):
        seen = [DATES.sub("TIME", bus.suture(*arguments, uid=uid).stdout) for uid in (OTHER, 0)]
        assert seen[0] == seen[1] != "", arguments
    assert "suture_exposed_processes 0" in bus.suture("metrics", uid=OTHER).stdout


def test_figures_and_statements_are_no_reports_of_sutureds_own(bus, device):
    empty = json.loads(bus.busctl("--json=short", "call", "org.suture", "/org/suture", "org.suture.Manager1", "Vex", "s", "Ann").stdout)
    assert empty == {"type": "sb", "data": ["", True]}
    assert "has to be told" in bus.call("Revert", "assb", "0", "it hums", "false", check=False).stderr
    bus.suture("install")
    reply = bus.busctl("--json=short", "call", "org.suture", "/org/suture", "org.suture.Manager1", "Metrics").stdout
    assert json.loads(reply)["data"][0] == device.suture("metrics").stdout
    reply = bus.busctl("--json=short", "call", "org.suture", "/org/suture", "org.suture.Manager1", "Vex", "s", "Ann").stdout
    assert json.loads(json.loads(reply)["data"][0])["author"] == "Ann"


def test_without_polkit_only_root_may_change_anything(bus, device, systems):
    for command in (["check"], ["install"], ["remove"], ["repair"], ["restart"], ["revert", COMPONENT],
                    ["install", "--unattended"]):
        assert_fails(bus.suture(*command, uid=OTHER, check=False), "without polkit only root may do this")
    assert which(device.root, systems) == "base"
    assert not device.state.exists()


RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.suture.install" && subject.user == "daemon") { return polkit.Result.YES; }
    if (action.id == "org.suture.check" && subject.user == "nobody") { return polkit.Result.NO; }
});
"""


@needs_polkit
def test_polkit_decides_who_may(bus, device, systems):
    bus.start_polkit(RULE)
    for command in (["install"], ["remove"], ["check"], ["repair"], ["restart"], ["revert", COMPONENT]):
        assert_fails(bus.suture(*command, uid=OTHER, check=False), "not allowed", "org.suture.")
    # Whoever may install may not do what is nobody's to ask for.
    assert_fails(bus.suture("install", "--unattended", uid=USER, check=False), "not allowed", "org.suture.unattended")
    assert which(device.root, systems) == "base"
    assert "installed liborigin (a)" in bus.suture("install", uid=USER).stdout
    assert which(device.root, systems) == "a"
    assert_fails(bus.suture("remove", uid=USER, check=False), "not allowed", "org.suture.remove")
    assert_fails(bus.suture("remove", "--dry-run", uid=USER, check=False), "org.suture.check")
    assert_fails(bus.suture("revert", COMPONENT, uid=USER, check=False), "not allowed", "org.suture.remove")
    assert_fails(bus.suture("revert", "--unattended", COMPONENT, uid=USER, check=False), "org.suture.unattended")
    assert which(device.root, systems) == "a"
    assert "removed liborigin (a)" in bus.suture("remove").stdout


@needs_polkit
def test_who_may_set_what_everybody_may_read(bus, device):
    bus.start_polkit(RULE.replace("install", "settings"))
    assert bus.suture("settings", uid=OTHER).stdout == bus.suture("settings").stdout == device.suture("settings").stdout
    assert_fails(bus.suture("settings", "TimeLimit=60", uid=OTHER, check=False), "org.suture.settings")
    assert not (device.root / "etc/suture/settings.conf").exists()
    assert "60" in bus.suture("settings", "TimeLimit=60", uid=USER).stdout
    assert device.suture("settings", "TimeLimit").stdout == bus.suture("settings", "TimeLimit", uid=OTHER).stdout
    (device.root / "etc/suture/policy.d").mkdir()
    (device.root / "etc/suture/policy.d/fleet.conf").write_text("[Suture]\nTimeLimit=70\n")
    assert_fails(bus.suture("settings", "TimeLimit=80", uid=USER, check=False), "TimeLimit")


@needs_polkit
def test_who_may_remove_may_revert_but_for_what_the_policy_says_of_people(bus, device, systems):
    bus.start_polkit(RULE.replace("install", "remove"))
    bus.suture("install")
    assert "reverted liborigin (a) on 1.0-1: it hums" in bus.suture("revert", "--reason=it hums", COMPONENT, uid=USER).stdout
    assert which(device.root, systems) == "base"
    bus.suture("install", COMPONENT)
    (device.root / "etc/suture/policy.d").mkdir(parents=True)
    (device.root / "etc/suture/policy.d/fleet.conf").write_text("[Policy]\nRemoval=no\n")
    for uid in (USER, 0):
        assert_fails(bus.suture("revert", COMPONENT, uid=uid, check=False), "fleet.conf")
    assert which(device.root, systems) == "a"
    bus.suture("revert", "--unattended", COMPONENT)
    assert which(device.root, systems) == "base"


@needs_polkit
def test_a_rule_can_have_others_begin_what_nobody_asks_for(bus, device, systems):
    bus.start_polkit(RULE.replace("install", "unattended"))
    assert "installed liborigin (a)" in bus.suture("install", "--unattended", uid=USER).stdout
    assert which(device.root, systems) == "a"


@needs_polkit
def test_polkit_takes_the_file_of_actions_with_the_defaults_that_are_documented(bus):
    bus.start_polkit()
    listing = bus.busctl("--json=short", "call", "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                         "org.freedesktop.PolicyKit1.Authority", "EnumerateActions", "s", "").stdout
    names = ["no", "auth_self", "auth_admin", "auth_self_keep", "auth_admin_keep", "yes"]
    known = {action[0]: [names[number] for number in action[6:9]] for action in json.loads(listing)["data"][0]
             if action[0].startswith("org.suture.")}
    rows = re.findall(r"^\| `(org\.suture\.\w+)` \|.*\| `(\w+)` \| `(\w+)` \|$", (ROOT / "docs/daemon.md").read_text(),
                      re.MULTILINE)
    assert known == {name: [other, other, active] for name, active, other in rows}
    assert len(known) == 6


def test_a_user_sees_no_process_of_others(bus, device):
    (device.root / "srv").chmod(0o777)
    programs = [subprocess.Popen(["chroot", f"--userspec={uid}:{uid}", device.root, "/usr/bin/origin-server", f"/srv/{uid}"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for uid in (0, USER)]
    try:
        for program in programs:
            assert "listening" in program.stdout.readline()
        bus.suture("install")
        pids = [program.pid for program in programs]
        every = json.loads(bus.suture("exposed", "--json").stdout)
        assert [process["pid"] for process in every["processes"]] == pids and "hidden" not in every
        own = json.loads(bus.suture("exposed", "--json", uid=USER).stdout)
        assert [process["pid"] for process in own["processes"]] == pids[1:] and own["hidden"] == 1
        status = json.loads(bus.suture("status", "--json", uid=OTHER).stdout)
        assert status["verdict"] == "exposed"
        assert status["exposed"]["processes"] == [] and status["exposed"]["hidden"] == 2
        text = bus.suture("status", uid=OTHER).stdout
        assert "2 processes still use old bytes" in text and "2 processes of other users" in text
    finally:
        for program in programs:
            program.kill()
            program.wait()


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


def test_names_that_nobody_has_are_harmless(bus):
    for name in ("", "../../etc", "x" * 255, "a\nb", "\x1b[31m", "ä"):
        result = bus.call("Install", "as", "1", name, check=False)
        assert result.returncode == 1
        assert "\x1b" not in result.stderr
    assert len(bus.started()) == 1


# Gone when nobody asks


def test_it_is_gone_when_nobody_asks_and_back_when_somebody_does(make_bus):
    bus = make_bus(idle_ms=100)
    for n in range(1, 4):
        bus.call("Status")
        assert len(bus.started()) == n
        wait_until(lambda: not bus.runs(bus.started()[-1]))
        assert not bus.has("org.suture")


def test_calls_at_the_instant_at_which_it_leaves_are_answered(make_bus):
    """It leaves at once, so that each call meets one that does."""
    bus = make_bus(idle_ms=0)
    calls = [bus.start("status") for _ in range(20)]
    assert [(result.returncode, result.stderr) for result in map(finish, calls)] == [(0, "")] * len(calls)


def test_it_leaves_at_once_when_it_has_swapped_what_it_may_use_itself(bus):
    bus.suture("install")
    wait_until(lambda: not bus.runs(bus.started()[0]))
    assert "Protected" in bus.suture("status").stdout


def test_who_only_looks_does_not_keep_one_that_has_swapped(bus):
    while True:
        looking = bus.start("status", uid=OTHER)
        child = bus.wait_for_child()
        os.kill(child, signal.SIGSTOP)
        if looking.poll() is None:
            break
    bus.suture("install")
    assert "Protected" in bus.suture("status").stdout
    assert len(bus.started()) == 2 and looking.poll() is None
    os.kill(child, signal.SIGCONT)
    assert finish(looking).returncode == 0
    wait_until(lambda: not bus.runs(bus.started()[0]))


@needs_polkit
def test_who_does_not_answer_does_not_keep_one_that_has_swapped(bus):
    """polkit that is stopped stands for an agent that never asks."""
    bus.start_polkit()
    os.kill(bus.polkitd.pid, signal.SIGSTOP)
    asked = bus.start("remove", uid=USER)
    bus.wait_for_callers(1)
    bus.suture("install")
    assert_fails(finish(asked), "try again")
    wait_until(lambda: not bus.runs(bus.started()[0]))
    assert "Protected" in bus.suture("status").stdout


def test_who_does_it_and_who_asked_for_it_do_not_count_themselves(make_bus, device):
    """Both end soon, though they use what is replaced."""
    old = {"LD_PRELOAD": str(device.root / LIBRARY), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    bus = make_bus(before=[f"export {name}={value}" for name, value in old.items()])
    bus.call("Status")
    assert LIBRARY in pathlib.Path(f"/proc/{bus.started()[0]}/maps").read_text()
    report = json.loads(run(*bus.command("install", "--json"), env={**bus.environment, **old}).stdout)
    assert report["done"] and report["exposed"]["processes"] == []
    assert report["exposed"]["complete"] and report["exposed"]["looked_at"] > 2
    wait_until(lambda: not bus.runs(bus.started()[0]))
    device.suture("remove")
    alone = json.loads(run(*device.command("install", COMPONENT, "--json"), env={**os.environ, **old}).stdout)
    assert alone["done"] and alone["exposed"]["processes"] == []


def test_warnings_reach_who_asked(bus, device):
    bus.suture("install")
    (device.state / "history.json").write_text("{")
    result = bus.suture("remove")
    assert re.search(r"^warning: .*history", result.stderr, re.MULTILINE)


# As a service


def again_through(command, *more):
    """The lines of a script by which it starts itself once more, through a command, with more arguments."""
    return [f'if [ -z "$AGAIN" ]; then AGAIN=1 exec {command} "$0" {" ".join(more)}; fi']


def test_with_mounts_of_its_own_it_swaps_those_of_the_machine(make_bus, device, systems):
    """As under systemd, whose sandbox makes /usr read-only, and is a namespace that sees the machine's mounts."""
    bus = make_bus(before=[
        *again_through("unshare --mount --propagation slave", "--host-mounts"),
        f"mount --rbind {device.root}/usr {device.root}/usr", f"mount -o remount,bind,ro {device.root}/usr"])
    bus.call("Status")
    assert os.readlink("/proc/self/ns/mnt") != os.readlink(f"/proc/{bus.started()[0]}/ns/mnt")
    bus.suture("install")
    assert which(device.root, systems) == "a"
    wait_until(lambda: not bus.runs(bus.started()[0]))
    assert "Protected" in bus.suture("status").stdout
    bus.suture("remove")
    assert which(device.root, systems) == "base"


def directive(name):
    """All words that the unit gives to it."""
    text = (ROOT / "data/systemd/sutured.service.in").read_text()
    return [word for line in re.findall(rf"^{name}=(.*)$", text, re.MULTILINE) for word in line.split()]


def live(bus, device, systems):
    bus.suture("install")
    assert which(device.root, systems) == "a"
    for command in (["status"], ["exposed"], ["check"], ["restart"], ["repair"], ["receipt"], ["metrics"], ["vex"],
                    ["revert", COMPONENT], ["install", COMPONENT], ["install", "--unattended"]):
        bus.suture(*command)
    bus.suture("remove")
    assert which(device.root, systems) == "base"


def test_the_capabilities_of_its_unit_are_enough(make_bus, device, systems):
    names = ",".join("+" + name.removeprefix("CAP_").lower() for name in directive("CapabilityBoundingSet"))
    bus = make_bus(before=again_through(f"setpriv --no-new-privs --bounding-set=-all,{names}"))
    live(bus, device, systems)
    bus.call("Status")
    status = pathlib.Path(f"/proc/{bus.started()[-1]}/status").read_text()
    assert bin(int(re.search(r"CapBnd:\s*(\w+)", status)[1], 16)).count("1") == len(directive("CapabilityBoundingSet"))


@pytest.mark.skipif(not pathlib.Path("/usr/bin/systemd-analyze").exists(), reason="systemd is not installed")
def test_the_system_calls_of_its_unit_are_enough(make_bus, directory, device, systems):
    trace = directory / "trace"
    bus = make_bus(before=[*again_through(f"strace -f -qq -A -o {trace}", "--host-mounts"), "export ASAN_OPTIONS=detect_leaks=0"])
    live(bus, device, systems)
    made = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.MULTILINE))
    assert {"move_mount", "clone", "seccomp", "setns"} - made == set()
    allowed = {name for word in directive("SystemCallFilter") for name in (members_of(word) if word[0] == "@" else {word})}
    allowed |= members_of("@default")
    assert made - allowed == set()
    # Filters that would have to see arguments in memory refuse these altogether.
    assert "openat2" in made and directive("RestrictSUIDSGID") == []
    assert not re.search(r" clone3\(\{flags=\S*CLONE_NEW", trace.read_text(errors="replace"))


def test_what_the_timers_unit_leaves_is_enough_to_ask(bus, device, systems):
    """No capability, another user namespace, no network, nothing that could be written, and a bus that takes it for root."""
    cage = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-ec",
            'mount -o remount,bind,ro / && exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"', "sh"]
    result = run(*cage, *bus.command("--daemon", "install", "--unattended"), env=bus.environment)
    assert "installed liborigin (a)" in result.stdout
    assert which(device.root, systems) == "a"


@pytest.mark.skipif(not pathlib.Path("/usr/bin/systemd-analyze").exists(), reason="systemd is not installed")
def test_the_system_calls_of_the_timers_unit_are_enough_to_ask(bus, directory, device, systems):
    trace = directory / "trace"
    run("strace", "-f", "-qq", "-o", trace, *bus.command("--daemon", "install", "--unattended"),
        env={**bus.environment, "ASAN_OPTIONS": "detect_leaks=0"})
    assert which(device.root, systems) == "a"
    made = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.MULTILINE))
    text = (ROOT / "data/systemd/suture-unattended.service.in").read_text()
    assert re.findall(r"^SystemCallFilter=(.*)$", text, re.MULTILINE) == ["@system-service", "~@privileged @resources"]
    allowed = members_of("@system-service") - members_of("@privileged") - members_of("@resources") | members_of("@default")
    # The C library asks for its limits at first, and does without; the sanitizers do not.
    assert "connect" in made and made - allowed <= {"prlimit64"}


def test_progress_goes_to_the_caller_alone_and_that_something_changed_to_all(bus):
    monitor = subprocess.Popen(
        ["busctl", f"--address=unix:path={bus.socket}", "monitor", "--json=short", "org.suture"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=bus.environment)
    assert "Monitoring" in monitor.stderr.readline()
    bus.suture("install")
    seen = []
    while not seen or seen[-1].get("member") != "Changed":
        seen.append(json.loads(monitor.stdout.readline()))
    monitor.kill()
    monitor.communicate()
    call, = [message for message in seen if message.get("member") == "Install"]
    told = [message for message in seen if message.get("member") in ("Progress", "StageEnded")]
    assert {message["destination"] for message in told} == {call["sender"]}
    assert {message["payload"]["data"][0] for message in told} == {call["cookie"]}
    assert ["fetching liborigin from-base.delta", "rebuilding liborigin"] == list(dict.fromkeys(
        message["payload"]["data"][1] for message in told if message["member"] == "Progress"
        and not message["payload"]["data"][1].startswith("checking")))
    assert seen[-1].get("destination") is None


def test_a_start_that_takes_longer_than_the_bus_waits_is_waited_for(make_bus, device, directory):
    bus = make_bus(before=[f"[ -e {directory}/slow ] || {{ touch {directory}/slow; exec sleep infinity; }}"], patience_ms=1000)
    assert bus.suture("status", "--json").stdout == device.suture("status", "--json").stdout
    assert len(bus.started()) == 1


def unit(tmp_path):
    text = (ROOT / "data/systemd/sutured.service.in").read_text().replace("@prefix@", "/usr")
    (tmp_path / "sutured.service").write_text(text)
    return tmp_path / "sutured.service"


@pytest.mark.skipif(not pathlib.Path("/usr/bin/systemd-analyze").exists(), reason="systemd is not installed")
def test_what_its_unit_leaves_open_is_what_the_document_says(tmp_path):
    result = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=40", unit(tmp_path))
    level = float(re.search(r"exposure level for sutured\.service: ([0-9.]+)", result.stdout)[1])
    assert level <= 4.0
    if not run("systemd-analyze", "--version").stdout.startswith("systemd 252 "):
        return
    document = (ROOT / "docs/daemon.md").read_text()
    assert f"exposure level is {level}" in document
    left = re.findall(r"^✗ (\S+)", result.stdout, re.MULTILINE)
    assert left
    for name in left:
        for word in re.findall(r"^\w+|@\w+|CAP_[A-Z_]+|AF_[A-Z]+", name):
            assert word in document, name
