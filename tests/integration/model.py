# SPDX-License-Identifier: LGPL-2.1-or-later
"""A model of a few lines: what each component's files must be, after whatever was done."""
import random

from packaging import Item, directory as folder

NAMES = ["one", "two", "three"]
PARTS = ["first", "second"]
FAILED = "the command fails"
BODIES = {(name, part): random.Random(f"{name} {part}").randbytes(6000) for name in NAMES for part in PARTS}


def text_of(name, level, part):
    """Most of it is the same at all levels and compresses badly, so that a delta is the smallest download."""
    return f"{name} {level} {part}\n".encode() + BODIES[name, part][:3000 + 300 * len(level)]


def letter_of(number):
    return " abcdefghijklmnopqrstuvwxyz"[number]


def items_of(name, level):
    return [folder(f"./usr/lib/{name}")] + [
        Item(f"./usr/lib/{name}/{part}", text_of(name, level, part)) for part in PARTS]


class Model:
    """What is published, what the base is, what the device holds, and what /usr shows."""

    def __init__(self):
        self.letters = {name: [] for name in NAMES}  # published, as numbers from 1
        self.withdrawn = {name: set() for name in NAMES}
        self.updated = dict.fromkeys(NAMES, False)  # another base than the improvements are made for
        self.active, self.kept_off, self.known = {}, {}, set()
        self.mounted = False

    def copy(self):
        copied = Model()
        copied.__dict__.update({name: value.copy() if isinstance(value, (dict, set)) else value
                                for name, value in self.__dict__.items()})
        return copied

    def newest(self, name):
        return max(set(self.letters[name]) - self.withdrawn[name], default=0)

    def applies(self, name):
        return 0 if self.updated[name] else self.newest(name)

    def become(self, active):
        self.active, self.mounted = active, bool(active)
        self.known |= set(active)

    def install(self, *names):
        if any(not self.letters[name] for name in names):
            return FAILED
        asked = names or NAMES
        goal = {name: letter for name, letter in self.active.items()
                if not self.updated[name] and not (name in asked and letter in self.withdrawn[name])}
        for name in asked:
            is_kept_off = not names and self.applies(name) <= self.kept_off.get(name, 0)
            if self.applies(name) > goal.get(name, 0) and not is_kept_off:
                goal[name] = self.applies(name)
        if any(name not in goal and name not in self.active for name in names):
            return FAILED
        for name, letter in goal.items():
            if letter <= self.kept_off.get(name, 0):
                del self.kept_off[name]
        self.become(goal)
        return None

    def remove(self, *names):
        if any(name not in self.active and name not in self.known for name in names):
            return FAILED
        for name in names or NAMES:
            if name in self.active:
                self.kept_off[name] = self.active[name]
        self.become({name: letter for name, letter in self.active.items()
                     if names and name not in names and not self.updated[name]})
        return None

    def resume(self):
        """What a package manager has changed retires; the rest is active again."""
        self.become({name: letter for name, letter in self.active.items() if not self.updated[name]})

    def base(self, name):
        return "updated" if self.updated[name] else "base"

    def level(self, name):
        return f"letter {self.active[name]}" if self.mounted and name in self.active else self.base(name)

    def levels(self):
        return {name: self.level(name) for name in NAMES}
