# SPDX-License-Identifier: LGPL-2.1-or-later
"""Teams that sign their own component and no other, with their own keys."""
import json
import shutil

import pytest

from conftest import COMPONENT, Device, assert_fails, run
from metadata import Metadata, key_id
from mirror import Mirror
from signing import Ceremony, make_keys, public, publish

OS = ["--os=examplix", "--os-version=7"]


@pytest.fixture
def teams(directory):
    return make_keys(directory / "teams", "origin", "other")


def delegate(publisher, role, key, architecture, *more, component=COMPONENT, check=True):
    return publish("delegate", f"--repository={publisher.repository}", f"--keys={publisher.keys}", f"--role={role}",
                   *OS, f"--arch={architecture}", *([f"--component={component}"] if component else []),
                   *([f"--key={key}"] if key else []), *more, check=check)


def accept(publisher, *files, check=True):
    return publish("refresh", f"--repository={publisher.repository}", f"--keys={publisher.keys}",
                   *[f"--accept={file}" for file in files], check=check)


@pytest.fixture
def machine():
    """The architecture as the publisher writes it."""
    return run("uname", "-m").stdout.strip()


@pytest.fixture
def delegated(publisher, teams, machine):
    """Each component has its own team; nothing is released yet."""
    delegate(publisher, "team-origin", teams["origin"], machine)
    delegate(publisher, "team-other", teams["other"], machine, component="other")
    return publisher


@pytest.fixture
def team_device(directory, system, delegated):
    mirror = Mirror(delegated.repository)
    device = Device(directory, mirror.url, delegated.root)
    device.mirror = mirror
    yield device
    mirror.stop()


def team_release(publisher, packages, role, key, letter="1.0-1+fix1", **more):
    """With the team's key and no other."""
    return run_release(publisher, packages, letter, f"--role={role}", f"--key={key}", **more)


def run_release(publisher, packages, letter, *options, component=COMPONENT, check=True, repository=None):
    return publisher.run("release", f"--repository={repository or publisher.repository}", f"--component={component}",
                         f"--os-release={publisher.system}/usr/lib/os-release", "--base", packages["1.0-1"], "--fixed",
                         packages[letter], *options, check=check)


def test_a_team_releases_its_component_with_its_own_key_alone(delegated, teams, packages, team_device, libraries):
    said = team_release(delegated, packages, "team-origin", teams["origin"]).stdout
    assert "Not published yet" in said
    team_device.suture("install")
    team_device.assert_shows(None, libraries["1.0-1"])
    accept(delegated, delegated.repository / "staged/2.team-origin.json")
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])
    team_release(delegated, packages, "team-origin", teams["origin"], "1.0-1+fix2")
    accept(delegated, delegated.repository / "staged/3.team-origin.json")
    team_device.suture("install")
    team_device.assert_shows("b", libraries["1.0-1+fix2"])
    delegated.run("withdraw", f"--repository={delegated.repository}", "--role=team-origin", f"--key={teams['origin']}",
                  COMPONENT, "b")
    accept(delegated, delegated.repository / "staged/4.team-origin.json")
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])
    assert "is sound" in publish("verify", f"--repository={delegated.repository}").stdout


def test_where_all_keys_are_at_hand_a_teams_release_is_published_at_once(delegated, teams, packages, team_device,
                                                                         libraries):
    said = run_release(delegated, packages, "1.0-1+fix1", "--role=team-origin", f"--key={teams['origin']}",
                       f"--keys={delegated.keys}").stdout
    assert "Published: " in said
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_team_cannot_sign_the_component_of_another(delegated, teams, packages):
    before = sorted(delegated.repository.rglob("*"))
    assert_fails(team_release(delegated, packages, "team-other", teams["other"], check=False),
                 "role team-other may not sign", "not delegated to it")
    assert_fails(team_release(delegated, packages, "team-origin", teams["other"], check=False),
                 "none of the keys at hand may sign for role team-origin")
    assert_fails(team_release(delegated, packages, "nobody", teams["other"], check=False), "nobody")
    assert [path for path in sorted(delegated.repository.rglob("*")) if "metadata" in path.parts or
            "staged" in path.parts] == [path for path in before if "metadata" in path.parts or "staged" in path.parts]


