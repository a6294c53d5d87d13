# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disks that bench-activation boots, and how long the boots take: without Suture, with it, and with a fix."""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/vm"))

import release as machines  # noqa: E402

KINDS = ("without", "idle", "active")

# With the system's own tools: in a machine without KVM, making an initramfs takes minutes.
IN_CHROOT = """
mkdir "$0.mount"
mount -o loop "$0" "$0.mount"
cd "$0.mount"
mount --rbind /dev dev
mount -t proc proc proc
mkdir -p suture
mount --bind "$1" suture
chroot . sh /suture/tools/bench-boots-inside "$2" "$3"
"""


class MachineError(Exception):
    """What the machine printed before it failed."""


class Machine:
    """One release with what is given to each of its boots."""

    def __init__(self, release, build, work):
        self.release, self.build, self.work = release, build, work

    def disk(self, kind):
        return self.work / f"disk-{kind}"

    def copy(self, source, kind):
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, self.disk(kind)], check=True)

    def prepare(self, kind, package):
        """A disk with the old package, its own initramfs, and Suture as its packages bring it or nothing of it."""
        self.copy(machines.prepare(self.release) / "disk", kind)
        result = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-eu", "-c", IN_CHROOT,
                                 self.disk(kind), self.work, f"prepare-{kind}", package],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise MachineError(f"{result.stdout}{result.stderr}")

    def boot(self, kind, *command):
        """What was printed in one boot with the disk's initramfs, the root read-only at first as Debian has it."""
        argv = [ROOT / "tests/vm/run-vm", "--systemd", "--build", self.build, "--state", self.disk(kind), "--own-initrd",
                "--kernel-option", "ro", "--timeout", "3000", "--add", self.work / "given", self.release, *command]
        result = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                check=False)
        if result.returncode != 0:
            raise MachineError(result.stdout)
        return result.stdout


def last_object(text):
    return json.loads(text.strip().splitlines()[-1])


def measure(machine, component, boots):
    """{kind: [what each boot took]}, one boot of each kind after the other; the last has times of programs as well."""
    machine.copy(machine.disk("idle"), "active")
    machine.boot("active", "sh", "/suture/tools/bench-boots-inside", "install", component)
    # The first boot proves the letter, which takes a durable write.
    machine.boot("active", "sh", "/suture/tools/bench-boots-inside", "boot")
    found = {kind: [] for kind in KINDS}
    for number in range(boots):
        step = "boot-and-programs" if number == boots - 1 else "boot"
        for kind in KINDS:
            found[kind].append(last_object(machine.boot(kind, "sh", "/suture/tools/bench-boots-inside", step)))
    return found
