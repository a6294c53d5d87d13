# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who opens, reads and starts what is swapped, all the time, and says what it must not have seen."""
import multiprocessing
import os
import time

LIBRARY = "/usr/lib/liborigin.so.1"
PROGRAM = "/usr/lib/origin/origin-check"
HOLE = "https://bank.example.thief.example"  # what only the base's library allows
BASE, A, B, NOBODY = 1, 2, 4, 8
FIELDS = ("reads", "read base", "read nobody", "failed reads", "starts", "ran base", "failed starts")


class Readers:
    """Two that read the library, one that starts a program that uses it. What each may have seen is known: what was
    allowed before it looked, and after."""

    def __init__(self, contents):
        self.contents = contents  # bytes of the library: whose
        self.allowed = multiprocessing.Value("i", BASE, lock=False)
        self.ended = multiprocessing.Value("i", 0, lock=False)
        self.counts, self.spans, self.processes = [], [], []
        for work in (self.read, self.read, self.start):
            counts = multiprocessing.Array("q", len(FIELDS), lock=False)
            span = multiprocessing.Array("d", 2, lock=False)  # when the base was seen wrongly: first and last
            process = multiprocessing.Process(target=self.loop, args=(work, counts, span))
            self.counts.append(counts)
            self.spans.append(span)
            self.processes.append(process)
            process.start()

    def loop(self, work, counts, span):
        while not self.ended.value:
            began, before = time.monotonic(), self.allowed.value
            field = work(counts)
            seen = field or 0
            if seen and not seen & (before | self.allowed.value):
                name = ("ran" if work == self.start else "read") + (" base" if seen == BASE else " nobody")
                counts[FIELDS.index(name)] += 1
                if seen == BASE:
                    span[0] = span[0] or began
                    span[1] = time.monotonic()

    def read(self, counts):
        counts[0] += 1
        try:
            with open(LIBRARY, "rb", buffering=0) as file:
                return self.contents.get(file.read(), NOBODY)
        except OSError:
            counts[FIELDS.index("failed reads")] += 1
            return 0

    def start(self, counts):
        """Its answer tells the base from the fixes."""
        counts[FIELDS.index("starts")] += 1
        try:
            pid = os.posix_spawn(PROGRAM, [PROGRAM, HOLE], {}, file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except OSError:
            status = -1
        if status not in (0, 1):
            counts[FIELDS.index("failed starts")] += 1
            return 0
        return BASE if status == 0 else A | B

    def over(self, before, after, action):
        """What the action returns, and for how many milliseconds the base was seen where it must not be."""
        for span in self.spans:
            span[0] = span[1] = 0
        self.allowed.value = before | after
        result = action()
        self.allowed.value = after
        seen = [(span[0], span[1]) for span in self.spans if span[1]]
        return result, (max(end for _, end in seen) - min(begin for begin, _ in seen)) * 1000 if seen else 0

    def stop(self):
        self.ended.value = 1
        for process in self.processes:
            process.join()
        return {name: sum(counts[at] for counts in self.counts) for at, name in enumerate(FIELDS)}
