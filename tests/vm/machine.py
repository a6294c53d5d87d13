# SPDX-License-Identifier: LGPL-2.1-or-later
"""One boot: direct kernel boot in QEMU, with KVM where that works. The machine's first serial port is its console,
the second the command's output, the third its exit status."""
import os
import shutil
import subprocess
import sys

FAILED = 125
STOPPED = "the machine stopped before the command ended"
CONSOLE_TAIL = 30  # lines


def kernel_line(options):
    # no_timer_check: an emulated timer that a busy host lets wait is taken for a broken one, and the kernel panics.
    words = ["root=/dev/vda", "rw", "console=ttyS0", "quiet", "panic=-1", "fsck.mode=skip", "no_timer_check",
             f"suture.release={options.release}"]
    words += ["suture.systemd"] if options.systemd else ["init=/usr/sbin/suture-vm"]
    return " ".join(words + options.kernel_option)


def root_drive(system, state):
    if not state:
        return f"file={system / 'disk'},format=raw,if=virtio,snapshot=on"
    if not state.exists():
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", system / "disk", state], check=True)
    return f"file={state},format=raw,if=virtio"


def recorded_drive(record):
    """/dev/vdc: a disk each of whose writes and flushes is logged as well, in the order in which it is done."""
    if not record:
        return []
    disk, log = record
    log.write_bytes(b"")
    return ["-drive", f"driver=blklogwrites,file.driver=file,file.filename={disk},log.driver=file,log.filename={log},"
                      "if=virtio"]


def further_drive(disk):
    return ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"] if disk else []


def accelerator():
    """KVM within a virtual machine may be there and yet fail at the first instruction that it does not know."""
    with open("/proc/cpuinfo") as cpuinfo:
        is_nested = any("hypervisor" in line.split() for line in cpuinfo if line.startswith("flags"))
    return "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) and not is_nested else "tcg"


def processors(options):
    """With --skip-idle an instruction takes a nanosecond of the machine's time, and a halted processor none of the host's.
    One processor then: with two that take turns, Linux 6.1 does not come far."""
    if options.skip_idle:
        return ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-smp", "1"]
    return ["-accel", accelerator(), "-smp", "2"]


def own_boot_files(disk, work):
    """What a boot loader would load: the kernel and the initramfs in the disk's /boot."""
    # The machine may have stopped like in a power cut; debugfs knows nothing of a journal. 1: it was replayed.
    result = subprocess.run(["e2fsck", "-p", disk], check=False, stdout=subprocess.DEVNULL)
    if result.returncode > 1:
        raise RuntimeError(f"e2fsck of {disk} ended with {result.returncode}")
    subprocess.run(["debugfs", "-R", f"rdump /boot {work}", disk], check=True, stderr=subprocess.DEVNULL)
    return [sorted((work / "boot").glob(f"{kind}-*"))[-1] for kind in ("vmlinuz", "initrd.img")]


def boot_files(system, work, options):
    return own_boot_files(options.state, work) if options.own_initrd else [system / "vmlinuz", system / "initrd.img"]


def argv(system, payload, work, options):
    drive = root_drive(system, options.state)
    kernel, initrd = boot_files(system, work, options)
    return ["qemu-system-x86_64", *processors(options), "-cpu", "max",
            "-m", str(options.memory), "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", str(kernel), "-initrd", str(initrd),
            "-append", kernel_line(options),
            "-drive", drive,
            "-drive", f"file={payload},format=raw,if=virtio,snapshot=on",
            *recorded_drive(options.record),
            *further_drive(options.disk),
            "-device", "virtio-rng-pci",
            "-serial", f"file:{work / 'console'}", "-serial", "stdio", "-serial", f"file:{work / 'status'}"]


def read_status(work):
    try:
        return int((work / "status").read_text())
    except (OSError, ValueError):
        return None


def show_console(work):
    lines = (work / "console").read_text(errors="replace").splitlines() if (work / "console").exists() else []
    for line in lines[-CONSOLE_TAIL:]:
        print(f"console: {line}", file=sys.stderr)


def run(system, payload, work, options):
    """Runs the machine to its end; returns the command's exit status."""
    environment = {**os.environ, "TMPDIR": str(work)}  # where snapshot=on keeps what is written
    sys.stdout.flush()
    try:
        subprocess.run(argv(system, payload, work, options), stdin=subprocess.DEVNULL, env=environment,
                       timeout=options.timeout, check=True)
        trouble = STOPPED
    except FileNotFoundError:
        raise RuntimeError("qemu-system-x86_64 is not installed") from None
    except subprocess.TimeoutExpired:
        trouble = f"the machine took longer than {options.timeout} seconds"
    except subprocess.CalledProcessError as error:
        trouble = f"QEMU failed with {error.returncode}"
    status = read_status(work)
    if (work / "console").exists():
        shutil.copy(work / "console", work.parent / f"console-{options.release}.log")
    if status is None:
        show_console(work)
        raise RuntimeError(trouble)
    return status
