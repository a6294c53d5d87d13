# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a publisher changes who gets an improvement when, after its release."""
import json

import pytest

from conftest import BUILD, COMPONENT, assert_fails, run
from metadata import Metadata


def rollout(publisher, *arguments, letter="a", check=True):
    return publisher.run("rollout", COMPONENT, letter, f"--repository={publisher.repository}",
                         f"--keys={publisher.keys}", *arguments, check=check)


def manifest(publisher, letter="a"):
    targets = Metadata(publisher.repository, publisher.keys).content("targets")["targets"]
    path, = [path for path in targets if path.endswith(f"/{letter}/manifest.json")]
    folder, name = path.rsplit("/", 1)
    return json.loads((publisher.repository / "targets" / folder /
                       f"{targets[path]['hashes']['sha256']}.{name}").read_text())


def test_a_rollout_is_changed_and_nothing_else_of_the_improvement(released):
    before = manifest(released)
    assert before["rollout"]["hours"] == 0 and before["rollout"]["percent"] == 100
    assert before["rollout"]["urgent"] is False
    said = rollout(released, "--hours=48", "--percent=10").stdout
    assert f"{COMPONENT} 1.0-1 (a) spreads over 48 hours, to no more than 10 %" in said
    after = manifest(released)
    assert after["rollout"] == {**before["rollout"], "hours": 48, "percent": 10}
    assert {**after, "rollout": None} == {**before, "rollout": None}
    rollout(released, "--percent=100")
    assert manifest(released)["rollout"] == {**before["rollout"], "hours": 48}
    run(BUILD / "suture-publish", "verify", f"--repository={released.repository}")


def test_who_has_the_improvement_has_nothing_to_do(device, released):
    device.suture("install")
    rollout(released, "--percent=0")
    assert "Nothing to do" in device.suture("install").stdout
    assert device.active() == {COMPONENT: "a"}


def test_urgent_overrules_hours_and_percent_until_it_is_taken_back(released):
    rollout(released, "--hours=48")
    assert "at once: it is urgent" in rollout(released, "--urgent=yes").stdout
    assert_fails(rollout(released, "--percent=0", check=False), "--urgent=no")
    assert manifest(released)["rollout"]["percent"] == 100
    said = rollout(released, "--urgent=no", "--percent=0").stdout
    assert "goes to nobody" in said
    assert {key: value for key, value in manifest(released)["rollout"].items() if key != "start"} == {
        "hours": 48, "percent": 0, "urgent": False}


@pytest.mark.parametrize("arguments, words, code", [
    (["--percent=101"], ["--percent", "between 0 and 100"], 1),
    (["--hours=2161"], ["--hours", "between 0 and 2160"], 1),
    (["--urgent=perhaps"], ["--urgent", "neither yes nor no"], 1),
    ([], ["--hours=, --percent= or --urgent="], 2),
])
def test_what_makes_no_sense_is_refused(released, arguments, words, code):
    before = manifest(released)
    assert_fails(rollout(released, *arguments, check=False), *words, code=code)
    assert manifest(released) == before


def test_each_letter_but_a_withdrawn_one_has_its_rollout(released, packages):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    rollout(released, "--percent=50")
    assert (manifest(released)["rollout"]["percent"], manifest(released, "b")["rollout"]["percent"]) == (50, 100)
    released.run("withdraw", COMPONENT, "b", f"--repository={released.repository}", f"--keys={released.keys}")
    assert_fails(rollout(released, "--percent=0", letter="b", check=False), "withdrawn")
    rollout(released, "--percent=0")
    assert manifest(released)["rollout"]["percent"] == 0


def test_a_release_says_its_rollout(publisher, packages):
    said = publisher.release(packages["1.0-1"], packages["1.0-1+fix1"], "--rollout-hours=24", "--rollout-percent=5").stdout
    assert "spreads over 24 hours, to no more than 5 %" in said
    assert manifest(publisher)["rollout"]["percent"] == 5
    publisher.release(packages["1.0-1"], packages["1.0-1+fix2"], "--urgent")
    assert manifest(publisher, "b")["rollout"]["urgent"] is True
