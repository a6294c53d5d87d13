# SPDX-License-Identifier: LGPL-2.1-or-later
"""The search through delegated roles: section 5.6.7 of the TUF specification, and 4.5 on who may speak for what."""
import json

import pytest

from tuf_client import AGAIN, client, make_client, repository  # noqa: F401 (fixtures)
from tuf_repository import FUTURE, PAST, Key, Repository, sha256

EVERYTHING = {"paths": ["*"]}

# Who delegates to whom, in this order; * is a terminating delegation; a pattern instead of "*" behind a colon.
GRAPHS = {
    "one": ("targets>A", "A"),
    "two": ("targets>A targets>B", "A B"),
    "in the order of the list": ("targets>B targets>A", "B A"),
    "two levels": ("targets>A targets>B B>C", "A B C"),
    "depth first": ("targets>A targets>B A>C A>D", "A C D B"),
    "depth first, three levels": ("targets>A targets>B A>C C>D", "A C D B"),
    "terminating at the top": ("targets>A* targets>B", "A"),
    "terminating further down ends what its delegator left as well": ("targets>A targets>B A>C* A>D", "A C"),
    "below a terminating one the search goes on": ("targets>A targets>B A>C* C>D", "A C D"),
    "terminating, but of another path": ("targets>A*:*.py targets>B", "B"),
    "a branch of another path": ("targets>A:*.py targets>B A>C", "B"),
    "a branch of another path further down": ("targets>A targets>B A>C:*.py C>D", "A B"),
    "a cycle": ("targets>A targets>B B>C C>D D>B", "A B C D"),
    "a role that delegates to itself": ("targets>A A>A A>B", "A B"),
    "two delegate to a third": ("targets>A targets>B B>C A>C", "A C B"),
    "two delegate to a third, one by another path": ("targets>A targets>B B>C A>C:*.py", "A B C"),
    "a third that terminates for one only": ("targets>A targets>B A>C* B>C B>D", "A C"),
}


def build(repository, graph):
    roles = []
    for edge in graph.split():
        edge, _, pattern = edge.partition(":")
        delegator, role = edge.rstrip("*").split(">")
        repository.delegate(delegator, role, terminating=edge.endswith("*"), scope={"paths": [pattern or "*"]})
        roles.append(role)
    repository.publish_targets(*dict.fromkeys(roles))


@pytest.mark.parametrize("case", GRAPHS)
def test_roles_are_visited_once_each_depth_first(client, repository, case):
    graph, order = GRAPHS[case]
    build(repository, graph)
    assert client.download("missing") == 1
    assert client.delegated_requests() == order.split()
    client.must_say('the repository has no target "missing"')
    assert client.download("missing") == 1
    assert client.requests == AGAIN


@pytest.mark.parametrize("case", GRAPHS)
def test_the_search_ends_at_the_first_role_that_has_the_target(client, repository, case):
    graph, order = GRAPHS[case]
    order = order.split()
    build(repository, graph)
    middle = len(order) // 2
    for role in order[middle:]:
        repository.add_target("file", role.encode(), role)
    repository.publish_targets(*order)
    assert client.download("file") == 0
    assert client.delegated_requests() == order[:middle + 1]
    assert client.files() == {"file": order[middle].encode()}


PATTERNS = [
    ("*", "file", True), ("*", "dir/file", False), ("dir/*", "dir/file", True), ("dir/*", "dir/sub/file", False),
    ("*/*", "dir/file", True), ("*.tgz", "a.tgz", True), ("*.tgz", "a.txt", False), ("*.tgz", "dir/a.tgz", False),
    ("targets/*.tgz", "targets/a.tgz", True), ("f?le", "file", True), ("f?le", "fle", False), ("a?b", "a/b", False),
    ("dir", "dir/file", False), ("f?le", "fäle", True), ("*", ".hidden", True), ("a*b*c", "aXbbYc", True),
    ("FILE", "file", False), ("dir/*/c", "dir/b/c", True), ("dir//*", "dir/file", False), ("", "file", False),
    ("[fg]ile", "file", False), ("ä/*", "ä/ö", True),
]


