# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/guides/keys.md: every command in it, in its order, and what devices make of it."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, COMPONENT, ROOT, Device, Server, assert_fails, run
from metadata import Metadata, key_id
from packaging import Item, directory as folder, make_deb
from signing import Ceremony

GUIDE = (ROOT / "docs/guides/keys.md").read_text(encoding="utf-8")


def sections():
    parts = re.split(r"^## (.*)$", GUIDE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def commands(section):
    blocks = re.findall(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    text = "".join(blocks).replace("x86_64", os.uname().machine)
    return [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line]


class Desk:
    """The directory in which the guide's commands are run, and a device that follows."""

    def __init__(self, directory, packages):
        self.path = directory / "desk"
        self.path.mkdir()
        shutil.copy(packages["1.0-1"], self.path / "old.deb")
        shutil.copy(packages["1.0-1+fix1"], self.path / "new.deb")
        for version in ("old", "new"):
            make_deb(self.path / f"other-{version}.deb", {"old": "1", "new": "2"}[version], [folder("./usr/lib/other"), Item(
                "./usr/lib/other/one", version.encode())])
        shutil.copy(directory / "system/usr/lib/os-release", self.path / "os-release")
        self.repository = self.path / "repository"
        self.directory, self.device, self.server = directory, None, None

    def do(self, line):
        result = subprocess.run(["sh", "-euc", line], cwd=self.path, text=True, capture_output=True, check=False,
                                stdin=subprocess.DEVNULL, env={**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}"})
        assert result.returncode == 0, (line, result.stdout, result.stderr)
        return result.stdout

    def go_through(self, title):
        said = [self.do(line) for line in commands(sections()[title])]
        assert said
        assert list((self.repository / "staged").iterdir()) == [], title
        return said

    def start_device(self):
        self.server = Server(self.repository)
        self.device = Device(self.directory, self.server.url, self.directory / "root.json")
        shutil.copy(self.repository / "metadata/1.root.json", self.device.trust)

    def stop(self):
        if self.server:
            self.server.stop()


@pytest.fixture
def desk(directory, system, packages):
    desk = Desk(directory, packages)
    yield desk
    desk.stop()


def test_every_command_of_the_guide_works_and_devices_follow(desk, libraries, directory):
    titles = iter(sections())

    def go(beginning):
        title = next(titles)
        assert title.startswith(beginning)
        said = desk.go_through(title)
        if desk.device:
            desk.device.suture("check")
        return said

    said = go("A ceremony from zero")
    assert any("1 of the 2 signatures" in each for each in said)
    desk.start_device()
    go("Every day")
    desk.device.suture("install")
    desk.device.assert_shows("a", libraries["1.0-1+fix1"])
    go("Before the root expires")
    go("A new key in place")
    go("A lost key")
    shutil.copytree(desk.path, directory / "stolen")
    go("A stolen key of the publishing machine")
    thief = Metadata(directory / "stolen/repository", directory / "stolen/repository.keys")
    assert key_id(thief.keys / "snapshot.pem") not in desk.repository.joinpath("metadata/6.root.json").read_text()
    for name in ("5.root.json", "6.root.json"):
        shutil.copy(desk.repository / "metadata" / name, thief.directory / name)
    shown, desk.device.url = desk.device.url, None
    server = Server(directory / "stolen/repository")
    desk.device.url = server.url
    assert_fails(desk.device.suture("check", check=False), "timestamp metadata is signed by 0 of the 1 keys needed")
    server.stop()
    desk.device.url = shown
    go("A stolen targets key")
    assert Ceremony(desk.repository, None).signers("targets") == {key_id(desk.path / "engineers/targets-2.pem")}
    said = go("A team for one component")
    desk.device.suture("install")
    desk.device.assert_shows("a", libraries["1.0-1+fix1"])
    with pytest.raises(StopIteration):
        next(titles)
    fresh = Device(directory / "fresh", desk.server.url, desk.device.trust)
    fresh.root = desk.device.root
    assert COMPONENT in fresh.suture("check").stdout
    assert "is sound: 2 improvements" in run(BUILD / "suture-publish", "verify", f"--repository={desk.repository}").stdout
