# SPDX-License-Identifier: LGPL-2.1-or-later
"""What crashes counts against an improvement only when it had mapped its bytes; too many crashes revert it. Programs,
packages and crashes are real, and so is what the kernel tells of them."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import (BUILD, ROOT, Device, Server, assert_fails, copy_runtime, members_of, run, unmount_all, unpack,
                      wait_until)

# What the base has answers; the fix does what its user is to see.
BASE = "int frail_NAME(void) { return 0; }\n"
CRASHES = "int frail_NAME(void) { *(volatile int *)8 = 1; return 0; }\n"
ABORTS = "#include <stdlib.h>\nint frail_NAME(void) { abort(); }\n"
WORKS = "int frail_NAME(void) { return 1; }\n"
CRASHES_AT_ONCE = "__attribute__((constructor)) static void begin(void) { *(volatile int *)8 = 1; }\n" + BASE

# Says that it is ready, and at a word does what its libraries do, or crashes by itself.
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
DECLARE
int main(int argc, char **argv)
{
	if (argc > 1) {
		puts("ready");
		fflush(stdout);
		if (getchar() == 'x')
			*(volatile int *)8 = 1;
	}
	return CALL;
}
"""
# Uses none of them.
LONER = "int main(void) { *(volatile int *)8 = 1; return 0; }\n"


def compile_(directory, name, text, *arguments):
    source = directory / f"{name}.c"
    source.write_text(text)
    run("gcc", "-w", "-O0", "-o", directory / name, source, *arguments)
    return directory / name


