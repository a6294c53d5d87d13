# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program in the foreground, as it feels the machine: how late it wakes, how long small reads and writes take."""
import mmap
import multiprocessing
import os
import pathlib
import random
import time

NAP = 0.001  # seconds
BLOCK, BLOCKS, PAUSE = 4096, 8192, 0.02
FILE = pathlib.Path("/srv/foreground")


def sleep_probe(ended, answer):
    late = []
    while not ended.is_set():
        began = time.monotonic()
        time.sleep(NAP)
        late.append((time.monotonic() - began - NAP) * 1000)
    answer.put(("sleep", late))


def disk_probe(ended, answer):
    """Reads past the page cache, and writes as a database does."""
    buffer, reads, writes = mmap.mmap(-1, BLOCK), [], []
    file = os.open(FILE, os.O_RDWR | os.O_DIRECT)
    while not ended.is_set():
        began = time.monotonic()
        os.preadv(file, [buffer], BLOCK * random.randrange(BLOCKS))
        middle = time.monotonic()
        os.pwrite(file, buffer, BLOCK * random.randrange(BLOCKS))
        os.fsync(file)
        writes.append((time.monotonic() - middle) * 1000)
        reads.append((middle - began) * 1000)
        time.sleep(PAUSE)
    os.close(file)
    answer.put(("read", reads))
    answer.put(("write", writes))


def prepare():
    """The file, every block of it on the disk."""
    with open(FILE, "wb") as file:
        for _ in range(BLOCKS):
            file.write(os.urandom(BLOCK))
        os.fsync(file.fileno())


def during(work):
    """{probe: times in ms} of what was felt while work() ran."""
    ended, answer = multiprocessing.Event(), multiprocessing.Queue()
    probes = [multiprocessing.Process(target=probe, args=(ended, answer)) for probe in (sleep_probe, disk_probe)]
    for probe in probes:
        probe.start()
    time.sleep(1)
    work()
    ended.set()
    felt = dict(answer.get() for _ in range(3))
    for probe in probes:
        probe.join()
    return felt


def percentile(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]