@pytest.mark.parametrize("pattern, path, good", PATTERNS)
def test_wildcards_stand_for_what_is_within_one_component(client, repository, pattern, path, good):
    repository.delegate("targets", "team", scope={"paths": ["nothing", pattern]})
    repository.add_target(path, role="team")
    repository.publish_targets("team")
    assert client.download(path) == (0 if good else 1)
    assert client.delegated_requests() == (["team"] if good else [])


def test_every_delegation_on_the_way_must_match(client, repository):
    repository.delegate("targets", "releases", scope={"paths": ["releases/*/*"]})
    repository.delegate("releases", "x", scope={"paths": ["releases/x/*"]})
    repository.delegate("releases", "y", scope={"paths": ["releases/y/*.zip"]})
    for path, role in (("releases/x/1", "x"), ("releases/y/1.zip", "y"), ("releases/z/1.zip", "y")):
        repository.add_target(path, path.encode(), role)
    repository.publish_targets("releases", "x", "y")
    assert client.download("releases/x/1") == 0
    assert client.delegated_requests() == ["releases", "x"]
    assert client.download("releases/y/1.zip") == 0
    assert client.requests[:3] == [*AGAIN, "1.y.json"]
    assert client.download("releases/z/1.zip") == 1
    assert client.requests == AGAIN


def test_a_role_of_hash_prefixes_speaks_for_their_paths_only(client, repository):
    prefix = sha256(b"dir/file")[:3]
    other = "%03x" % ((int(prefix, 16) + 1) % 4096)
    repository.delegate("targets", "other", scope={"path_hash_prefixes": [other]})
    repository.delegate("targets", "right", scope={"path_hash_prefixes": ["ffffffff", prefix]})
    for role in ("other", "right"):
        repository.add_target("dir/file", role.encode(), role)
    repository.publish_targets("other", "right")
    assert client.download("dir/file") == 0
    assert client.delegated_requests() == ["right"]
    assert client.files() == {"dir%2Ffile": b"right"}


@pytest.mark.parametrize("bits", [1, 3, 4, 5, 8, 9])
def test_succinct_bins_are_found_by_the_first_bits_of_the_paths_digest(client, repository, bits):
    names = repository.delegate_bins("targets", "bin", bits, Key())
    paths = [f"dir/file-{number}" for number in range(4)]
    for path in paths:
        repository.add_target(path, path.encode(), repository.bin_of(path, "bin", bits))
    repository.publish_targets(*names)
    assert client.download(*paths) == 0, client.error
    assert client.delegated_requests() == list(dict.fromkeys(repository.bin_of(path, "bin", bits) for path in paths))
    assert len(client.files()) == 4
    assert client.download("dir/none") == 1
    assert client.requests in (AGAIN, [*AGAIN, f"1.{repository.bin_of('dir/none', 'bin', bits)}.json"])


def test_a_bin_may_delegate_further(client, repository):
    names = repository.delegate_bins("targets", "bin", 1, Key())
    name = repository.bin_of("file", "bin", 1)
    repository.delegate(name, "team")
    repository.add_target("file", role="team")
    repository.publish_targets(*names, "team")
    assert client.download("file") == 0
    assert client.delegated_requests() == [name, "team"]


@pytest.mark.parametrize("how", ["missing on the server", "missing in the snapshot", "badly signed", "expired", "damaged",
                                 "of another version", "of another type"])
