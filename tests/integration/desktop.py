# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop of a user's, without a monitor: an X server, a session bus and dunst, a real notification service, which run
in that user's name; and what logind keeps of the login. ./dev test desktop installs them.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from conftest import ROOT, run

sys.path.insert(0, str(ROOT / "tools"))
from demo_screen import Screen  # noqa: E402

NEEDED = ("Xvfb", "dunst", "dunstctl", "dbus-daemon")
# As /usr/share/dbus-1/session.conf, but that it starts no service by itself: a test decides which are there.
BUS = """<busconfig>
  <type>session</type>
  <auth>EXTERNAL</auth>
  <listen>{address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
DUNSTRC = """[global]
font = DejaVu Sans 14
width = 700
height = 250
origin = top-left
offset = 20x20
timeout = 0
icon_position = off
"""
IS_INSTALLED = all(shutil.which(program) for program in NEEDED)


class OwnScreen(Screen):
    """An X server on a free display, for everybody here."""

    def __init__(self, directory):  # pylint: disable=super-init-not-called
        self.buffer = directory
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "800x300x24", "-fbdir", directory, "-nolisten", "tcp", "-ac",
             "-noreset"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.display = ":" + self.server.stdout.readline().strip()


class Desktop:
    """/run is the test's own: see run_of_its_own."""

    def __init__(self, directory, uid, kind="x11"):
        self.uid, self.runtime = uid, pathlib.Path(f"/run/user/{uid}")
        self.home = directory / f"home-{uid}"
        self.screen_directory = directory / f"screen-{uid}"
        for place in (self.runtime, self.home, self.screen_directory):
            place.mkdir(parents=True)
            place.chmod(0o700)
            os.chown(place, uid, uid)
        self.log_in(kind)
        self.screen = OwnScreen(self.screen_directory)
        self.address = f"unix:path={self.runtime}/bus"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime), "LC_ALL": "C.UTF-8",
            "DISPLAY": self.screen.display, "DBUS_SESSION_BUS_ADDRESS": self.address}
        (self.home / "bus.conf").write_text(BUS.format(address=self.address))
        (self.home / "dunstrc").write_text(DUNSTRC)
        self.bus = self.start("dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--print-address=1",
                              f"--config-file={self.home}/bus.conf")
        assert "unix:path=" in self.bus.stdout.readline()
        self.start_service()

    def start_service(self):
        self.service = self.start("dunst", "-config", self.home / "dunstrc")
        while self.call("dunstctl", "count", check=False).returncode != 0:
            assert self.service.poll() is None, "dunst has ended"
            time.sleep(0.05)

    def end_service(self):
        self.service.kill()
        self.service.wait()

    def log_in(self, kind):
        """The files that sd-login(3) reads."""
        for path, text in ((f"users/{self.uid}", f"NAME=user\nSTATE=active\nSESSIONS=s{self.uid}\nONLINE_SESSIONS=s{self.uid}\n"),
                           (f"sessions/s{self.uid}", f"UID={self.uid}\nACTIVE=1\nSTATE=active\nTYPE={kind}\nCLASS=user\n")):
            path = pathlib.Path("/run/systemd") / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def start(self, *command):
        return subprocess.Popen(self.in_its_name(*command), env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/")

    def in_its_name(self, *command):
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", *command]

    def call(self, *command, check=True):
        return run(*self.in_its_name(*command), env=self.environment, cwd="/", check=check)

    def count_shown(self):
        return int(self.call("dunstctl", "count", "displayed").stdout)

    def messages(self):
        """[(program, summary, body)] of what dunst has shown until now; it shows none of it any more."""
        self.call("dunstctl", "close-all")
        history = json.loads(self.call("dunstctl", "history").stdout)["data"][0]
        return [tuple(item[key]["data"] for key in ("appname", "summary", "body")) for item in history]

    def close(self):
        self.end_service()
        self.bus.kill()
        self.bus.wait()
        self.screen.close()
