# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every way in which a process can be exposed that needs no pid 1 of its own, and what only looks like it.

For the tests of the census and for tools/bench-census, which shows what needrestart says of the same. Each is made of real
processes, mounts and namespaces over a system at a directory.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

HOLDER = pathlib.Path(__file__).with_name("holder.py")
NOBODY = 65534
PRIVATE = ("unshare", "--mount", "--propagation=private")
# The process that waits outside of the pid namespace stays in the mount namespace that it came from.
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--uts", "--ipc", *PRIVATE)
# The tree becomes a mount, and what is bound in it comes along: SOURCE TARGET TREE COMMAND…
# Tells its pid as a holder does, and becomes the command.
TELL = ("sh", "-e", "-c", 'read -r pid rest </proc/self/stat; echo "$pid"; exec "$@"', "sh")
BIND = ("sh", "-e", "-c", 'mount --bind "$2" "$2"; [ "$0" = "$1" ] || mount --bind "$0" "$1"; shift 2; exec "$@"')


class Exposures:
    """Starts such processes over one system; stop() ends them all."""

    def __init__(self, root, library, program, place):
        """library: below root; program: a command of the system that stays until it is terminated; place: a new
        directory on the same file system."""
        self.root, self.library, self.program, self.place = pathlib.Path(root), library, program, pathlib.Path(place)
        self.place.mkdir()
        self.running, self.programs = [], []

    @property
    def file(self):
        return self.root / self.library

    def popen(self, command):
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.running.append(process)
        return process

    def hold(self, *words, within=()):
        """The pids of a holder, as this pid namespace has them."""
        process = self.popen([*within, sys.executable, "-B", HOLDER, *words])
        pids = {int(word) for word in process.stdout.readline().split()}
        if not pids:
            raise RuntimeError(f"the process that holds {words} did not start")
        return pids

    def start_program(self):
        process = self.popen([*TELL, "chroot", self.root, *self.program])
        pid = int(process.stdout.readline())
        self.programs.append(pid)
        name = os.path.basename(self.program[0])
        while os.path.basename(os.readlink(f"/proc/{pid}/exe")) != name:
            if process.poll() is not None:
                raise RuntimeError(f"{name} does not stay")
            time.sleep(0.01)
        return {pid}

    def hold_deleted(self):
        link = self.place / "link"
        os.link(self.file, link)
        pids = self.hold(link)
        link.unlink()
        return pids

    def hold_detached(self):
        mount = self.place / "detached"
        mount.mkdir()
        subprocess.run(["mount", "--bind", self.root / "usr", mount], check=True)
        pids = self.hold(mount / self.library.removeprefix("usr/"))
        subprocess.run(["umount", "--lazy", mount], check=True)
        return pids

    def chroot(self):
        return self.hold("--root", self.root, f"/{self.library}")

    def make_tree(self, name, usr):
        tree = self.place / name
        (tree / usr).mkdir(parents=True)
        return tree

    def sandbox(self):
        """A tree of its own, beside which it has the system's /usr."""
        tree = self.make_tree("sandbox", "run/host/usr")
        return self.hold("--pivot", tree, within=(*PRIVATE, *BIND, self.root / "usr", tree / "run/host/usr", tree))

    def container(self):
        tree = self.make_tree("container", "usr")
        return self.hold("--pivot", tree, f"/{self.library}",
                         within=(*CONTAINER, *BIND, self.root / "usr", tree / "usr", tree))

    def container_of_its_own(self):
        tree = self.make_tree("stranger", os.path.dirname(self.library))
        shutil.copy2(self.file, tree / self.library)
        return self.hold("--pivot", tree, f"/{self.library}", within=(*CONTAINER, *BIND, tree, tree, tree))

    def hold_copy(self):
        copy = self.place / self.file.name
        shutil.copy2(self.file, copy)
        return self.hold(copy)

    def stop(self):
        for pid in self.programs:
            os.kill(pid, signal.SIGTERM)
        for process in self.running:
            process.stdin.close()
        for process in self.running:
            process.wait()
            process.stdout.close()
        self.running, self.programs = [], []


# {name: (kind of the finding, how it is made)}: begun before the improvement is installed
EXPOSED = {
    "old mapping": ("library", lambda it: it.hold(it.file)),
    "executable itself": ("executable", Exposures.start_program),
    "deleted file": ("library", Exposures.hold_deleted),
    "detached mount": ("library", Exposures.hold_detached),
    "private namespace": ("namespace", lambda it: it.hold(within=PRIVATE)),
    "bind of /usr": ("namespace", Exposures.sandbox),
    "chroot": ("library", lambda it: it.chroot()),
    "container": ("library", Exposures.container),
    "another user's process": ("library", lambda it: it.hold("--user", NOBODY, it.file)),
    "forked child": ("library", lambda it: it.hold("--fork", it.file)),
}
HARMLESS = {
    "a copy of the same name elsewhere": Exposures.hold_copy,
    "a container with its own library at the same path": Exposures.container_of_its_own,
    "the file open, but not mapped": lambda it: it.hold("--how=open", it.file),
    "mapped once, but not any more": lambda it: it.hold("--how=unmap", it.file),
    "a file that is not replaced": lambda it: it.hold(it.root / "usr/lib/os-release"),
}
# Begun after it was installed.
HARMLESS_SINCE = {
    "the new bytes": lambda it: it.hold(it.file),
    "the program, started again": Exposures.start_program,
    "a namespace made since": lambda it: it.hold(within=PRIVATE),
}


USES = re.compile(r"#(\d+) uses (?:deleted|obsolete|non-existing)\b")


def named_by_needrestart(text):
    """The pids for which `needrestart -v` gives a reason: in batch mode alone it names services only."""
    return {int(pid) for pid in USES.findall(text)}


def answer(pids, found):
    return "yes" if pids <= found else "no" if not pids & found else f"{len(pids & found)} of {len(pids)}"