def test_a_role_that_cannot_be_had_ends_the_search(client, repository, how):
    """Another role further on has the target: its word would not be the first."""
    repository.delegate("targets", "A")
    repository.delegate("targets", "B")
    repository.add_target("file", role="B")
    if how == "expired":
        repository.roles["A"]["expires"] = PAST
    if how == "badly signed":
        repository.keys["A"] = [Key()]
    if how == "of another type":
        repository.roles["A"]["_type"] = "snapshot"
    repository.publish_targets("A", "B")
    if how == "missing on the server":
        del repository.files["metadata/1.A.json"]
    if how == "damaged":
        repository.files["metadata/1.A.json"] = b"{"
    if how == "of another version":
        repository.roles["A"]["version"] = 2
        repository.put("A", name="metadata/1.A.json", mention=False)
    if how == "missing in the snapshot":
        del repository.roles["snapshot"]["meta"]["A.json"]
        repository.publish("snapshot", "timestamp")
    assert client.download("file") == 1
    assert client.delegated_requests() == ([] if how == "missing in the snapshot" else ["A"])
    assert "A" not in client.trusted()
    assert client.files() == {}


def test_a_stored_role_that_has_expired_is_not_used(client, repository):
    repository.delegate("targets", "team")
    repository.roles["team"]["expires"] = "2030-01-08T00:00:00Z"
    repository.add_target("first", role="team")
    repository.add_target("second", role="team")
    repository.publish_targets("team")
    assert client.download("first", at="2030-01-01 00:00:00") == 0
    assert client.download("second", at="2030-01-18 00:00:00") == 1
    client.must_say("team metadata expired")
    repository.roles["team"]["expires"] = FUTURE
    repository.publish("team", "snapshot", "timestamp")
    assert client.download("second", at="2030-01-18 00:00:00") == 0
    assert client.requests[:4] == [*AGAIN, "3.snapshot.json", "2.team.json"]
    assert sorted(client.files()) == ["first", "second"]


def test_each_delegator_decides_with_which_keys_a_role_must_be_signed(client, repository):
    """C is good for A, by A's keys; B names others. A cached C is verified again for B."""
    repository.delegate("targets", "A", scope={"paths": ["a/*"]})
    repository.delegate("targets", "B", scope={"paths": ["b/*"]})
    key = Key()
    repository.delegate("A", "C", [key], scope={"paths": ["*/*"]})
    repository.delegate("B", "C", [Key()], scope={"paths": ["*/*"]})
    for path in ("a/file", "b/file"):
        repository.add_target(path, role="C")
    repository.publish_targets("A", "B", "C")
    assert client.download("a/file") == 0
    for names in (["b/file"], ["a/file", "b/file"]):
        assert client.download(*names) == 1
        client.must_say("C metadata is signed by 0 of the 1 keys needed")
    assert list(client.files()) == ["a%2Ffile"]


def test_a_delegated_role_needs_its_threshold(client, repository):
    keys = [Key() for _ in range(3)]
    repository.delegate("targets", "team", keys, threshold=2)
    repository.add_target("file", role="team")
    repository.keys["team"] = keys[:1]
    repository.publish_targets("team")
    assert client.download("file") == 1
    client.must_say("team metadata is signed by 1 of the 2 keys needed")
    repository.keys["team"] = keys[1:]
    repository.publish_targets("team")
    assert client.download("file") == 0


def test_new_keys_of_a_delegation_revoke_what_the_old_ones_signed(client, repository):
    repository.delegate("targets", "team")
    repository.add_target("file", role="team")
    repository.publish_targets("team")
    assert client.download("file") == 0
    key = Key()
    delegations = repository.roles["targets"]["delegations"]
    delegations["keys"][key.id] = key.object
    delegations["roles"][0]["keyids"] = [key.id]
    repository.publish_targets()
    assert client.download("file") == 1
    client.must_say("team metadata is signed by 0 of the 1 keys needed")
    repository.keys["team"] = [key]
    repository.publish_targets("team")
    assert client.download("file") == 0


