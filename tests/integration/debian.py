# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small system root in which the real dpkg works, with Suture's hooks: everything runs chrooted into it."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from conftest import BUILD, LIBRARY, ROOT, run

# What dpkg itself wants to find, what its hook uses, and what the packages' scripts do.
TOOLS = """sh dpkg dpkg-deb dpkg-split dpkg-query tar rm mkdir rmdir cat cp mv ln sleep kill sha256sum timeout setsid mount umount
    mountpoint flock diff true false ldconfig start-stop-daemon touch test env grep""".split()
CONTROL = "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: T <t@suture.invalid>\nDescription: x\n"


def copy_program(path, root, place="usr/bin"):
    """With the libraries it needs; links are followed, names stay."""
    (root / place).mkdir(parents=True, exist_ok=True)
    shutil.copy(path, root / place / path.name)
    for library in re.findall(r"(/\S+) \(0x", run("ldd", path, check=False).stdout):
        place = root / library.lstrip("/")
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, place)


def install_hooks(root):
    for source, target in (("dpkg-hook", "usr/lib/suture/dpkg-hook"), ("suture.cfg", "etc/dpkg/dpkg.cfg.d/suture")):
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "data/dpkg" / source, root / target)


def make_debian(root, packages):
    """root is a system as conftest makes it, whose packages dpkg does not know yet."""
    for tool in TOOLS:
        copy_program(pathlib.Path(shutil.which(tool, path="/usr/bin:/usr/sbin:/bin:/sbin")), root)
    copy_program(BUILD / "suture", root)
    for worker in (pathlib.Path(os.environ["SUTURE_WORKER"]), pathlib.Path(os.environ["SUTURE_FETCHER"])):
        copy_program(worker, root, worker.parent.relative_to("/"))
    for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log", "tmp", "run", "packages"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "etc/dpkg").mkdir(parents=True)
    (root / "etc/dpkg/dpkg.cfg").write_text("force-depends\n")  # the C library is no package here
    debian = Debian(root)
    with debian:
        debian.dpkg("-i", packages["1.0-1"], packages["tools"])
    install_hooks(root)
    (root / "etc/suture").mkdir(parents=True, exist_ok=True)


class Debian:
    def __init__(self, root):
        self.root = root

    def __enter__(self):
        run("mount", "--bind", self.root, self.root)  # the census knows only what is mounted
        run("mount", "--bind", "/proc", self.root / "proc")
        run("mount", "--bind", "/dev", self.root / "dev")
        return self

    def __exit__(self, *_):
        run("umount", "--lazy", self.root)

    def command(self, *words):
        return ["chroot", self.root, *words]

    def run(self, *words, check=True, **keywords):
        return run(*self.command(*words), check=check, **keywords)

    def dpkg(self, *words, check=True, **keywords):
        """Packages are copied to where the system sees them."""
        words = [self.bring(word) if isinstance(word, pathlib.Path) else word for word in words]
        return self.run("dpkg", *words, check=check, **keywords)

    def start(self, *words):
        return subprocess.Popen([str(word) for word in self.command(*words)], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def bring(self, deb):
        target = self.root / "packages" / deb.name
        if target != deb:
            shutil.copy(deb, target)
        return f"/packages/{deb.name}"

    def suture(self, *words, check=True):
        return self.run("suture", *words, check=check)

    def report(self, command):
        return json.loads(self.suture(command, "--json").stdout)

    def actions(self):
        return [entry["action"] for entry in self.report("history")["entries"]]

    def library(self):
        return (self.root / LIBRARY).read_bytes()

    def version(self, package):
        """As dpkg has it: "STATUS VERSION"."""
        return self.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package).stdout

    def package(self, name, version="1", files=None, **scripts):
        """A package made by dpkg-deb, with maintainer scripts."""
        tree = self.root / "packages" / f"{name}-{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(CONTROL.format(name=name, version=version))
        for path, content in (files or {f"usr/share/{name}": name}).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(content)
        for script, text in scripts.items():
            (tree / "DEBIAN" / script).write_text(f"#!/bin/sh\nset -e\n{text}\n")
            (tree / "DEBIAN" / script).chmod(0o755)
        deb = self.root / "packages" / f"{name}_{version}.deb"
        run("dpkg-deb", "--root-owner-group", "--build", tree, deb)
        return deb
