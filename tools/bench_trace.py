# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a command was at changing /usr, by the kernel's trace of its system calls: strace would slow them down."""
import pathlib
import re
import subprocess

TRACING = pathlib.Path("/sys/kernel/tracing")
CALLS = ("unshare", "mount", "move_mount", "umount")
# systemd-sysext has a child of another name do it.
LINE = re.compile(r"^ *(suture|systemd-sysext|\(sd-\w+\))-\d+ .*? ([0-9.]+): sys_(\w+)(\(| ->)")


def set_up():
    """Without it, as in kernels that do not trace system calls, there is nothing to tell."""
    if not (TRACING / "trace").exists():
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING], check=False)
    if not (TRACING / "events/syscalls").exists():
        return False
    for call in CALLS:
        for side in ("enter", "exit"):
            (TRACING / f"events/syscalls/sys_{side}_{call}/enable").write_text("1")
    (TRACING / "trace_clock").write_text("mono")
    return True


IS_THERE = set_up()


def change_within(action):
    """What the action returns, and the milliseconds from the last namespace that it makes, or the last mount that it
    takes off, to the last that it puts in place: in which Suture puts a generation together and moves it, and in which
    systemd-sysext lets the base be seen. None where this was not traced."""
    if not IS_THERE:
        return action(), None
    (TRACING / "trace").write_text("")
    result = action()
    begin = end = None
    for line in (TRACING / "trace").read_text().splitlines():
        found = LINE.match(line)
        if not found:
            continue
        seconds, call, is_end = float(found[2]), found[3], found[4] != "("
        if call in ("unshare", "umount") and not is_end:
            begin = seconds
        elif call in ("mount", "move_mount") and is_end:
            end = seconds
    return result, (end - begin) * 1000 if begin and end and end > begin else None
