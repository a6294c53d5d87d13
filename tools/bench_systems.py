# SPDX-License-Identifier: LGPL-2.1-or-later
"""The systems of bench-census: two of the same real packages, one that Suture fixes, one that dpkg fixes."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import demo_archive

ROOT = pathlib.Path(__file__).resolve().parents[1]
SUTURE, PUBLISH = ROOT / "build/suture", ROOT / "build/suture-publish"
os.environ["SUTURE_WORKER"] = str(ROOT / "build/suture-worker")
os.environ["SUTURE_FETCHER"] = str(ROOT / "build/suture-fetcher")
# What needrestart and dpkg run, and what stays without the library.
NEEDED = ("needrestart", "dash", "coreutils", "diffutils", "sed", "grep", "tar", "libc-bin")
# It would also read what interpreters run, which Suture does not do.
SETTINGS = "$nrconf{interpscan} = 0;\n"


class BenchError(Exception):
    """One sentence for people."""


def download(package, version):
    demo_archive.run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", f"{package}={version}",
                     cwd=demo_archive.CACHE)
    return next(demo_archive.CACHE.glob(f"{package}_{version.replace(':', '%3a')}_*.deb"))


def choose():
    """An update that replaces a library and a program that uses it, of one source."""
    for package in demo_archive.CANDIDATES:
        try:
            pair = demo_archive.pair_from_archive(package)
            if not pair:
                continue
            names = (package, pair.program.packages[0])
            pair.base_debs, pair.fixed_debs = (tuple(download(name, version) for name in names)
                                               for version in (pair.base, pair.fixed))
            others = {path.name.split("_")[0]: path for path in demo_archive.fetch_closure(*NEEDED)}
            others |= {path.name.split("_")[0]: path for path in pair.other_debs}
        except demo_archive.DemoError:
            continue
        pair.other_debs = tuple(path for name, path in others.items() if name not in names)
        return pair
    raise BenchError("the configured archives offer no update of a library with its program")


def peer(pair):
    """What needrestart is there."""
    return " ".join(next(path.name for path in pair.other_debs if path.name.startswith("needrestart_")).split("_")[:2])


class System:
    """A small Debian system with the base of the update; a copy of another one, where there is one."""

    def __init__(self, pair, place, other=None):
        place.mkdir()
        if other:
            self.root = place / "system"
            demo_archive.run("cp", "--archive", "--one-file-system", str(other.root), str(self.root))
            demo_archive.mount_devices(self.root)
        else:
            self.root = demo_archive.build_system(pair, place)
        for name in ("tmp", "run", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("status", "available"):
            (self.root / "var/lib/dpkg" / name).touch()
        (self.root / "etc/needrestart/conf.d/bench.conf").write_text(SETTINGS)
        self.running = []
        self.repository = self.url = None

    def command(self, *words):
        return ["chroot", str(self.root), *map(str, words)]

    def start(self, words, copies):
        """The pids of so many of them, which stay until stop()."""
        began = [subprocess.Popen(self.command(*words), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) for _ in range(copies)]
        self.running += began
        return {process.pid for process in began}

    def stop(self):
        for process in self.running:
            process.kill()
            process.wait()
            process.stdin.close()
        self.running = []


class Patched(System):
    """Gets the update from dpkg."""

    def fix(self, pair):
        for deb in pair.fixed_debs:
            shutil.copy(deb, self.root / "tmp" / deb.name)
        demo_archive.run(*self.command("dpkg", "--force-depends", "--unpack",
                                       *(f"/tmp/{deb.name}" for deb in pair.fixed_debs)))


class Sutured(System):
    """Gets it as an improvement, from a repository made here."""

    def publish(self, pair):
        """The paths of the files that the improvement replaces."""
        place = self.root.parent
        self.repository = place / "repository"
        demo_archive.run(str(PUBLISH), "init", str(self.repository), f"--keys={place / 'keys'}")
        demo_archive.run(str(PUBLISH), "release", f"--repository={self.repository}", f"--keys={place / 'keys'}",
                         f"--component={pair.component}", f"--os-release={self.root / 'usr/lib/os-release'}", "--base",
                         *map(str, pair.base_debs), "--fixed", *map(str, pair.fixed_debs))
        manifest = json.loads(next(self.repository.glob("targets/**/*.manifest.json")).read_text())
        return [entry["path"] for entry in manifest["files"]]

    def fix(self, _):
        server = subprocess.Popen([str(PUBLISH), "serve", str(self.repository), "--address=127.0.0.1:0"], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.url = re.search(r"http://[0-9.:]+", server.stdout.readline())[0]
        try:
            demo_archive.run(*self.suture("install"))
        finally:
            server.terminate()
            server.wait()

    def suture(self, *words):
        return [str(SUTURE), f"--root={self.root}", f"--state={self.root.parent / 'state'}", f"--repository={self.url}",
                f"--trust={self.repository / 'metadata/1.root.json'}", *words]
