# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a server, a network or a publisher may send to a TUF client: bounds, HTTP errors, JSON as nobody writes it, keys
and signatures of all kinds; and what is left when the client is killed."""
import copy
import itertools
import json

import pytest

from mirror import Answer
from tuf_client import FIRST, client, make_client, repository  # noqa: F401 (fixtures)
from tuf_repository import Key, Repository, canonical

ONLINE = ("timestamp", "snapshot", "targets")
NAMES = {"timestamp": "timestamp.json", "snapshot": "1.snapshot.json", "targets": "1.targets.json"}
LIMITS = {"root": 512 * 1024, "timestamp": 64 * 1024, "snapshot": 4 << 20, "targets": 16 << 20}


def endless():
    return Answer(body=(b" " * 65536 for _ in itertools.count()))


@pytest.mark.parametrize("role", LIMITS)
def test_an_endless_answer_is_cut_at_the_bound_of_its_role(client, role):
    client.server.alter(rf"[0-9.]*{role}\.json", lambda body: endless())
    client.must_refuse(f"more than the {LIMITS[role]} bytes allowed")
    assert client.server.sent < LIMITS[role] + (8 << 20)


@pytest.mark.parametrize("role", LIMITS)
def test_an_answer_that_announces_too_much_is_refused_before_its_body(client, role):
    client.server.alter(rf"[0-9.]*{role}\.json", lambda body: Answer(body=b"x", announced=LIMITS[role] + 1))
    client.must_refuse("announces", "more than the")


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_a_length_in_the_parent_is_the_bound(make_client, role):
    repository = Repository(hashed=True)
    client = make_client(repository)
    length = len(repository.files[f"metadata/{NAMES[role]}"])
    client.server.alter(rf"1\.{role}", lambda body: body + b" ")
    client.must_refuse(f"announces {length + 1} bytes, more than the {length} allowed")


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_an_absurd_length_in_the_parent_is_refused_without_a_request(make_client, role):
    repository = Repository(hashed=True)
    parent = {"snapshot": "timestamp", "targets": "snapshot"}[role]
    repository.roles[parent]["meta"][f"{role}.json"]["length"] = 2 ** 62
    for name in ("snapshot", "timestamp") if parent == "snapshot" else ("timestamp",):
        repository.put(name)
    client = make_client(repository)
    client.must_refuse("is said to have 4611686018427387904 bytes")
    assert NAMES[role] not in client.requests


@pytest.mark.parametrize("status", [400, 401, 429, 500, 502, 503])
def test_an_http_error_is_not_the_end_of_the_root_chain(client, status):
    client.server.alter("root", lambda body: Answer(status, body=b"sorry"))
    assert client.refresh() == 1
    assert client.requests == ["2.root.json"]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_not_there_is_the_end_of_the_root_chain(client, status):
    client.server.alter("root", lambda body: Answer(status, body=b"none"))
    assert client.refresh() == 0
    assert client.requests == FIRST


@pytest.mark.parametrize("role", ["root", *ONLINE])
@pytest.mark.parametrize("how", ["an error", "cut off", "no answer", "an empty file", "a login page"])
def test_what_goes_wrong_on_the_way_ends_the_refresh_and_the_next_one_succeeds(client, repository, role, how):
    repository.publish("root")
    answers = {"an error": lambda body: Answer(500, body=b"sorry"),
               "cut off": lambda body: Answer(body=(body or b"{}")[:100], announced=1000),
               "no answer": lambda body: Answer(status=200, headers={"Content-Length": "-1"}, body=iter([b""])),
               "an empty file": lambda body: b"", "a login page": lambda body: b"<html>Please log in</html>"}
    client.server.alter(rf"[0-9.]*{role}\.json", answers[how])
    assert client.refresh() == 1
    assert role in client.requests[-1]
    client.server.be_honest()
    assert client.refresh() == 0
    assert client.trusted() == {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_a_server_that_is_away_is_a_failure(client):
    client.server.stop()
    assert client.refresh() == 1
    client.server = type(client.server)("/")
    client.server.repository = client.repository
    assert client.refresh() == 0


def test_a_redirect_is_followed_and_an_endless_one_is_not(client):
    client.server.alter("^metadata/1.snapshot", lambda body: Answer(302, {"Location": "/metadata/moved"}))
    client.repository.files["metadata/moved"] = client.repository.files["metadata/1.snapshot.json"]
    assert client.refresh() == 0
    client.repository.publish_targets()
    client.server.alter("snapshot|again", lambda body: Answer(302, {"Location": "/metadata/again"}))
    assert client.refresh() == 1
    assert len(client.requests) < 12
    client.server.alter("snapshot", lambda body: Answer(302, {"Location": "file:///etc/passwd"}))
    client.must_refuse("redirect")


@pytest.mark.parametrize("old, new", [
    ('"version": 1', '"version": 1, "version": 1'), ('"_type"', '"_type": "timestamp", "_type"'),
    ('"signatures"', '"signatures": [], "signatures"'), ('"version": 1}', '"version": 1, "version": 1}')])
def test_a_field_that_is_there_twice_is_refused_although_the_signature_is_good(client, repository, old, new):
    text = json.dumps(repository.document("timestamp"))
    assert old in text
    repository.put("timestamp", text.replace(old, new, 1).encode())
    client.must_refuse("duplicate")


@pytest.mark.parametrize("number", [2 ** 63, 2 ** 64 + 1, 10 ** 30, -2 ** 63 - 1, 1.0, 1.5, "1", None, True, -1, 0, [1]])
def test_a_version_that_is_no_integer_in_bounds_is_refused(client, repository, number):
    repository.roles["timestamp"]["version"] = number
    repository.put("timestamp")
    assert client.refresh() == 1
    assert client.trusted() == {"root": 1}


def test_the_greatest_version_is_kept_as_it_is(client, repository):
    repository.roles["timestamp"]["version"] = 2 ** 63 - 1
    repository.put("timestamp")
    assert client.refresh() == 0
    assert client.trusted()["timestamp"] == 2 ** 63 - 1
    repository.roles["timestamp"]["version"] = 1
    repository.put("timestamp")
    client.must_refuse("older")


@pytest.mark.parametrize("value, good", [(2 ** 63 - 1, True), (-2 ** 63, True), (2 ** 63, False), (1.5, False), (1e3, False)])
def test_big_integers_in_unknown_fields_survive_or_are_refused(client, repository, value, good):
    repository.roles["timestamp"]["x-number"] = value
    repository.put("timestamp")
    assert client.refresh() == (0 if good else 1)


STRINGS = ["", "\n\t\r\x01\x7f", '"\\', "äöü", "\u2028\u2029", "\U0001f512", "\\u0041", "/", "é", "e\u0301"]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_signatures_cover_strings_however_they_are_escaped(client, repository, ascii_only):
    """As \\u sequences or raw; sorted by their UTF-8 bytes, which is another order than UTF-16's."""
    repository.roles["timestamp"]["x"] = {text: [text, {"\uffff": 1, "\U00010000": 2, text: text}] for text in STRINGS}
    repository.put("timestamp", json.dumps(repository.document("timestamp"), ensure_ascii=ascii_only).encode())
    assert client.refresh() == 0, client.error
    document = repository.document("timestamp")
    document["signed"]["version"] = 2
    repository.put("timestamp", json.dumps(document).encode())
    client.must_refuse("signed by 0 of the 1 keys needed")