@pytest.fixture
def foreign_claim(delegated, teams, packages, directory, machine):
    """team-other's metadata with a release of team-origin's component in it, signed by team-other."""
    shutil.copytree(delegated.repository, directory / "copy")
    shutil.copytree(delegated.keys, directory / "copy.keys")
    publish("delegate", f"--repository={directory}/copy", "--role=team-origin", "--remove")
    publish("delegate", f"--repository={directory}/copy", "--role=team-other", *OS,
            f"--arch={machine}", f"--component={COMPONENT}")
    run_release(delegated, packages, "1.0-1+fix1", "--role=team-other", f"--key={teams['other']}",
                repository=directory / "copy")
    return directory / "copy/staged/2.team-other.json"


def test_the_accepting_side_refuses_what_is_not_the_teams(delegated, foreign_claim, team_device, libraries):
    assert_fails(accept(delegated, foreign_claim, check=False), "role team-other may not sign", "not delegated to it")
    team_device.suture("install")
    team_device.assert_shows(None, libraries["1.0-1"])


def test_a_device_does_not_take_from_a_team_what_is_not_the_teams(delegated, foreign_claim, teams, team_device,
                                                                  libraries, packages):
    """Even when whoever holds the snapshot and timestamp keys plays along."""
    metadata = Metadata(delegated.repository, delegated.keys)
    claimed = json.loads(foreign_claim.read_text())["signed"]
    shutil.copytree(foreign_claim.parents[1] / "targets", delegated.repository / "targets", dirs_exist_ok=True)
    path = metadata.write("team-other", claimed, teams["other"])
    metadata.follow("snapshot", meta={**metadata.content("snapshot")["meta"], "team-other.json": {
        "version": claimed["version"], "length": path.stat().st_size}})
    team_device.suture("install")
    team_device.assert_shows(None, libraries["1.0-1"])
    team_release(delegated, packages, "team-origin", teams["origin"])
    accept(delegated, delegated.repository / "staged/2.team-origin.json")
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_draft_of_a_teams_own_copy_brings_its_files_along(delegated, teams, packages, directory, team_device,
                                                            libraries):
    copy = directory / "copy"
    shutil.copytree(delegated.repository, copy)
    run_release(delegated, packages, "1.0-1+fix1", "--role=team-origin", f"--key={teams['origin']}", repository=copy)
    draft = copy / "staged/2.team-origin.json"
    image = next((copy / "targets").rglob("*.image.zst"))
    good = image.read_bytes()
    image.write_bytes(b"other" + good[5:])
    assert_fails(accept(delegated, draft, check=False), "image.zst has other bytes")
    image.write_bytes(good)
    accept(delegated, draft)
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])
    assert_fails(accept(delegated, draft, check=False), "version 2 is published", "make it anew")


def test_an_unfinished_draft_is_not_accepted(delegated, teams, packages, directory):
    second = make_keys(directory / "more", "second")["second"]
    publish("key", "add", f"--repository={delegated.repository}", f"--keys={delegated.keys}", "--role=team-origin",
            "--threshold=2", public(second))
    draft = delegated.repository / "staged/2.team-origin.json"
    publish("key", "sign", f"--key={teams['origin']}", f"--key={second}", draft)
    accept(delegated, draft)
    team_release(delegated, packages, "team-origin", teams["origin"])
    draft = delegated.repository / "staged/3.team-origin.json"
    assert_fails(accept(delegated, draft, check=False), "has 1 of the 2 signatures", key_id(second)[:16])
    publish("key", "sign", f"--key={second}", draft)
    accept(delegated, draft)


