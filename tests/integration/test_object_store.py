# SPDX-License-Identifier: LGPL-2.1-or-later
"""A repository that is copied to where it is read, one file after the other, in the order of
docs/formats/repository.md."""
import re
import shutil

import pytest

from conftest import BUILD, Device, Server, assert_fails, run
from signing import Ceremony, public


def rank(path):
    """Where in the order a file comes: targets, metadata, roots, timestamp."""
    root = re.fullmatch(r"metadata/(\d+)\.root\.json", path)
    if root:
        return 2, int(root[1]), path
    return {"targets/": 0, "metadata": 1}[path[:8]] if path != "metadata/timestamp.json" else 3, 0, path


class Store:
    """What readers see: each step sends one file that is not there yet, or has changed."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "metadata").mkdir(parents=True)

    def steps(self, repository):
        paths = [str(path.relative_to(repository)) for path in repository.rglob("*") if path.is_file()]
        for path in sorted((path for path in paths if not path.startswith("staged/")), key=rank):
            to = self.directory / path
            content = (repository / path).read_bytes()
            if to.exists() and to.read_bytes() == content:
                continue
            # What has a version or digest in its name is never replaced.
            assert not to.exists() or path == "metadata/timestamp.json"
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(content)
            yield path


@pytest.fixture
def store(directory, released):
    store = Store(directory / "store")
    list(store.steps(released.repository))
    return store


@pytest.fixture
def reader(directory, system, store, released):
    server = Server(store.directory)
    yield Device(directory, server.url, released.root)
    server.stop()


def offered(reader):
    changes = reader.report("check")["changes"]
    return changes[0]["letter"] if changes else None


def test_after_each_file_a_reader_is_offered_the_old_release_or_the_new_one(store, reader, released, packages):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    seen = ["a"] + [offered(reader) for _ in store.steps(released.repository)]
    assert len(seen) > 6 and seen == ["a"] * (len(seen) - 1) + ["b"]
    reader.suture("install")
    assert reader.active() == {"liborigin": "b"}


def test_a_timestamp_that_is_sent_first_is_met_by_an_error(store, reader, released, packages):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    shutil.copy(released.repository / "metadata/timestamp.json", store.directory / "metadata")
    assert_fails(reader.suture("check", check=False), "snapshot.json")


def test_after_each_file_of_a_new_root_a_reader_gets_on(store, reader, released, directory):
    ceremony = Ceremony(released.repository, released.keys, released.keys / "root.pem")
    new = directory / "timestamp-2.pem"
    run(BUILD / "suture-publish", "key", "new", new)
    shutil.copy(new, released.keys / new.name)
    for change in ("add", "remove"):
        key = public(new) if change == "add" else released.keys / "timestamp.pem.pub"
        run(BUILD / "suture-publish", "key", change, f"--repository={released.repository}", "--role=timestamp", key)
        ceremony.publish_root()
        assert {offered(reader) for _ in store.steps(released.repository)} == {"a"}


def test_a_release_during_the_copy_is_refused(released, packages):
    result = run("flock", released.repository, BUILD / "suture-publish", "release", f"--repository={released.repository}",
                 f"--keys={released.keys}", "--component=liborigin",
                 f"--os-release={released.system}/usr/lib/os-release", "--base", packages["1.0-1"],
                 "--fixed", packages["1.0-1+fix2"], check=False)
    assert_fails(result, "try again when it is done")