class Component:
    """A library of its own package, in two versions."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.base = self.build("1", BASE)

    def build(self, version, text):
        tree = self.directory / f"{self.name}-{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr/lib").mkdir(parents=True)
        soname = f"lib{self.name}.so.1"
        compile_(tree, soname, text.replace("NAME", self.name), "-shared", "-fPIC", f"-Wl,-soname,{soname}")
        (tree / soname).rename(tree / "usr/lib" / soname)
        (tree / f"{soname}.c").unlink()
        architecture = run("dpkg", "--print-architecture").stdout.strip()
        (tree / "DEBIAN/control").write_text(f"Package: {self.name}\nVersion: {version}\nArchitecture: {architecture}\n"
                                             "Maintainer: T <t@suture.invalid>\nDescription: x\n")
        deb = self.directory / f"{self.name}_{version}_{architecture}.deb"
        run("dpkg-deb", "--root-owner-group", "--build", tree, deb)
        return deb


UNIT = ROOT / "data/systemd/suture-watch.service.in"


def directive(name):
    return [word for words in re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE) for word in words.split()]


def as_the_unit(*argv):
    """With no more power than its service has."""
    kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in directive("CapabilityBoundingSet"))
    assert directive("NoNewPrivileges") == ["yes"]
    return ["setpriv", f"--bounding-set=-all,{kept}", "--no-new-privs", *argv]


class Watcher:
    """suture-watch, once it watches."""

    def __init__(self, device, directory, program, through):
        self.device, self.lines, self.news = device, [], threading.Condition()
        path = directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            self.process = subprocess.Popen(
                as_the_unit(*through, BUILD / "suture-watch", f"--root={device.root}", f"--state={device.state}", "--verbose",
                            "run"),
                env={**os.environ, "NOTIFY_SOCKET": str(path), "SUTURE_PROGRAM": str(program)}, text=True,
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            threading.Thread(target=self.read, daemon=True).start()
            notify.settimeout(1)
            while True:
                try:
                    self.ready = notify.recv(4096).decode()
                    break
                except TimeoutError:
                    assert self.process.poll() is None, self.lines
        path.unlink()
        if "cannot watch processes" in self.ready or "tracepoint" in self.ready:
            self.stop()
            pytest.skip(f"this kernel, or this container, does not let processes be watched: {self.ready}")

    def read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.lines.append("")
            self.news.notify_all()

    def wait(self, words, times=1):
        """Until it has said so."""
        def said():
            return "" in self.lines or sum(words in line for line in self.lines) >= times
        with self.news:
            self.news.wait_for(said)
            assert sum(words in line for line in self.lines) >= times, self.lines

    def count(self, words):
        return sum(words in line for line in self.lines)

    def stop(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def components(directory, system, publisher):
    """Libraries "one" and "two" of the base, a program for each, one that uses both, and one that uses none."""
    found = {name: Component(directory, name) for name in ("one", "two")}
    for component in found.values():
        unpack(component.base, system)
    for name, uses in {"one": ["one"], "two": ["two"], "both": ["one", "two"]}.items():
        text = PROGRAM.replace("DECLARE", "".join(f"int frail_{use}(void);" for use in uses))
        built = compile_(directory, f"uses-{name}", text.replace("CALL", " + ".join(f"frail_{use}()" for use in uses)),
                         f"-L{system}/usr/lib", *[f"-l:lib{use}.so.1" for use in uses])
        built.rename(system / "usr/bin" / built.name)
    compile_(directory, "loner", LONER).rename(system / "usr/bin/loner")
    copy_runtime(system)
    return found


@pytest.fixture
def broken(directory, system, publisher, components):
    """A function: a device on which improvements with these texts are installed."""
    servers = []

    def install(install=True, **texts):
        for name, text in texts.items():
            publisher.release(components[name].base, components[name].build("2", text), component=name)
        servers.append(Server(publisher.repository))
        device = Device(directory, servers[0].url, publisher.root)
        if install:
            device.suture("install")
        return device
    yield install
    for server in servers:
        server.stop()


@pytest.fixture
def watch(directory):
    running = []

    def start(device, program=BUILD / "suture", through=()):
        running.append(Watcher(device, directory, program, through))
        return running[-1]
    yield start
    for watcher in running:
        watcher.stop()


def crash(device, program, times=1, expected=-signal.SIGSEGV):
    for _ in range(times):
        assert subprocess.run(["chroot", device.root, f"/usr/bin/{program}"], check=False,
                              stderr=subprocess.DEVNULL).returncode == expected


class Slice:
    """A control group where a login would put people's programs."""

    def __init__(self, name):
        points = [line.split()[1] for line in open("/proc/self/mounts", encoding="utf-8") if " cgroup2 " in line]
        if not points:
            pytest.skip("there is no cgroup2 here")
        self.top = pathlib.Path(points[0]) / name
        self.path = self.top / f"user-{os.getpid()}.slice"

    def __enter__(self):
        try:
            self.path.mkdir(parents=True)
        except OSError as error:
            pytest.skip(f"no control group can be made here: {error}")
        return self

    def crash(self, device, program, times):
        for _ in range(times):
            subprocess.run(["sh", "-c", f"echo $$ >{self.path}/cgroup.procs; exec chroot {device.root} /usr/bin/{program}"],
                           check=False, stderr=subprocess.DEVNULL)

    def __exit__(self, *unused):
        self.path.rmdir()
        if not [path for path in self.top.iterdir() if path.is_dir()]:
            self.top.rmdir()


def quarantined(device):
    return {item["component"]: item["reason"] for item in device.report("status")["quarantined"]}


def test_three_crashes_revert_the_letter_and_keep_it_in_quarantine(broken, watch):
    device = broken(one=CRASHES)
    watcher = watch(device)
    crash(device, "uses-one", 3)
    watcher.wait("one (a) is reverted")
    assert watcher.process.wait() == 0, "with nothing left to watch it ends"
    assert device.active() == {}
    assert quarantined(device) == {"one": "3 crashes of uses-one in 10 minutes"}
    crash(device, "uses-one", expected=0)
    last = device.report("history")["entries"][-1]
    assert (last["action"], last["component"], last["reason"]) == ("revert", "one", "3 crashes of uses-one in 10 minutes")


def test_what_was_reverted_comes_back_in_a_newer_letter_only(broken, watch, components, publisher):
    device = broken(one=ABORTS)
    watcher = watch(device)
    crash(device, "uses-one", 3, -signal.SIGABRT)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert "in quarantine" in device.suture("install").stdout
    assert device.active() == {}
    publisher.release(components["one"].base, components["one"].build("3", WORKS), component="one")
    device.suture("install")
    assert device.active() == {"one": "b"}