NO_JSON = [b"\xff", b'{"signed": "\\ud800"}', b"[]", b"null", b"{}{}", b'{"a": NaN}', b"{'a': 1}", b"\0", b'{"a": "\\u0000"}',
           b"[" * 50000, b'{"a":' * 3000, b"\xef\xbb\xbf{}", b'{"a": 1e999}']


@pytest.mark.parametrize("number", range(len(NO_JSON)))
def test_what_is_no_json_of_an_object_is_refused(client, repository, number):
    repository.put("timestamp", NO_JSON[number])
    client.must_refuse("timestamp metadata")


def test_what_is_nested_too_deep_is_refused(client, repository):
    value = []
    for _ in range(100):
        value = [value]
    repository.roles["timestamp"]["x"] = value
    repository.put("timestamp")
    client.must_refuse("nested deeper than 64 levels")


def test_a_comma_or_a_second_document_behind_the_end_is_refused(client, repository):
    for tail in (b",", b"{}", b"x", b"\0"):
        repository.put("timestamp", json.dumps(repository.document("timestamp")).encode() + tail)
        client.must_refuse("not valid JSON")


@pytest.mark.parametrize("threshold", [0, -1, "1", 1.0, None, 2 ** 40])
@pytest.mark.parametrize("role", ["root", "timestamp"])
def test_a_threshold_below_one_or_that_is_none_is_refused(client, repository, role, threshold):
    repository.roles["root"]["roles"][role]["threshold"] = threshold
    repository.publish("root")
    client.must_refuse("root metadata: role")
    assert client.trusted() == {"root": 1}


