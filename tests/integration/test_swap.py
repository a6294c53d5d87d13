# SPDX-License-Identifier: LGPL-2.1-or-later
"""Readers that never rest, while the real commands install (a), then (b), and remove them, again and again. Not one
open fails, and none sees the base between (a) and (b). tests/swap-probe does the same to the overlay alone, with
programs and namespaces as well."""
import mmap
import os
import shutil
import time

import pytest

from conftest import LIBRARY, Device, Server

READERS = 3
OPENS = 100_000
CYCLES = 6
BASE, A, B = 1, 2, 4
# Words of the memory that all share: the phase (a count << 8, and what may be seen), whether to stop, and what each
# reader found.
PHASE, STOP, OPENED, FAILED, WRONG, WORDS = 0, 1, 2, 3, 4, 3


def read_on(words, own, path, meaning):
    opened, failed, wrong = (own + found for found in (OPENED, FAILED, WRONG))
    while not words[STOP]:
        before = words[PHASE]
        try:
            with open(path, "rb", buffering=0) as file:
                seen = meaning[file.read()]
        except (OSError, KeyError):
            words[failed] += 1
            seen = 0
        words[opened] += 1
        if words[PHASE] == before and not before & seen and seen:
            words[wrong] += 1


class Readers:
    """Processes that open one file in loops and hold what they read against what may be seen at that instant."""

    def __init__(self, path, meaning):
        self.words = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q")
        self.may_show(BASE)
        self.pids = [self.start(index, path, meaning) for index in range(READERS)]

    def start(self, index, path, meaning):
        pid = os.fork()
        if pid == 0:
            os.nice(5)  # the commands must not queue up behind them
            try:
                read_on(self.words, index * WORDS, path, meaning)
            finally:
                os._exit(0)
        return pid

    def may_show(self, what):
        self.words[PHASE] = (self.words[PHASE] >> 8) + 1 << 8 | what

    def count(self, found):
        return sum(self.words[index * WORDS + found] for index in range(READERS))

    def stop(self):
        self.words[STOP] = 1
        for pid in self.pids:
            os.waitpid(pid, 0)

    def wait_for(self, opens):
        goal = self.count(OPENED) + opens
        while self.count(OPENED) < goal:
            time.sleep(0.001)


@pytest.fixture
def readers(system, libraries):
    readers = Readers(system / LIBRARY, {
        libraries["1.0-1"]: BASE, libraries["1.0-1+fix1"]: A, libraries["1.0-1+fix2"]: B})
    yield readers
    readers.stop()


@pytest.fixture
def servers(directory, released, packages):
    """The repository as it was when it had only (a), and with (b)."""
    only_a = directory / "only-a"
    shutil.copytree(released.repository, only_a)
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    servers = Server(only_a), Server(released.repository)
    yield servers
    for server in servers:
        server.stop()


def change(readers, before, after, device, *command):
    readers.may_show(before | after)
    device.suture(*command)
    readers.may_show(after)
    readers.wait_for(OPENS // (CYCLES * 3))


def test_readers_never_meet_an_error_or_the_base_between_a_and_b(directory, released, servers, readers):
    device = Device(directory, None, released.root)
    for _ in range(CYCLES):
        device.url = servers[0].url
        change(readers, BASE, A, device, "install")
        device.url = servers[1].url
        change(readers, A, B, device, "install")
        change(readers, B, BASE, device, "remove")
        shutil.rmtree(device.state)  # it would refuse to go back to the repository that has only (a)
    assert readers.count(OPENED) >= OPENS
    assert (readers.count(FAILED), readers.count(WRONG)) == (0, 0)


def test_readers_would_notice_the_base_between_two_letters(device, readers):
    change(readers, BASE, A, device, "install")
    readers.may_show(A | B)
    device.suture("remove")
    readers.wait_for(1000)
    assert readers.count(WRONG) > 0
