# SPDX-License-Identifier: LGPL-2.1-or-later
"""sutured as a service: gone when nobody asks, and enough for its work in what its units leave."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

from bus import OTHER, RULE, USER, finish, needs_polkit
from conftest import COMPONENT, LIBRARY, ROOT, assert_fails, members_of, run, wait_until
from whole import which
from wire import BUS, SUTURED, Connection, words


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


def test_it_leaves_at_once_when_others_have_swapped_it(bus, device):
    """Package managers, whoever does without sutured, and boots; something else that is mounted is no reason."""
    bus.call("Status")
    sutured, = bus.started()
    other = device.root / "srv"
    for command in (["mount", "-t", "tmpfs", "tmpfs", other], ["umount", other]):
        run(*command)
        assert bus.property("Generation") == "t 0"
    assert bus.started() == [sutured]
    device.suture("install")
    wait_until(lambda: not bus.runs(sutured))
    assert bus.property("Generation") == "t 1"
    device.suture("suspend")
    wait_until(lambda: not bus.runs(bus.started()[1]))
    assert bus.property("Generation") == "t 0"


def state_of(pid):
    try:
        return re.search(r"^State:\t(.)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]
    except OSError:
        return "X"


def stopped_while_it_looks(bus):
    """The answer is given when the operation's process has ended; it may be at its end before it is stopped."""
    while True:
        looking = bus.start("status", uid=OTHER)
        child = bus.wait_for_child(looking)
        if child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGSTOP)
            wait_until(lambda: state_of(child) in "TXZ")
            if state_of(child) == "T":
                return looking, child
        finish(looking)


def test_who_only_looks_does_not_keep_one_that_has_swapped(bus):
    looking, child = stopped_while_it_looks(bus)
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


@needs_polkit
def test_who_would_be_asked_does_not_keep_one_that_is_leaving(bus, device):
    """His call comes when it has begun to leave; others' are answered then."""
    bus.start_polkit()
    os.kill(bus.polkitd.pid, signal.SIGSTOP)
    bus.call("Status")
    sutured, = bus.started()
    os.kill(sutured, signal.SIGSTOP)
    device.suture("install")
    connection = Connection(bus.socket, uid=USER)
    calls = [connection.call(*SUTURED, "Check", "as", words()), connection.call(*SUTURED, "Status")]
    assert connection.answer_to(connection.call(*BUS, "GetId")) is None
    os.kill(sutured, signal.SIGCONT)
    assert [connection.answer_to(call) for call in calls] == ["org.suture.Error.Stopping", None]
    wait_until(lambda: not bus.runs(sutured))
    connection.close()


def is_told_to_end(pid):
    pending = re.search(r"^ShdPnd:\t(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]
    return int(pending, 16) >> signal.SIGTERM - 1 & 1


def test_one_that_is_leaving_can_be_told_to_stop(bus):
    looking, child = stopped_while_it_looks(bus)
    sutured, = bus.started()
    bus.suture("install")
    wait_until(lambda: not bus.has("org.suture"))
    os.kill(sutured, signal.SIGTERM)
    wait_until(lambda: is_told_to_end(child))
    os.kill(child, signal.SIGCONT)
    assert_fails(finish(looking), "Status was ended by signal 15")
    wait_until(lambda: not bus.runs(sutured))


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


ONE_THAT_STAYS = """
import sys
sys.path.insert(0, sys.argv[1])
from wire import SUTURED, Connection, words
connection = Connection(sys.argv[2])
print(connection.answer_to(connection.call(*SUTURED, "Install", "as", words())), flush=True)
sys.stdin.read()
"""


def test_who_goes_by_the_name_of_suture_is_counted(bus, device, directory):
    """He need not end with the answer."""
    program = directory / "suture"
    shutil.copy(os.path.realpath(sys.executable), program)
    other = subprocess.Popen(
        [program, "-B", "-c", ONE_THAT_STAYS, pathlib.Path(__file__).parent, bus.socket], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env={**os.environ, "LD_PRELOAD": str(device.root / LIBRARY)})
    assert other.stdout.readline() == "None\n"
    entry, = json.loads((device.state / "ledger.json").read_text())["improvements"]
    assert entry["exposed"] and "protected_first" not in entry
    process, = json.loads(bus.suture("exposed", "--json").stdout)["processes"]
    assert process["pid"] == other.pid
    other.communicate()


@needs_polkit
def test_what_a_user_leaves_out_of_a_report_is_not_proven_to_be_protected(bus, device):
    """His suture ends; that it did is only known when somebody has looked."""
    bus.start_polkit(RULE)
    (device.root / LIBRARY).chmod(0o755)
    old = {"LD_PRELOAD": str(device.root / LIBRARY), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    report = json.loads(run(*bus.command("install", "--json", uid=USER), env={**bus.environment, **old}).stdout)
    assert report["exposed"]["processes"] == [] and report["exposed"]["leaving"] == 1
    entry, = json.loads((device.state / "ledger.json").read_text())["improvements"]
    assert "protected_first" not in entry
    bus.suture("status")
    entry, = json.loads((device.state / "ledger.json").read_text())["improvements"]
    assert "protected_first" in entry


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


def test_what_cannot_be_watched_does_not_begin(make_bus, device):
    inject = "strace -qq -o /dev/null -e trace=pidfd_open -e inject=pidfd_open:error=EMFILE:when=1"
    bus = make_bus(before=[*again_through(inject), "export ASAN_OPTIONS=detect_leaks=0"])
    assert "cannot watch a process" in bus.call("Install", "as", "0", check=False).stderr
    assert bus.children() == []
    assert not device.state.exists()
    assert "installed liborigin (a)" in bus.suture("install").stdout


def seen_until_changed(bus, *arguments):
    """The messages to and from sutured during a command, the last of which tells all that something changed."""
    monitor = subprocess.Popen(
        ["busctl", f"--address=unix:path={bus.socket}", "monitor", "--json=short", "org.suture"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=bus.environment)
    assert "Monitoring" in monitor.stderr.readline()
    bus.suture(*arguments)
    seen = []
    while not seen or seen[-1].get("member") != "Changed":
        seen.append(json.loads(monitor.stdout.readline()))
    monitor.kill()
    monitor.communicate()
    return seen


def test_that_a_setting_changed_is_told_to_all(bus):
    assert seen_until_changed(bus, "settings", "TimeLimit=60")[-1].get("destination") is None


def test_progress_goes_to_the_caller_alone_and_that_something_changed_to_all(bus):
    seen = seen_until_changed(bus, "install")
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
