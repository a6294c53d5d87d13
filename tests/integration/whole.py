# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole /usr, held against the systems that it may be: the base, or the base with all of one letter."""
import hashlib
import os
import stat


def describe(path, times):
    status = path.lstat()
    facts = [oct(status.st_mode), status.st_uid, status.st_gid]
    if stat.S_ISREG(status.st_mode):
        facts.append(hashlib.sha256(path.read_bytes()).hexdigest())
    elif stat.S_ISLNK(status.st_mode):
        facts.append(os.readlink(path))
    if times and not stat.S_ISDIR(status.st_mode):
        facts.append(status.st_mtime_ns)
    return tuple(facts)


def snapshot(root, times=False):
    """Every name below root/usr with its type, mode, owner, and bytes or target; with times also its mtime."""
    usr = root / "usr"
    return {str(path.relative_to(usr)): describe(path, times) for path in [usr, *sorted(usr.rglob("*"))]}


def difference(one, other):
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def which(root, systems):
    """The name of the system that root/usr is, to the last byte."""
    now = snapshot(root)
    for name, expected in systems.items():
        if now == expected:
            return name
    raise AssertionError({name: difference(now, expected) for name, expected in systems.items()})
