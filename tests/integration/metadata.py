# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signed metadata as a publisher, or a thief of one of its keys, could make it: what suture-publish never writes."""
import hashlib
import json
import pathlib
import subprocess


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(content, key):
    """content's signature, by openssl and not by the code that is tested."""
    text = pathlib.Path(key).with_suffix(".signed")
    text.write_bytes(canonical(content))
    done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", text], check=True,
                          capture_output=True)
    return done.stdout.hex()


def key_object(key):
    done = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                          capture_output=True)
    return {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": done.stdout[-32:].hex()}}


def key_id(key):
    return hashlib.sha256(canonical(key_object(key))).hexdigest()


class Metadata:
    """The metadata directory of a repository, to be changed at will and signed anew with its own keys."""

    def __init__(self, repository, keys):
        self.directory, self.keys = pathlib.Path(repository) / "metadata", pathlib.Path(keys)

    def newest(self, role):
        if role == "timestamp":
            return self.directory / "timestamp.json"
        return max(self.directory.glob(f"*.{role}.json"), key=lambda path: int(path.name.split(".")[0]))

    def content(self, role):
        return json.loads(self.newest(role).read_text())["signed"]

    def write(self, role, content, key=None, as_key=None):
        """Signs content, by default with the role's own key and under its own key id."""
        key = key or self.keys / f"{role}.pem"
        name = f"{role}.json" if role == "timestamp" else f"{content['version']}.{role}.json"
        document = {"signatures": [{"keyid": as_key or key_id(key), "sig": sign(content, key)}], "signed": content}
        (self.directory / name).write_bytes(canonical(document))
        return self.directory / name

    def follow(self, role, key=None, as_key=None, **changes):
        """One more version of the role with these changes, and whatever leads to it."""
        content = self.content(role)
        content.update(changes, version=changes.get("version", content["version"] + 1))
        path = self.write(role, content, key, as_key)
        parent = {"targets": "snapshot", "snapshot": "timestamp"}.get(role)
        if parent:
            text = path.read_bytes()
            meta = self.content(parent)["meta"]
            meta[f"{role}.json"] = {"version": content["version"], "length": len(text),
                                    "hashes": {"sha256": hashlib.sha256(text).hexdigest()}}
            self.follow(parent, meta=meta)
