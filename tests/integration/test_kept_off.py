# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people took off stays off until there is a newer letter or they ask for it, and they hear what is open because of
that. What the publisher withdraws goes by itself."""
import json

import pytest

from conftest import COMPONENT, Device, Server
from whole import which

B_ADVISORY = "--advisory=CVE-2026-0002=names that end alike"


def release_b(released, packages):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"], B_ADVISORY)


def withdraw(released, letter):
    released.run("withdraw", COMPONENT, letter, f"--repository={released.repository}", f"--keys={released.keys}")


def ids(advisories):
    return [advisory["id"] for advisory in advisories]


@pytest.fixture
def removed(device):
    device.suture("install")
    device.suture("remove", COMPONENT)
    return device


def test_what_was_removed_stays_off_and_check_and_status_say_so(removed, systems):
    for _ in range(2):
        plan = removed.report("install")
        assert plan["changes"] == []
        assert [(item["component"], item["letter"]) for item in plan["kept_off"]] == [(COMPONENT, "a")]
        assert ids(plan["kept_off"][0]["advisories"]) == ["CVE-2026-0001"]
        assert which(removed.root, systems) == "base"
    for command in ("check", "install", "status"):
        said = removed.suture(command).stdout
        assert f"{COMPONENT} (a) on 1.0-1" in said and f"suture install {COMPONENT}" in said, said
    status = removed.report("status")
    assert status["verdict"] == "base"
    assert status["kept_off"] == [{"component": COMPONENT, "letter": "a", "base_version": "1.0-1"}]


def test_what_was_removed_comes_back_when_it_is_asked_for_and_is_kept_then(removed, systems):
    removed.suture("check", COMPONENT)
    assert removed.report("status")["kept_off"] != [], "to ask is not to install"
    removed.suture("install", COMPONENT)
    assert which(removed.root, systems) == "a"
    assert removed.report("status")["kept_off"] == []
    removed.suture("install")
    assert which(removed.root, systems) == "a"


def test_a_newer_letter_comes_by_itself(removed, released, packages, systems):
    release_b(released, packages)
    removed.suture("install")
    assert which(removed.root, systems) == "b"
    assert removed.report("status")["kept_off"] == []


def test_the_removed_letter_does_not_come_back_in_place_of_a_withdrawn_newer_one(removed, released, packages, systems):
    release_b(released, packages)
    removed.suture("install")
    withdraw(released, "b")
    plan = removed.report("install")
    assert [(change["action"], change["from_letter"]) for change in plan["changes"]] == [("withdraw", "b")]
    assert [item["letter"] for item in plan["kept_off"]] == ["a"]
    assert which(removed.root, systems) == "base"


def test_a_removal_without_names_keeps_off_what_was_active(device, systems):
    device.suture("install")
    said = device.suture("remove").stdout
    assert "Off until there is a newer letter" in said
    device.suture("install")
    assert which(device.root, systems) == "base"


def test_a_dry_run_keeps_nothing_off(device, systems):
    device.suture("install")
    device.suture("remove", "--dry-run")
    assert device.report("status")["kept_off"] == []
    device.suture("install")
    assert which(device.root, systems) == "a"


def test_what_was_withdrawn_is_not_kept_off(device, released, systems):
    device.suture("install")
    withdraw(released, "a")
    check = device.report("check")
    assert [(change["action"], ids(change["open_again"])) for change in check["changes"]] == \
        [("withdraw", ["CVE-2026-0001"])]
    assert which(device.root, systems) == "a"
    device.suture("install")
    assert which(device.root, systems) == "base"
    assert device.report("status")["kept_off"] == []


def test_a_removal_tells_what_is_open_again_before_and_after(device):
    device.suture("install")
    dry = device.report("remove", "--dry-run")
    assert (dry["done"], ids(dry["changes"][0]["open_again"])) == (False, ["CVE-2026-0001"])
    said = device.suture("remove", "--dry-run").stdout
    assert "would be open again" in said and "CVE-2026-0001" in said
    done = device.report("remove")
    assert (done["done"], ids(done["changes"][0]["open_again"])) == (True, ["CVE-2026-0001"])
    device.suture("install", COMPONENT)
    said = device.suture("remove").stdout
    assert "    open again:" in said and "CVE-2026-0001" in said


def test_going_back_a_letter_tells_only_what_the_earlier_one_does_not_fix(device, released, packages, systems):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"], "--advisory=CVE-2026-0001=x", B_ADVISORY)
    device.suture("install")
    withdraw(released, "b")
    change, = device.report("check")["changes"]
    assert (change["letter"], ids(change["advisories"]), ids(change["open_again"])) == \
        ("a", ["CVE-2026-0001"], ["CVE-2026-0002"])
    said = device.suture("install").stdout
    assert "in place of (b)" in said and "open again" in said and "CVE-2026-0002" in said
    assert which(device.root, systems) == "a"


def test_why_something_went_is_right_also_when_the_next_run_finishes_it(directory, system, released, systems):
    """Cut between the swap and the commit: what was withdrawn must not be taken for what people removed."""
    server = Server(released.repository)
    device = Device(directory, server.url, released.root)
    device.suture("install")
    state = {path.name: path.read_bytes() for path in device.state.glob("*.json")}
    document = json.loads(state["state.json"])
    journal = {"format": "suture-journal-1", "state": "staged", "generation": 0, "transaction": 2,
               "started": document["active"][0]["installed"], "goal": [], "departures": {COMPONENT: "withdraw"}}
    for action, kept_off in (("withdraw", []), ("remove", [COMPONENT])):
        device.suture("remove")
        for name, content in state.items():
            (device.state / name).write_bytes(content)
        journal["departures"] = {COMPONENT: action}
        (device.state / "journal.json").write_text(json.dumps(journal))
        device.suture("check")
        assert [entry["action"] for entry in device.report("history")["entries"]] == ["install", action]
        assert [item["component"] for item in device.report("status")["kept_off"]] == kept_off
        device.suture("install", COMPONENT)
    assert which(device.root, systems) == "a"
    server.stop()