def test_two_crashes_revert_nothing(broken, watch):
    device = broken(one=CRASHES)
    watcher = watch(device)
    crash(device, "uses-one", 2)
    watcher.wait("uses-one", 2)
    assert device.active() == {"one": "a"}
    assert quarantined(device) == {}


def test_a_crash_in_a_constructor_counts(broken, watch):
    device = broken(one=CRASHES_AT_ONCE)
    watcher = watch(device)
    crash(device, "uses-one", 3)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert device.active() == {}


def test_an_unrelated_crash_loop_reverts_nothing(broken, watch):
    device = broken(one=CRASHES)
    watcher = watch(device)
    crash(device, "loner", 10)
    crash(device, "uses-one", 2)
    watcher.wait("uses-one", 2)
    assert watcher.count("loner") == 0
    assert device.active() == {"one": "a"}


def test_a_process_that_somebody_ends_has_not_crashed(broken, watch):
    device = broken(one=CRASHES)
    watcher = watch(device)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT):
        for _ in range(3):
            process = device.program("/usr/bin/uses-one", "wait")
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            assert process.wait() == -number
            process.stdout.close()
            process.stdin.close()
    crash(device, "uses-one", 2)
    watcher.wait("uses-one", 2)
    assert device.active() == {"one": "a"}


def test_a_process_that_began_before_the_watch_counts(broken, watch):
    device = broken(one=CRASHES)
    early = [device.program("/usr/bin/uses-one", "wait") for _ in range(3)]
    for process in early:
        assert process.stdout.readline() == "ready\n"
    watcher = watch(device)
    end(early, "go")
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert device.active() == {}


