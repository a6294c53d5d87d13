# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device's life at random: releases, withdrawals, installs, removals, updates of the base, restarts, kills, garbage in
staging. A model of a few lines says after each step what every file must be: the newest letter that applies and was not
taken off, over exactly the base that it was made for, and never a mixture.

SEED=NUMBER repeats a walk, STEPS=NUMBER makes it longer."""
import os
import random
import subprocess
import time

import pytest

from conftest import COMPONENT, Device, unmount_all
from mirror import Mirror
from model import FAILED, NAMES, PARTS, Model, items_of, letter_of, text_of
from packaging import make_deb, unpack_items

STEPS = int(os.environ.get("STEPS", "60"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


class Walk:
    """Does each step to the real programs and to the model, and holds one against the other."""

    def __init__(self, directory, system, released, url):
        self.chance = random.Random(SEED)
        self.directory, self.released = directory, released
        self.device = Device(directory, url, released.root)
        self.model, self.log = Model(), []
        for name in NAMES:
            unpack_items(items_of(name, "base"), system)
            make_deb(directory / f"{name}-base.deb", "1", items_of(name, "base"))
        (system / "usr/lib/liborigin.so.1").write_bytes(b"not for this walk\n")

    def say(self, *words):
        self.log.append(" ".join(map(str, words)))

    def shown(self):
        """The level of each component; what is none of them, or two at once, is shown as it is."""
        levels = {}
        for name in NAMES:
            content = [self.device.read(f"usr/lib/{name}/{part}") for part in PARTS]
            possible = ["base", "updated", *(f"letter {letter}" for letter in self.model.letters[name])]
            levels[name] = next((level for level in possible
                                 if content == [text_of(name, level, part) for part in PARTS]), content)
        return levels

    def check(self):
        assert self.shown() == self.model.levels()
        status = self.device.report("status")
        letters = {item["component"]: item["letter"] for item in status["improvements"]}
        assert letters == {name: letter_of(letter) for name, letter in self.model.active.items()}
        inactive = self.model.active and not self.model.mounted
        assert (status["verdict"] == "inactive") == bool(inactive), status["verdict"]
        assert status["verdict"] != "interrupted"
        assert {item["component"] for item in status["kept_off"]} == set(self.model.kept_off) - set(letters)

    def command(self, verb, *names):
        expected = getattr(self.model, verb)(*names)
        result = self.device.suture(verb, *names, check=False)
        assert (result.returncode != 0) == (expected is FAILED), (result.stdout, result.stderr)
        assert "Sanitizer" not in result.stderr
        if expected is not FAILED:
            assert not (self.device.state / "journal.json").exists()
            assert list((self.device.state / "staging").iterdir()) == []
            assert list(self.device.state.rglob(".*.tmp")) == []

    # The steps

    def release(self):
        name = self.chance.choice(NAMES)
        letters = self.model.letters[name]
        letter = len(letters) + 1
        if letter > 26:
            return
        self.say("release", name, letter)
        fixed = make_deb(self.directory / f"{name}-{letter}.deb", f"1+{letter}", items_of(name, f"letter {letter}"))
        self.released.release(self.directory / f"{name}-base.deb", fixed, component=name)
        self.model.letters[name] = [*letters, letter]

    def withdraw(self):
        name = self.chance.choice(NAMES)
        possible = sorted(set(self.model.letters[name]) - self.model.withdrawn[name])
        if not possible:
            return
        letter = self.chance.choice(possible[-2:])
        self.say("withdraw", name, letter)
        self.released.run("withdraw", name, letter_of(letter),
                          f"--repository={self.released.repository}", f"--keys={self.released.keys}")
        self.model.withdrawn[name] = self.model.withdrawn[name] | {letter}

    def install(self):
        names = self.chance.choice([[], [], [], self.chance.sample(NAMES, 1), self.chance.sample(NAMES, 2)])
        self.say("install", *names)
        self.command("install", *names)

    def remove(self):
        names = self.chance.choice([[], self.chance.sample(NAMES, 1), self.chance.sample(NAMES, 1)])
        self.say("remove", *names)
        self.command("remove", *names)

    def look(self):
        for words in (["check"], ["remove", "--dry-run"]):
            self.say(*words)
            self.device.suture(*words)

    def restart(self):
        self.say("restart of the machine")
        unmount_all(self.device.root)
        self.model.mounted = False

    def update(self):
        """As a package manager would: it is shown the base, changes it, and then improvements are looked at again."""
        name = self.chance.choice(NAMES)
        self.model.updated[name] = not self.model.updated[name]
        level = self.model.base(name)
        self.restart()
        self.say("the base of", name, "is", level)
        unpack_items(items_of(name, level), self.device.root)
        if self.chance.random() < 0.7:
            self.say("install")
            self.command("install")

    def kill(self):
        verb = self.chance.choice(["install", "install", "remove"])
        after = self.model.copy()
        getattr(after, verb)()
        delay = self.chance.random() * self.longest
        self.say("kill", verb, f"after {delay:.3f} s")
        process = subprocess.Popen(self.device.command(verb), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
        assert self.shown() in (self.model.levels(), after.levels())
        self.device.suture("status")
        self.command(verb)

    def litter(self):
        """What the next install would fetch and rebuild lies there already, and is something else."""
        self.say("garbage in staging")
        staging = self.device.state / "staging"
        if not staging.exists():
            return
        for path in self.released.repository.rglob("*"):
            if path.suffix in (".delta", ".zst"):
                size = self.chance.choice([1, path.stat().st_size - 1, path.stat().st_size, path.stat().st_size + 1])
                (staging / f"{path.name.split('.')[0]}.download").write_bytes(os.urandom(size))
        (staging / "0123.image").write_bytes(b"?")
        (self.device.state / ".state.json.12345678.tmp").write_bytes(b"{")
        self.say("install")
        self.command("install")

    def run(self, steps):
        kinds = [self.release] * 4 + [self.install] * 6 + [self.remove] * 2 + [self.update] * 3 + [self.kill] * 4 + \
            [self.withdraw, self.restart, self.litter, self.look]
        began = time.monotonic()
        self.release()
        self.command("install")
        self.longest = min(time.monotonic() - began, 1.0)
        for _ in range(steps):
            self.chance.choice(kinds)()
            self.check()


@pytest.fixture
def walk(directory, system, publisher):
    mirror = Mirror(publisher.repository)
    yield Walk(directory, system, publisher, mirror.url)
    mirror.stop()


def test_every_file_is_the_newest_level_that_applies_whatever_happens(walk):
    try:
        walk.run(STEPS)
    except (AssertionError, OSError) as error:
        raise AssertionError(f"SEED={SEED}, step {len(walk.log)}:\n" + "\n".join(walk.log[-12:])) from error
    assert COMPONENT not in walk.device.active()