ODD_NAMES = ["?", "#", "/team", "../team", "..", ".", "a b", "a%2Fb", "ünïcode", "\U0001f4a9", "a\\b", "a:b", "-n", "1.team",
             "root.json", "Targets", "team\n", "x" * 200]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_role_names_are_percent_encoded_and_stay_in_their_directory(client, repository, directory, name):
    repository.delegate("targets", name)
    repository.add_target("file", role=name)
    repository.publish_targets(name)
    everything = {path for path in directory.rglob("*")}
    assert client.download("file") == 0, client.error
    assert client.requests[-2] == repository.file_name(name).removeprefix("metadata/")
    assert len(client.trusted()) == 5
    new = {path for path in directory.rglob("*")} - everything
    assert {path.parent for path in new} == {client.metadata, client.targets}
    assert client.download("none") == 1
    assert client.requests == AGAIN


@pytest.mark.parametrize("name", ["root", "timestamp", "snapshot", "targets", ""])
def test_no_delegated_role_can_have_the_name_of_another(client, repository, name):
    repository.delegate("targets", "team")
    repository.roles["targets"]["delegations"]["roles"][0]["name"] = name
    repository.publish_targets("team")
    assert client.refresh() == 1
    client.must_say("is not a name for a delegated role")


@pytest.mark.parametrize("damage", ["twice", "no scope", "both scopes", "no keys", "threshold 0", "no terminating",
                                    "bins and roles", "neither bins nor roles", "key id twice", "33 bits"])
def test_delegations_that_say_too_little_or_too_much_are_refused(client, repository, damage):
    repository.delegate("targets", "team")
    delegations = repository.roles["targets"]["delegations"]
    role = delegations["roles"][0]
    if damage == "twice":
        delegations["roles"].append(dict(role))
    elif damage == "no scope":
        del role["paths"]
    elif damage == "both scopes":
        role["path_hash_prefixes"] = ["0"]
    elif damage == "no keys":
        del delegations["keys"]
    elif damage == "threshold 0":
        role["threshold"] = 0
    elif damage == "no terminating":
        del role["terminating"]
    elif damage == "key id twice":
        role["keyids"] *= 2
    else:
        bins = {"keyids": role["keyids"], "threshold": 1, "bit_length": 33, "name_prefix": "bin"}
        if damage != "neither bins nor roles":
            delegations["succinct_roles"] = {**bins, "bit_length": 33 if damage == "33 bits" else 1}
        if damage != "bins and roles":
            del delegations["roles"]
    repository.publish_targets("team")
    client.must_refuse("targets metadata:")
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2}


def test_the_number_of_visited_roles_is_bounded(client, repository):
    """An endless chain: each role delegates to the next."""
    names = [f"role-{number}" for number in range(80)]
    for delegator, role in zip(["targets", *names], names):
        repository.delegate(delegator, role)
    repository.publish_targets(*names)
    assert client.download("file") == 1
    client.must_say("leads through more than 64 roles")
    assert client.delegated_requests() == names[:63]


def test_a_team_cannot_speak_for_paths_that_were_not_delegated_to_it(client, repository):
    repository.delegate("targets", "team", scope={"paths": ["team/*"]})
    repository.delegate("targets", "other", scope={"paths": ["other/*"]})
    repository.add_target("other/file", b"evil", "team")
    repository.add_target("other/file", b"good", "other")
    repository.publish_targets("team", "other")
    assert client.download("other/file") == 0
    assert client.files() == {"other%2Ffile": b"good"}
    assert client.delegated_requests() == ["other"]


def test_a_delegated_role_without_consistent_snapshots_is_checked_by_its_version(make_client):
    repository = Repository(consistent=False)
    client = make_client(repository)
    repository.delegate("targets", "team", scope=EVERYTHING)
    repository.add_target("file", role="team")
    repository.publish_targets("team")
    old = repository.files["metadata/team.json"]
    repository.publish_targets("team")
    repository.files["metadata/team.json"] = old
    assert client.download("file") == 1
    client.must_say("team metadata has version 1 where the snapshot names version 2")
    assert json.loads(old)["signed"]["version"] == 1
