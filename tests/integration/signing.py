# SPDX-License-Identifier: LGPL-2.1-or-later
"""People with keys of their own, who sign apart what the publisher then brings together."""
import json

from conftest import BUILD, run


def publish(*arguments, check=True):
    return run(BUILD / "suture-publish", *arguments, check=check)


def make_keys(directory, *names):
    """{name: private key}; the public half lies beside it."""
    directory.mkdir(exist_ok=True)
    for name in names:
        publish("key", "new", directory / f"{name}.pem")
    return {name: directory / f"{name}.pem" for name in names}


def public(key):
    return key.with_name(key.name + ".pub")


class Ceremony:
    """Changes of who may sign what in a repository; root_keys sign each new root."""

    def __init__(self, repository, keys, *root_keys):
        self.repository, self.keys, self.root_keys = repository, keys, list(root_keys)

    def key(self, action, *arguments, check=True):
        return publish("key", action, f"--repository={self.repository}", *arguments, check=check)

    def draft(self):
        return next((self.repository / "staged").glob("*.root.json"))

    def sign(self, *keys):
        publish("key", "sign", *[f"--key={key}" for key in keys or self.root_keys], self.draft())

    def merge(self, *files, check=True, more=()):
        return self.key("merge", f"--keys={self.keys}", *more, *files, check=check)

    def publish_root(self, *keys):
        self.sign(*keys)
        assert "Published" in self.merge().stdout

    def newest(self, role):
        if role == "timestamp":
            return json.loads((self.repository / "metadata/timestamp.json").read_text())
        names = (self.repository / "metadata").glob(f"*.{role}.json")
        return json.loads(max(names, key=lambda path: int(path.name.split(".")[0])).read_text())

    def signers(self, role):
        return {signature["keyid"] for signature in self.newest(role)["signatures"]}
