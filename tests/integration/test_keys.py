# SPDX-License-Identifier: LGPL-2.1-or-later
"""The publisher's keys: what is made, what is shown, and who may do what with them."""
import json
import stat

import pytest

from conftest import BUILD, assert_fails, run
from metadata import key_id

TYPES = {"ed25519": "ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "rsassa-pss-sha256"}


def publish(*arguments, check=True):
    return run(BUILD / "suture-publish", *arguments, check=check)


@pytest.mark.parametrize("kind", TYPES)
def test_a_new_key_is_private_and_its_public_half_a_file_to_hand_over(tmp_path, kind):
    made = publish("key", "new", tmp_path / "a.pem", f"--type={kind}").stdout
    assert stat.S_IMODE((tmp_path / "a.pem").stat().st_mode) == 0o600
    public = json.loads((tmp_path / "a.pem.pub").read_text())
    assert set(public) == {"keytype", "scheme", "keyval"} and set(public["keyval"]) == {"public"}
    assert (public["keytype"], public["scheme"]) == (kind, TYPES[kind])
    assert "PRIVATE" not in (tmp_path / "a.pem.pub").read_text()
    shown = {publish("key", "show", place).stdout.splitlines()[0]
             for place in (tmp_path / "a.pem", tmp_path / "a.pem.pub", f"file:{tmp_path}/a.pem")}
    assert len(shown) == 1 and shown.pop().split()[-1] in made
    if kind == "ed25519":
        assert key_id(tmp_path / "a.pem") in made


def test_no_key_is_ever_overwritten(tmp_path):
    publish("key", "new", tmp_path / "a.pem")
    before = (tmp_path / "a.pem").read_bytes()
    assert_fails(publish("key", "new", tmp_path / "a.pem", check=False), "a.pem", "File exists")
    (tmp_path / "a.pem.pub").unlink()
    assert_fails(publish("key", "new", tmp_path / "a.pem", check=False), "a.pem", "File exists")
    assert (tmp_path / "a.pem").read_bytes() == before
    (tmp_path / "b.pem.pub").write_text("{}")
    assert_fails(publish("key", "new", tmp_path / "b.pem", check=False), "b.pem.pub", "File exists")
    assert not (tmp_path / "b.pem").exists()


def test_a_key_that_clients_would_not_use_is_refused(tmp_path):
    assert_fails(publish("key", "new", tmp_path / "a.pem", "--type=dsa", check=False), "ed25519, ecdsa or rsa")
    run("openssl", "genrsa", "-out", tmp_path / "short.pem", "2048")
    assert_fails(publish("key", "show", tmp_path / "short.pem", check=False), "short.pem", "RSA of 3072")
    assert_fails(publish("key", "show", f"file:{tmp_path}/none.pem", check=False), "none.pem")
    assert_fails(publish("key", "show", "no-such-scheme:key", check=False), "no-such-scheme")
    (tmp_path / "open.pem").write_bytes((tmp_path / "short.pem").read_bytes())
    (tmp_path / "open.pem").chmod(0o644)
    assert_fails(publish("key", "show", tmp_path / "open.pem", check=False), "make its mode 0600")


@pytest.mark.parametrize("kind", TYPES)
def test_a_repository_begins_with_keys_of_one_type(tmp_path, kind):
    publish("init", f"--type={kind}", tmp_path / "repository")
    root = json.loads((tmp_path / "repository/metadata/1.root.json").read_text())
    assert {key["keytype"] for key in root["signed"]["keys"].values()} == {kind}
    assert "is sound" in publish("verify", f"--repository={tmp_path}/repository").stdout


def test_a_type_of_key_that_there_is_not_makes_no_repository(tmp_path):
    assert_fails(publish("init", "--type=dsa", tmp_path / "repository", check=False), "ed25519, ecdsa or rsa")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words, option", [
    (["key", "new", "--key=a", "a.pem"], "--key does not go with key new"),
    (["key", "show", "--role=root", "a.pem"], "--role does not go with key show"),
    (["key", "sign", "--key=a", "--threshold=2", "a"], "--threshold does not go with key sign"),
    (["key", "sign", "--key=a", "--keys=a", "a"], "--keys does not go with key sign"),
    (["key", "merge", "--repository=a", "--dry-run"], "--dry-run does not go with key merge"),
    (["key", "add", "--repository=a", "--role=root", "--key=a", "b"], "--key does not go with key add"),
    (["key", "renew", "--repository=a", "--role=targets"], "--role does not go with key renew"),
    (["delegate", "--repository=a", "--role=b", "--remove", "--key=c"], "--key does not go with delegate --remove"),
    (["refresh", "--repository=a", "--role=b", "--accept=c"], "--role does not go with refresh --accept"),
])
def test_an_option_that_would_be_ignored_is_refused(tmp_path, words, option):
    assert_fails(run(BUILD / "suture-publish", *words, check=False, cwd=tmp_path), option, "--help", code=2)
    assert list(tmp_path.iterdir()) == []


def test_one_key_that_is_written_in_two_ways_is_one(tmp_path):
    """Else two of two would be one person, or, since clients count it once, a root that nobody can sign."""
    publish("key", "new", tmp_path / "a.pem")
    public = json.loads((tmp_path / "a.pem.pub").read_text())
    (tmp_path / "b.pub").write_text(json.dumps({**public, "comment": "mine"}))
    result = publish("init", "--root-threshold=2", f"--root-key={tmp_path}/a.pem.pub", f"--root-key={tmp_path}/b.pub",
                     tmp_path / "repository", check=False)
    assert_fails(result, "has the key", "already")
