# SPDX-License-Identifier: LGPL-2.1-or-later
"""suture-tuf-client as a test drives it, and the server it asks. Fixtures: import what a test names."""
import json
import os
import subprocess

import pytest

from conftest import BUILD
from mirror import Mirror
from tuf_repository import Repository

PROGRAM = BUILD / "tests/tuf-client/suture-tuf-client"


class RepositoryServer(Mirror):
    """Serves a Repository by the bytes of the request's path, as they were sent."""

    @staticmethod
    def path_of(url_path):
        return url_path.removeprefix("/")

    def content(self, path):
        return self.repository.files.get(path)


class Client:
    """After each run: .error is what it said, .requests what it asked for ("metadata/" left out)."""

    def __init__(self, directory, repository):
        self.metadata, self.targets = directory / "metadata", directory / "targets"
        self.metadata.mkdir()
        self.targets.mkdir()
        self.repository, self.server = repository, RepositoryServer("/")
        self.server.repository = repository
        self.error, self.requests = None, []

    def run(self, *words, at=None, wrapper=()):
        self.server.requests = []
        environment = {**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0", "TZ": "UTC"}
        command = [*wrapper, *(["faketime", at] if at else []), PROGRAM, *words]
        done = subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, env=environment,
                              check=False)
        self.error = done.stderr
        self.requests = [path.removeprefix("metadata/") for path, _ in self.server.requests]
        assert "Sanitizer" not in self.error, self.error
        if not wrapper:
            assert done.returncode in (0, 1), done
            assert self.stray_files() == []
        return done.returncode

    def stray_files(self):
        return [path.name for path in [*self.metadata.iterdir(), *self.targets.iterdir()]
                if path.name.endswith((".tmp", ".part"))]

    def init(self, root=None):
        path = self.metadata.parent / "first.json"
        path.write_bytes(self.repository.files["metadata/1.root.json"] if root is None else root)
        assert self.run("--metadata-dir", self.metadata, "init", path) == 0
        assert self.requests == []

    def refresh(self, **how):
        return self.run("--metadata-url", self.server.url + "/metadata/", "--metadata-dir", self.metadata, "refresh", **how)

    def download(self, *names, **how):
        return self.run("--metadata-url", self.server.url + "/metadata/", "--metadata-dir", self.metadata,
                        *[word for name in names for word in ("--target-name", name)], "--target-dir", self.targets,
                        "--target-base-url", self.server.url + "/targets/", "download", **how)

    def must_refuse(self, *words):
        assert self.refresh() == 1
        self.must_say(*words)

    def must_say(self, *words):
        for word in words:
            assert word in self.error, self.error

    def trusted(self):
        """{"root": 1, …}: what is in the metadata directory, byte for byte something that was served."""
        served = self.repository.ever | set(self.repository.files.values())
        found = {path.name.removesuffix(".json"): path.read_bytes() for path in self.metadata.iterdir()}
        assert all(data in served for name, data in found.items() if name != "root")
        return {name: json.loads(data)["signed"]["version"] for name, data in found.items()}

    def files(self):
        return {path.name: path.read_bytes() for path in self.targets.iterdir()}

    def delegated_requests(self):
        """What was asked for behind the top-level roles."""
        last = max((index for index, name in enumerate(self.requests) if name.endswith((".targets.json", "timestamp.json"))))
        return [name.split(".", 1)[1].removesuffix(".json") for name in self.requests[last + 1:]
                if not name.startswith("targets/")]


FIRST = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
AGAIN = ["2.root.json", "timestamp.json"]


@pytest.fixture
def repository():
    return Repository()


@pytest.fixture
def client(directory, repository):
    client = Client(directory, repository)
    client.init()
    yield client
    client.server.stop()


@pytest.fixture
def make_client(directory):
    """For a repository that is not as usual."""
    made = []

    def make(repository):
        (directory / str(len(made))).mkdir()
        made.append(Client(directory / str(len(made)), repository))
        made[-1].init()
        return made[-1]

    yield make
    for client in made:
        client.server.stop()
