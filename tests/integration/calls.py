# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system calls by which a program changes what lasts, recorded with strace(1), and the same program ended, or given an
error, at any one of them. A call's site is the call with what it is done to, digests and random names taken away: one
site stands for all calls that differ in nothing but those."""
import os
import random
import re

from conftest import run

CALLS = ["write", "pwrite64", "ftruncate", "fallocate", "openat", "mkdirat", "renameat", "renameat2", "unlinkat", "linkat",
         "symlinkat", "fchmod", "fchmodat", "fsync", "fdatasync", "flock", "ioctl", "move_mount", "umount2"]


def strace(options, command):
    """LeakSanitizer cannot work below a tracer."""
    return run("strace", *options, *command, check=False, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


def lasts(call, text):
    """Pipes, sockets and terminals remember nothing, and to open a file that must be there changes nothing."""
    if " = -1 " in text:
        return False
    if call == "openat":
        return "O_CREAT" in text
    if call == "ioctl":
        return bool(re.search(r", (DM_DEV_(CREATE|SUSPEND|REMOVE|RENAME)|DM_TABLE_LOAD|LOOP_(CONFIGURE|SET_\w+|CLR_FD))", text))
    return not re.match(r"\w+\(\d+<(pipe|socket|/dev/null|/dev/pts|anon_inode|UNIX|TCP)", text)


def site_of(text):
    text = re.sub(r" += .*$", "", text)
    text = re.sub(r'"(\\.|[^"\\])*"\.\.\.', '"…"', text)
    text = re.sub(r"[0-9a-f]{64}", "DIGEST", text)
    text = re.sub(r"\.[0-9a-f]{8}\.tmp", ".RANDOM.tmp", text)
    text = re.sub(r"<[^>]*/(state|system)", r"<\1", text)
    return re.sub(r"\b\d+\b", "N", text)


def record(path, command, code=0):
    """[(call, its number among all calls of its name, its site)] of the calls that change what lasts, in their order."""
    result = strace(["-y", "-s", "0", "-o", path, "-e", "trace=" + ",".join(CALLS)], command)
    assert result.returncode == code, result.stderr
    numbers, found = {}, []
    for line in path.read_text(errors="replace").splitlines():
        match = re.match(r"(\w+)\(", line)
        if not match:
            continue
        call = match[1]
        numbers[call] = numbers.get(call, 0) + 1
        if lasts(call, line):
            found.append((call, numbers[call], site_of(line)))
    return found


def one_of_each_site(found):
    """Renames, by which a file takes its name, are another site behind another rename: the journal is written after each
    step. With CUTS=all, every call."""
    if os.environ.get("CUTS") == "all":
        return found
    before, sites = "", {}
    for call, number, site in found:
        sites[site, before if call == "renameat" else ""] = (call, number, site)
        before = site if call == "renameat" else before
    return list(sites.values())


def sample(sites):
    """With CUTS=NUMBER, each one of that many, beginning anywhere, so that several runs meet them all; and the calls by
    which a swap or a device comes about, always."""
    every = os.environ.get("CUTS", "1")
    step = int(every) if every != "all" else 1
    first = random.randrange(step)
    return [site for index, site in enumerate(sites) if site[0] in ("move_mount", "umount2", "ioctl") or index % step == first]


def inject(call, number, what, command):
    """what: "signal=SIGKILL" or "error=ENOSPC", as the call begins."""
    result = strace(["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}"], command)
    assert "Sanitizer" not in result.stderr, result.stderr
    return result
