# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `key sign` shows before it signs: everything that the signature will cover, and nothing else."""
import copy
import hashlib
import json
import shutil

import pytest

from conftest import assert_fails
from metadata import Metadata, canonical, key_id, key_object
from signing import make_keys, publish

GIVES_ALL = {"path_hash_prefixes": [""], "threshold": 1, "terminating": True}


def id_of(key):
    """Canonical JSON has control characters as they are."""
    return hashlib.sha256(canonical(key).replace(b"\\u001b", b"\x1b").replace(b"\\n", b"\n")).hexdigest()


@pytest.fixture
def mallory(directory):
    return make_keys(directory / "mallory", "mallory")["mallory"]


@pytest.fixture
def draft(released, directory):
    """draft(role, change): a file that asks for a signature, as whoever holds the publishing machine could write it."""
    metadata = Metadata(released.repository, released.keys)

    def make(role, change, name=None):
        content = copy.deepcopy(metadata.content(role))
        content["version"] += 1
        change(content)
        path = directory / (name or f"{content['version']}.{role}.json")
        path.write_text(json.dumps({"signatures": [], "signed": content}))
        return path

    return make


def shown(released, path, check=True):
    result = publish("key", "sign", "--dry-run", f"--repository={released.repository}", path, check=check)
    assert "\x1b" not in result.stdout and "\u202e" not in result.stdout
    return result.stdout


def test_a_key_cannot_write_over_what_is_shown(released, draft, mallory):
    """The name of a key's type is free text: clients go by its scheme."""
    key = {**key_object(mallory), "keytype": "\x1b[2J\x1b[Aed25519\n"}

    def add(content):
        content["keys"][id_of(key)] = key
        content["roles"]["root"]["keyids"].append(id_of(key))

    assert f"    + ed25519 {id_of(key)}\n" in shown(released, draft("root", add))


def test_a_key_that_no_client_would_take_is_marked(released, draft, mallory):
    def swap(content):
        content["keys"][content["roles"]["root"]["keyids"][0]] = key_object(mallory)

    assert f"unusable {key_id(released.keys / 'root.pem')}\n" in shown(released, draft("root", swap))


def test_a_root_says_when_it_gives_up_consistent_snapshots_or_has_more_fields(released, draft):
    path = draft("root", lambda content: content.update({"consistent_snapshot": False, "x\x1b[A": 1}))
    said = shown(released, path)
    assert "no consistent snapshots" in said and "a field that means nothing here: x?[A" in said


def delegate_to(key, **more):
    def change(content):
        roles = [{"name": "nice", "keyids": [key_id(key)], **more}] if "succinct" not in more else None
        content["delegations"] = {"keys": {key_id(key): key_object(key)}, **(
            {"roles": roles} if roles else {"succinct_roles": {"keyids": [key_id(key)], "threshold": 1, "bit_length": 1,
                                                               "name_prefix": "bin"}})}
    return change


def test_no_delegation_is_signed_unseen(released, draft, mallory):
    said = shown(released, draft("targets", delegate_to(mallory, **GIVES_ALL)))
    assert "nice: 1 of 1 key must sign" in said and "every path whose SHA-256 begins with \n" in said
    assert "(terminating)" in said and key_id(mallory) in said
    said = shown(released, draft("targets", delegate_to(mallory, succinct=True)))
    assert "bin: 1 of 1 key must sign" in said and "every path, in bins of 1 bits" in said and key_id(mallory) in said


def test_what_a_delegation_loses_and_another_order_are_shown(released, draft, mallory):
    """Of two roles that may sign the same path, the first one counts."""
    common = ["delegate", f"--repository={released.repository}", f"--keys={released.keys}", "--os=a", "--arch=b",
              f"--key={mallory}"]
    for role, version in (("one", "1"), ("one", "2"), ("two", "1")):
        publish(*common[:-1 if (role, version) == ("one", "2") else None], f"--role={role}", f"--os-version={version}")

    def change(content):
        content["delegations"]["roles"].reverse()
        content["delegations"]["roles"][1]["paths"].pop(0)

    said = shown(released, draft("targets", change))
    assert "asked in another order" in said and "    - a/1/b/*/*/*/*\n" in said and "      a/2/b/*/*/*/*\n" in said
    assert "another order" not in shown(released, draft("targets", lambda content: None))


def test_each_new_target_is_shown_with_its_digest(released, draft):
    """However many there are: the one that matters could be the last."""
    files = {f"{n}/x": {"length": 1, "hashes": {"sha256": hashlib.sha256(b"%d" % n).hexdigest()}} for n in range(100)}
    said = shown(released, draft("targets", lambda content: content["targets"].update(files)))
    for path, file in files.items():
        assert f"    + {path}\n        sha256 {file['hashes']['sha256']}\n" in said


@pytest.mark.parametrize("name", ["1.snapshot.json", "1.timestamp.json", "02.targets.json", "2.t%61rgets.json", "2.json"])
def test_a_name_that_does_not_say_what_is_signed_is_refused(released, draft, directory, name):
    path = draft("targets", lambda content: content.update({"delegations": {"roles": [{"name": 5}]}}), name)
    result = publish("key", "sign", f"--key={released.keys}/targets.pem", f"--repository={released.repository}", path,
                     check=False)
    assert_fails(result, name, "name")
    (released.repository / "staged").mkdir(exist_ok=True)
    shutil.copy(path, released.repository / "staged")
    result = publish("key", "merge", f"--repository={released.repository}", f"--keys={released.keys}", path, check=False)
    assert_fails(result, name, "name")
