# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of a small system that are exposed, or are not: for the tests that look at a census."""
import os
import shutil
import subprocess
import sys

from conftest import run, wait_until

# Loads the library at a path, forks, and tells both pids; ends with its input.
LOADER = """
import ctypes, os, sys
ctypes.CDLL(sys.argv[1])
child = os.fork()
if child:
    print(child, flush=True)
sys.stdin.read()
"""


class Programs:
    """Programs that stay until the test ends, each stopped and waited for."""

    def __init__(self, device):
        self.device, self.running = device, []

    def keep(self, process):
        self.running.append(process)
        return process

    def server(self, name):
        """A program of the system that has the library mapped."""
        process = self.keep(self.device.program("/usr/bin/origin-server", f"/srv/{name}"))
        assert "listening" in process.stdout.readline()
        return process.pid

    def loader(self, path):
        """A process outside of the system that maps a file, and its forked child."""
        process = self.keep(subprocess.Popen([sys.executable, "-c", LOADER, path], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, text=True))
        return process.pid, int(process.stdout.readline())

    def sleeper(self):
        process = self.keep(self.device.program("/usr/bin/sleeper", "1000"))
        wait_until(lambda: os.readlink(f"/proc/{process.pid}/exe").endswith("sleeper"))
        return process.pid

    def namespace(self):
        """A process in a mount namespace of its own that follows nothing from now on."""
        process = self.keep(subprocess.Popen(["unshare", "--mount", "--propagation=private", "sleep", "1000"]))
        wait_until(lambda: os.readlink(f"/proc/{process.pid}/exe").endswith("sleep"))
        return process.pid

    def stop(self):
        for process in self.running:
            if process.stdin:
                process.stdin.close()
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.running = []


def make_sleeper(directory, version, tail):
    """A package with a program that sleeps; what follows the ELF file makes the versions different."""
    tree = directory / f"sleeper-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr/bin").mkdir(parents=True)
    shutil.copy2(shutil.which("sleep"), tree / "usr/bin/sleeper")
    with open(tree / "usr/bin/sleeper", "ab") as file:
        file.write(tail)
    architecture = run("dpkg", "--print-architecture").stdout.strip()
    (tree / "DEBIAN/control").write_text(f"Package: sleeper\nVersion: {version}\nArchitecture: {architecture}\n"
                                         "Maintainer: T <t@suture.invalid>\nDescription: x\n")
    deb = directory / f"sleeper_{version}_{architecture}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", tree, deb)
    return deb