def test_a_team_gets_a_new_key_when_its_own_was_stolen(delegated, teams, packages, directory, team_device, libraries):
    team_release(delegated, packages, "team-origin", teams["origin"])
    accept(delegated, delegated.repository / "staged/2.team-origin.json")
    new = make_keys(directory / "more", "new")["new"]
    common = [f"--repository={delegated.repository}", f"--keys={delegated.keys}", "--role=team-origin"]
    publish("key", "add", *common, public(new))
    said = publish("key", "remove", *common, public(teams["origin"])).stdout
    assert "team-origin version 3 has 0 of the 1 signatures" in said
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])
    publish("key", "sign", f"--key={new}", delegated.repository / "staged/3.team-origin.json")
    accept(delegated, delegated.repository / "staged/3.team-origin.json")
    assert Ceremony(delegated.repository, delegated.keys).signers("team-origin") == {key_id(new)}
    assert_fails(team_release(delegated, packages, "team-origin", teams["origin"], "1.0-1+fix2", check=False),
                 "none of the keys at hand")
    team_release(delegated, packages, "team-origin", new, "1.0-1+fix2")
    accept(delegated, delegated.repository / "staged/4.team-origin.json")
    team_device.suture("install")
    team_device.assert_shows("b", libraries["1.0-1+fix2"])


def test_what_is_delegated_waits_until_the_team_has_signed(publisher, teams, machine, packages, directory):
    said = delegate(publisher, "team-origin", public(teams["origin"]), machine).stdout
    assert "team-origin version 1 has 0 of the 1 signatures" in said
    assert "is sound" in publish("verify", f"--repository={publisher.repository}").stdout
    assert_fails(accept(publisher, publisher.repository / "staged/2.targets.json", check=False),
                 "waits for metadata of role team-origin")
    publish("key", "sign", f"--key={teams['origin']}", publisher.repository / "staged/1.team-origin.json")
    accept(publisher, publisher.repository / "staged/1.team-origin.json")
    assert list((publisher.repository / "staged").iterdir()) == []
    assert "is sound" in publish("verify", f"--repository={publisher.repository}").stdout


def test_a_delegation_that_was_taken_back_can_be_given_again(delegated, teams, packages, machine, team_device, libraries):
    team_device.suture("check")
    publish("delegate", f"--repository={delegated.repository}", f"--keys={delegated.keys}", "--role=team-origin",
            "--remove")
    team_device.suture("check")
    assert_fails(team_release(delegated, packages, "team-origin", teams["origin"], check=False), "team-origin")
    delegate(delegated, "team-origin", teams["origin"], machine)
    team_device.suture("check")
    team_release(delegated, packages, "team-origin", teams["origin"])
    accept(delegated, delegated.repository / "staged/3.team-origin.json")
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])


@pytest.mark.parametrize("option, word", [("--os=*", "OS"), ("--component=a/*", "component"), ("--arch=?", "arch"),
                                          ("--os-version=../1", "version")])
def test_a_delegation_has_no_wildcards_of_its_own(publisher, teams, option, word):
    options = ["--os=debian", "--os-version=12", "--arch=x86_64", "--component=a"]
    result = publish("delegate", f"--repository={publisher.repository}", "--role=team", f"--key={teams['other']}",
                     *[each for each in options if each.split("=")[0] != option.split("=")[0]], option, check=False)
    assert_fails(result, word, "not a plain word")


def test_behind_a_terminating_delegation_nobody_is_asked(delegated, teams, packages, machine, team_device, libraries):
    """Somebody else may sign the same component, but is delegated to later."""
    delegate(delegated, "late", teams["other"], machine)
    delegate(delegated, "team-origin", None, machine, "--terminating")
    said = publish("verify", f"--repository={delegated.repository}").stdout
    assert said.count("(terminating)") == 1
    result = run_release(delegated, packages, "1.0-1+fix1", "--role=late", f"--key={teams['other']}",
                         f"--keys={delegated.keys}", check=False)
    assert_fails(result, "another role speaks for it first")
    team_release(delegated, packages, "team-origin", teams["origin"])
    accept(delegated, delegated.repository / "staged/2.team-origin.json")
    team_device.suture("install")
    team_device.assert_shows("a", libraries["1.0-1+fix1"])
