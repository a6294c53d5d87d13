# SPDX-License-Identifier: LGPL-2.1-or-later
"""sutured on a real message bus: the same as suture by itself, for whoever may."""
import json
import re
import subprocess
import xml.etree.ElementTree

import pytest

from bus import OTHER, RULE, USER, Paused, finish, needs_polkit
from conftest import BUILD, COMPONENT, ROOT, Device, assert_fails, run, unmount_all
from whole import which

INTERFACE = ROOT / "src/api/org.suture.Manager1.xml"
# And what is made of dates: spans of time, and the name of an OpenVEX document.
DATES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ| UTC)|\b1\d{9}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
                   r"|less than a minute|one minute|\d+ minutes")


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
