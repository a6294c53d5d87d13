#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process that holds a file in one of the ways a process can, and tells its pid, and its child's.

It stays until its input ends. What it needs is loaded before it changes its root.
"""
import argparse
import ctypes
import os
import sys

PROT_READ, PROT_EXEC, MAP_PRIVATE, MNT_DETACH = 1, 4, 2, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def checked(result, what):
    if result in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), what)
    return result


def pivot(tree):
    """The tree, a mount, becomes all that this mount namespace has."""
    os.chdir(tree)
    checked(libc.syscall(PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    checked(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")


def hold(path, how):
    """Like the loader maps a library: the descriptor is closed behind it."""
    descriptor = os.open(path, os.O_RDONLY)
    if how == "open":
        return
    size = os.fstat(descriptor).st_size
    address = checked(libc.mmap(None, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, descriptor, 0), "mmap")
    os.close(descriptor)
    if how == "unmap":
        checked(libc.munmap(address, size), "munmap")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", help="chroot to this directory first")
    parser.add_argument("--pivot", help="make this mount the root of the mount namespace first")
    parser.add_argument("--user", type=int, help="become this user afterwards")
    parser.add_argument("--fork", action="store_true", help="fork afterwards")
    parser.add_argument("--how", choices=("map", "open", "unmap"), default="map")
    parser.add_argument("path", nargs="?")
    wish = parser.parse_args()
    pids = [os.readlink("/proc/self")]  # as those see it who mounted this /proc
    if wish.pivot:
        pivot(wish.pivot)
    if wish.root:
        os.chroot(wish.root)
        os.chdir("/")
    if wish.path:
        hold(wish.path, wish.how)
    if wish.user:
        os.setgroups([])
        os.setresgid(wish.user, wish.user, wish.user)
        os.setresuid(wish.user, wish.user, wish.user)
    if wish.fork:
        child = os.fork()
        if child == 0:
            sys.stdin.read()
            return
        pids.append(str(child))
    print(*pids, flush=True)
    sys.stdin.read()
    if wish.fork:
        os.wait()


main()