@pytest.mark.parametrize("damage", ["keyids", "threshold", "a role", "keys", "roles", "keyval", "keytype", "scheme"])
def test_a_root_that_lacks_a_field_is_refused(client, repository, damage):
    root = repository.roles["root"]
    if damage in ("keyids", "threshold"):
        del root["roles"]["snapshot"][damage]
    elif damage == "a role":
        del root["roles"]["snapshot"]
    elif damage in ("keys", "roles"):
        del root[damage]
    else:
        del next(iter(root["keys"].values()))[damage]
    repository.publish("root")
    client.must_refuse("root metadata:")
    assert client.trusted() == {"root": 1}


def test_a_role_may_have_keys_that_are_nowhere(client, repository):
    repository.roles["root"]["roles"]["timestamp"]["keyids"].append("ab" * 32)
    repository.publish("root")
    assert client.refresh() == 0


@pytest.mark.parametrize("scheme", ["ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256"])
def test_each_kind_of_key_verifies_and_a_wrong_signature_of_it_does_not(client, repository, scheme):
    key = Key(scheme)
    repository.set_keys("root", [*repository.keys["root"], key], 2)
    repository.publish("root")
    assert client.refresh() == 0
    repository.publish("root")
    document = repository.document("root")
    document["signatures"][1]["sig"] = key.sign(b"something else")
    repository.put("root", document)
    client.must_refuse("root metadata is signed by 1 of the 2 keys needed")
    assert client.trusted()["root"] == 2


def test_the_old_name_of_an_ecdsa_keytype_is_understood(client, repository):
    key = Key("ecdsa-sha2-nistp256")
    key.object["keytype"] = "ecdsa-sha2-nistp256"
    repository.set_keys("timestamp", [key])
    repository.publish("root", "timestamp")
    assert client.refresh() == 0


def test_keys_and_schemes_that_nobody_knows_are_skipped(client, repository):
    strange = {"keytype": "sphincs", "scheme": "sphincs-shake-128s", "keyval": {"public": "00", "more": [1]}}
    fulcio = {"keytype": "sigstore-oidc", "scheme": "Fulcio", "keyval": {"identity": "a@example.org", "issuer": "x"}}
    broken = {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "no PEM"}}
    root = repository.roles["root"]
    for value in (strange, fulcio, broken):
        key = Key()
        key.object = value
        root["keys"][key.id] = value
        root["roles"]["timestamp"]["keyids"].insert(0, key.id)
        repository.keys["timestamp"] = [key, *repository.keys["timestamp"]]
    repository.publish("root", "timestamp")
    assert client.refresh() == 0


def test_deprecated_fields_of_a_key_mean_nothing(client, repository):
    key = Key(keyid_hash_algorithms=["md5"])
    repository.set_keys("snapshot", [key])
    repository.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 0


def test_a_key_under_an_id_that_is_not_its_own_verifies_nothing(client, repository):
    key = Key()
    root = repository.roles["root"]
    root["keys"]["0" * 64] = key.object
    root["roles"]["timestamp"]["keyids"] = ["0" * 64]
    repository.publish("root")
    document = repository.document("timestamp")
    document["signatures"] = [{"keyid": "0" * 64, "sig": key.sign(canonical(repository.roles["timestamp"]))}]
    repository.put("timestamp", document)
    client.must_refuse("timestamp metadata is signed by 0 of the 1 keys needed")