def on_the_base(system, n):
    processes = [subprocess.Popen(["chroot", system, "/usr/bin/uses-one", "wait"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True) for _ in range(n)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    return processes


def end(processes, word):
    for process in processes:
        process.communicate(word)
        assert process.returncode == -signal.SIGSEGV


def test_a_process_on_old_bytes_does_not_count(broken, watch, system):
    early = on_the_base(system, 2)
    device = broken(one=CRASHES)
    watcher = watch(device)
    crash(device, "uses-one", 2)
    end(early, "x")
    watcher.wait("uses-one", 2)
    assert device.active() == {"one": "a"}


def test_a_program_that_crashes_as_often_on_old_bytes_says_nothing(broken, watch, system):
    early = on_the_base(system, 3)
    device = broken(one=CRASHES)
    watcher = watch(device)
    end(early, "x")
    crash(device, "uses-one", 5)
    watcher.wait("uses-one", 5)
    assert device.active() == {"one": "a"}


def test_only_the_component_that_crashed_goes(broken, watch):
    device = broken(one=CRASHES, two=WORKS)
    watcher = watch(device)
    crash(device, "uses-one", 3)
    watcher.wait("one (a) is reverted")
    crash(device, "uses-two", expected=1)
    while quarantined(device) == {}:
        pass
    assert device.active() == {"two": "a"}
    assert watcher.process.poll() is None, "the other one is watched on"


def test_of_two_that_a_process_had_mapped_the_newer_one_goes_first(broken, watch, components, publisher):
    device = broken(one=CRASHES)
    publisher.release(components["two"].base, components["two"].build("2", WORKS), component="two")
    time.sleep(1.1)  # the state has whole seconds
    device.suture("install")
    watcher = watch(device)
    crash(device, "uses-both", 3)
    watcher.wait("two (a) is reverted")
    while quarantined(device) == {}:
        pass
    assert device.active() == {"one": "a"}
    crash(device, "uses-both", 2)
    watcher.wait("it had mapped bytes of one (a)\n", 2)
    assert device.active() == {"one": "a"}, "what the newer one explained does not count against the older"
    crash(device, "uses-both")
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert set(quarantined(device)) == {"one", "two"}


def test_a_letter_that_comes_meanwhile_is_watched_too(broken, watch, components, publisher):
    device = broken(one=WORKS)
    watcher = watch(device)
    publisher.release(components["one"].base, components["one"].build("3", CRASHES), component="one")
    device.suture("install")
    crash(device, "uses-one", 3)
    watcher.wait("one (b) is reverted")
    watcher.process.wait()
    assert device.active() == {}


def test_the_status_says_that_somebody_watches_and_show_why_a_letter_is_off(broken, watch):
    device = broken(one=CRASHES)
    (device.root / "run").mkdir(exist_ok=True)
    assert "watch" not in device.report("status")
    watcher = watch(device)
    assert "watched     for crashes until" in device.suture("status").stdout
    assert device.report("status")["watch"]["pid"] == watcher.process.pid
    crash(device, "uses-one", 3)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert "watch" not in device.report("status")
    why = "3 crashes of uses-one in 10 minutes"
    assert f"one (a): {why}" in device.suture("status").stdout
    assert why in device.suture("show", "one").stdout


def test_what_ordinary_users_have_started_does_not_revert(broken, watch):
    device = broken(one=CRASHES)
    with Slice("user.slice") as users:
        watcher = watch(device)
        users.crash(device, "uses-one", 5)
    crash(device, "uses-one", 2)
    watcher.wait("uses-one", 2)
    assert device.active() == {"one": "a"}


def crash_as(device, user, times):
    """In the control group of this test."""
    for _ in range(times):
        assert subprocess.run(["chroot", f"--userspec=+{user}:+{user}", device.root, "/usr/bin/uses-one"], check=False,
                              stderr=subprocess.DEVNULL).returncode == -signal.SIGSEGV


def test_what_a_service_runs_for_a_person_does_not_revert(broken, watch):
    """cron, atd and what delivers mail run people's programs in their own control group."""
    device = broken(one=CRASHES)
    watcher = watch(device)
    crash_as(device, 1234, 5)
    crash_as(device, 33, 2)
    watcher.wait("uses-one", 2)
    assert watcher.count("uses-one") == 2
    assert device.active() == {"one": "a"}


def test_what_a_service_runs_for_somebody_who_had_logged_in_does_not_revert(broken, watch):
    """pam_loginuid notes that in cron's and atd's sessions; a program that makes him root does not undo it."""
    device = broken(one=CRASHES)
    watcher = watch(device)
    login = "echo 1234 >/proc/self/loginuid"
    if subprocess.run(["sh", "-c", login], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("this kernel notes no logins, or this session is one already")
    gone = [subprocess.Popen(["sh", "-c", f"{login}; exec chroot {device.root} /usr/bin/uses-one"],
                             stderr=subprocess.DEVNULL) for _ in range(5)]
    for process in gone:  # and is not waited for before it was read
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    crash(device, "uses-one", 2)
    watcher.wait("uses-one", 2)
    assert watcher.count("uses-one") == 2
    assert device.active() == {"one": "a"}
    for process in gone:
        process.wait()


@pytest.mark.parametrize("user", [33, 61200, 65534])
def test_what_a_service_s_own_user_runs_does(broken, watch, user):
    device = broken(one=CRASHES)
    watcher = watch(device)
    crash_as(device, user, 3)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert device.active() == {}


def test_with_user_crashes_it_does(broken, watch):
    device = broken(one=CRASHES)
    device.suture("settings", "UserCrashes=yes")
    with Slice("user.slice") as users:
        watcher = watch(device)
        users.crash(device, "uses-one", 3)
        watcher.wait("one (a) is reverted")
        watcher.process.wait()
    assert device.active() == {}


def test_with_nothing_young_it_ends_at_once(broken):
    device = broken(one=WORKS)
    state = json.loads((device.state / "state.json").read_text())
    state["active"][0]["installed"] = "2026-01-01T00:00:00Z"
    (device.state / "state.json").write_text(json.dumps(state))
    run(BUILD / "suture-watch", f"--root={device.root}", f"--state={device.state}", "run")


def test_when_suture_itself_crashes_the_base_is_shown_and_it_begins_on_that(broken, watch, directory, system):
    device = broken(one=CRASHES, two=WORKS)
    program, log = directory / "program", directory / "log"
    program.write_text(f"#!/bin/sh\nmountpoint -q {system}/usr && echo improved >>{log} || echo base >>{log}\n"
                       f"[ $(wc -l <{log}) -gt 1 ] || kill -s SEGV $$\nexec {BUILD}/suture \"$@\"\n")
    program.chmod(0o755)
    watcher = watch(device, program)
    crash(device, "uses-one", 3)
    watcher.wait("tried again on the base")
    while quarantined(device) == {}:
        pass
    assert log.read_text() == "improved\nbase\n"
    assert device.active() == {"two": "a"}


def test_a_revert_by_hand_says_why(broken):
    device = broken(one=WORKS, two=WORKS)
    report = device.report("revert", "one", "--reason=the printer is silent")
    assert [(change["action"], change["component"]) for change in report["changes"]] == [("revert", "one")]
    assert report["exposed"]["processes"] == []
    assert quarantined(device) == {"one": "the printer is silent"}
    assert device.active() == {"two": "a"}
    assert_fails(device.suture("revert", "one", check=False), '"one"')


def test_a_revert_names_who_still_uses_the_bytes(broken):
    device = broken(one=WORKS)
    user = device.program("/usr/bin/uses-one", "wait")
    assert user.stdout.readline() == "ready\n"
    found = device.report("revert", "one")["exposed"]["processes"]
    assert [(item["pid"], item["component"], item["letter"]) for item in found] == [(user.pid, "one", "a")]
    user.kill()
    user.communicate()


def test_a_policy_against_removal_holds_people_and_not_the_watch(broken, watch):
    device = broken(one=CRASHES)
    policy = device.root / "etc/suture/policy.d/10-keep.conf"
    policy.parent.mkdir(parents=True)
    policy.write_text("[Policy]\nRemoval=no\n")
    assert_fails(device.suture("revert", "one", check=False), "10-keep.conf")
    watcher = watch(device)
    crash(device, "uses-one", 3)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert device.active() == {}


def test_when_processors_were_off_all_of_them_are_watched_anew(broken, watch):
    """The kernel tells of a switched processor when it is asked to, with nothing happening to the processor."""
    device = broken(one=CRASHES)
    early = device.program("/usr/bin/uses-one", "wait")
    assert early.stdout.readline() == "ready\n"
    watcher = watch(device)
    try:
        pathlib.Path("/sys/devices/system/cpu/cpu0/uevent").write_text("online")
    except OSError as error:
        pytest.skip(f"no such event can be had here: {error}")
    watcher.wait("watched anew")
    end([early], "go")
    crash(device, "uses-one", 2)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert quarantined(device) == {"one": "3 crashes of uses-one in 10 minutes"}


def test_the_rule_can_be_set(broken, watch):
    device = broken(one=CRASHES)
    device.suture("settings", "Crashes=2")
    watcher = watch(device)
    crash(device, "uses-one", 2)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert quarantined(device) == {"one": "2 crashes of uses-one in 10 minutes"}


# The unit


def test_the_service_stays_in_the_mount_namespace_of_all_and_keeps_the_calls_it_needs():
    keys = set(re.findall(r"^(\w+)=", UNIT.read_text(), re.MULTILINE))
    # systemd.exec(5): each of them makes a mount namespace.
    assert not keys & {"PrivateDevices", "PrivateMounts", "PrivateTmp", "ProtectControlGroups", "ProtectHome",
                       "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc",
                       "ProtectSystem", "ReadOnlyPaths", "ReadWritePaths", "InaccessiblePaths", "TemporaryFileSystem",
                       "BindPaths", "RootDirectory", "ProcSubset", "DynamicUser", "StateDirectory", "PrivateIPC"}
    # Their filters answer ENOSYS to clone3 and openat2, whose flags they cannot see.
    assert not keys & {"RestrictNamespaces", "RestrictSUIDSGID"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze reads the units")
def test_the_filter_of_the_service_lets_all_calls_through_that_a_revert_makes(broken, watch, directory):
    device = broken(one=CRASHES)
    trace = directory / "trace"
    watcher = watch(device, through=["strace", "-f", "-qq", "-o", trace])
    crash(device, "uses-one", 3)
    watcher.wait("one (a) is reverted")
    watcher.process.wait()
    assert device.active() == {}
    made = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.MULTILINE))
    refused = directive("SystemCallFilter")
    assert refused[0][0] == "~"
    taken = {name for group in [refused[0][1:], *refused[1:]] for name in members_of(group)}
    assert {"perf_event_open", "fsmount", "openat2", "move_mount"} - made == set()
    assert made & taken == set()
