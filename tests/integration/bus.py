# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system message bus of a test's own: the real dbus-daemon, which starts the real sutured, and the real polkitd."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, ROOT, run, wait_until
from test_lock import Held

POLKITD = pathlib.Path("/usr/lib/polkit-1/polkitd")
POLKIT_POLICY = pathlib.Path("/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf")
ACTIONS = pathlib.Path("/usr/share/polkit-1/actions")
RULES = pathlib.Path("/etc/polkit-1/rules.d")

# What /usr/share/dbus-1/system.conf says of who may do what, and sutured's and polkit's own files.
CONFIG = """<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path={socket}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    {denied}
  </policy>
  <limit name="service_start_timeout">{patience_ms}</limit>
  <include>{policy}</include>
  <include ignore_missing="yes">{polkit}</include>
</busconfig>
"""
USER, OTHER = 1, 65534
RULE = """polkit.addRule(function(action, subject) {
    if (action.id == "org.suture.install" && subject.user == "daemon") { return polkit.Result.YES; }
    if (action.id == "org.suture.check" && subject.user == "nobody") { return polkit.Result.NO; }
});
"""


class Bus:
    """sutured on it works on the device's root, and is activated when it is called."""

    def __init__(self, directory, device, idle_ms=600000, before=(), patience_ms=25000, denied=""):
        self.directory, self.device, self.socket = directory, device, directory / "bus"
        self.services = directory / "services"
        self.services.mkdir()
        directory.chmod(0o755)
        self.pids = directory / "sutured-pids"
        starter = directory / "start-sutured"
        serve = [BUILD / "sutured", f"--root={device.root}", f"--state={device.state}", f"--repository={device.url}",
                 f"--trust={device.trust}", "serve"]
        starter.write_text(f"#!/bin/sh\n{''.join(line + chr(10) for line in before)}echo $$ >>{self.pids}\n"
                           f"SUTURED_IDLE_MS={idle_ms} exec {' '.join(map(str, serve))} \"$@\"\n")
        starter.chmod(0o755)
        self.install_service("org.suture", starter)
        (directory / "config").write_text(CONFIG.format(
            socket=self.socket, services=self.services, policy=ROOT / "data/dbus/org.suture.conf", polkit=POLKIT_POLICY,
            patience_ms=patience_ms, denied=denied))
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.socket}",
                            "SUTURE_PROGRAM": str(BUILD / "suture")}
        self.log = open(directory / "bus.log", "w", encoding="utf-8")
        self.daemon = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", f"--config-file={directory}/config",
             "--print-address=1"], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log, text=True)
        assert "unix:path=" in self.daemon.stdout.readline(), (directory / "bus.log").read_text()
        self.polkitd = None

    def install_service(self, name, program):
        (self.services / f"{name}.service").write_text(
            f"[D-BUS Service]\nName={name}\nExec={program}\nUser=root\n")

    def start_polkit(self, rule=""):
        """The real one, with sutured's actions among its own, and a rule for it."""
        for place, name in ((ACTIONS, "actions"), (RULES, "rules")):
            copy = self.directory / name
            shutil.copytree(place, copy)
            copy.chmod(0o755)
            run("mount", "--bind", copy, place)
        shutil.copy(ROOT / "data/polkit/org.suture.policy", self.directory / "actions")
        (self.directory / "rules/10-test.rules").write_text(rule)
        self.polkitd = subprocess.Popen([POLKITD, "--no-debug"], env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        self.wait_for("org.freedesktop.PolicyKit1")

    def wait_for(self, name):
        wait_until(lambda: self.polkitd.poll() is not None or self.has(name))
        assert self.has(name), (self.directory / "bus.log").read_text()

    def stop(self):
        if self.polkitd:
            self.polkitd.kill()
            self.polkitd.wait()
            for place in (ACTIONS, RULES):
                run("umount", place)
        self.daemon.terminate()
        self.daemon.wait()
        self.log.close()
        wait_until(lambda: not any(map(self.runs, self.started())))

    @staticmethod
    def runs(pid):
        """And is no zombie that waits for whoever is the reaper here."""
        try:
            return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return False

    def started(self):
        """The process numbers of each sutured that was started, in this order."""
        return [int(pid) for pid in self.pids.read_text().split()] if self.pids.exists() else []

    def has(self, name):
        return self.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
                           "s", name).stdout.strip() == "b true"

    def as_user(self, uid):
        return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid else []

    def busctl(self, *arguments, uid=0, check=True):
        return run(*self.as_user(uid), "busctl", f"--address=unix:path={self.socket}", *arguments, check=check,
                   env=self.environment)

    def call(self, method, *arguments, uid=0, check=True):
        return self.busctl("call", "org.suture", "/org/suture", "org.suture.Manager1", method, *arguments, uid=uid,
                           check=check)

    def property(self, name):
        return self.busctl("get-property", "org.suture", "/org/suture", "org.suture.Manager1", name).stdout.strip()

    def command(self, *arguments, uid=0):
        """suture without a word of where to work: it asks sutured."""
        return [*self.as_user(uid), BUILD / "suture", *arguments]

    def suture(self, *arguments, uid=0, check=True):
        return run(*self.command(*arguments, uid=uid), check=check, env=self.environment)

    def start(self, *arguments, uid=0):
        return subprocess.Popen(self.command(*arguments, uid=uid), env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def children(self):
        """The processes of operations under way."""
        found = []
        for pid in self.started():
            try:
                found += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except OSError:
                pass
        return found

    def wait_for_callers(self, n):
        """Until so many of suture's are on the bus, each of which makes its call at once; busctl(1) looks for them."""
        def count():
            listing = self.busctl("list", "--unique", "--no-legend").stdout
            return sum(line.split()[2] == "suture" for line in listing.splitlines())
        wait_until(lambda: count() == n)

    def wait_for_child(self, call):
        """The operation of a call; None when it was over before it was seen."""
        wait_until(lambda: call.poll() is not None or self.children())
        return next(iter(self.children()), None)


def has_polkit():
    return POLKITD.exists()


needs_polkit = pytest.mark.skipif(not has_polkit(), reason="polkitd is not installed")


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
            self.child = bus.wait_for_child(self.call)
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