def test_one_key_under_several_names_counts_once(client, repository):
    key = Key()
    twin = copy.copy(key)
    twin.object = {**key.object, "x-comment": "the same"}
    upper = copy.copy(key)
    upper.object = {**key.object, "keyval": {"public": key.object["keyval"]["public"].upper()}}
    repository.set_keys("timestamp", [key, twin, upper], 2)
    repository.publish("root", "timestamp")
    client.must_refuse("timestamp metadata is signed by 1 of the 2 keys needed")


def test_a_key_id_that_is_listed_twice_is_refused(client, repository):
    repository.roles["root"]["roles"]["snapshot"]["keyids"] *= 2
    repository.publish("root")
    client.must_refuse("twice")
    assert client.trusted() == {"root": 1}


def test_signatures_that_repeat_a_key_id_are_refused_even_when_all_are_good(client, repository):
    document = repository.document("snapshot")
    document["signatures"] *= 2
    repository.put("snapshot", document)
    repository.put("timestamp")
    client.must_refuse("signed twice")
    assert client.trusted() == {"root": 1, "timestamp": 1}


@pytest.mark.parametrize("signature", ["", "00", "zz", "0", "ab" * 64, "ab" * 3000, "\u00e4"])
def test_bad_signatures_besides_enough_good_ones_do_no_harm(client, repository, signature):
    extra = Key()
    repository.set_keys("timestamp", [extra, repository.keys["timestamp"][0]])
    repository.publish("root")
    document = repository.document("timestamp")
    document["signatures"][0]["sig"] = signature
    document["signatures"].append({"keyid": "unknown", "sig": signature, "x-more": 1})
    repository.put("timestamp", document)
    assert client.refresh() == 0, client.error


@pytest.mark.parametrize("signatures", [None, {}, "x", [1], [{}], [{"keyid": "a"}], [{"keyid": 1, "sig": "00"}],
                                        [{"keyid": "a", "sig": None}]])
def test_signatures_that_are_none_are_refused(client, repository, signatures):
    repository.put("timestamp", {"signatures": signatures, "signed": repository.roles["timestamp"]})
    client.must_refuse("timestamp metadata:")


@pytest.mark.parametrize("call", ["renameat", "fsync", "openat"])
def test_killed_at_any_instant_it_leaves_whole_files_and_goes_on(client, repository, call):
    """SIGKILL as the client begins its N-th call, for N from 1 on: old or new bytes, never others, and the next run ends."""
    assert client.refresh() == 0
    repository.publish("root")
    repository.add_target("file", b"content")
    repository.publish_targets()
    before = {path.name: path.read_bytes() for path in client.metadata.iterdir()}
    new = {"root": "2.root.json", "timestamp": "timestamp.json", "snapshot": "2.snapshot.json", "targets": "2.targets.json"}
    cuts = 0
    for number in itertools.count(1, 7 if call == "openat" else 1):
        for name, data in before.items():
            (client.metadata / name).write_bytes(data)
        for path in client.targets.iterdir():
            path.unlink()
        wrapper = ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                   f"inject={call}:signal=SIGKILL:when={number}"]
        code = client.download("file", wrapper=wrapper)
        for role, name in new.items():
            data = (client.metadata / f"{role}.json").read_bytes()
            assert data in (before[f"{role}.json"], repository.files[f"metadata/{name}"])
        assert {name: data for name, data in client.files().items() if not name.startswith(".")} in ({}, {"file": b"content"})
        for path in client.metadata.iterdir():
            assert path.name.endswith(".json") or path.name.startswith("."), path
            if path.name.startswith("."):
                path.unlink()
        if code == 0:
            break
        cuts += 1
        assert client.download("file") == 0
        assert client.files() == {"file": b"content"}
    assert cuts >= (5 if call != "openat" else 2)
