# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens between the steps: the base moves while a download runs, and files of the state are damaged."""
import hashlib
import json
import os

import pytest

from conftest import COMPONENT, LIBRARY, assert_fails, run, unmount_all
from metadata import Metadata
from packaging import Item, make_deb, unpack_items

NEWER = b"a newer library of the base"


@pytest.fixture
def thing(mirrored, released, directory):
    """A second component, active beside the first."""
    old, new = [Item("./usr/lib/thing", b"old\n")], [Item("./usr/lib/thing", b"new\n")]
    unmount_all(mirrored.root)
    unpack_items(old, mirrored.root)
    released.release(make_deb(directory / "old.deb", "1", old), make_deb(directory / "new.deb", "2", new),
                     component="thing")
    mirrored.suture("install")
    assert mirrored.active() == {COMPONENT: "a", "thing": "a"}
    return mirrored


def test_a_base_that_changes_during_the_download_is_not_covered(mirrored, mirror, released, directory):
    """A few bytes that resemble nothing: the whole image travels, and the base is not read to rebuild it."""
    old, new = [Item("./usr/lib/few", os.urandom(8))], [Item("./usr/lib/few", os.urandom(8))]
    unmount_all(mirrored.root)
    unpack_items(old, mirrored.root)
    released.release(make_deb(directory / "old.deb", "1", old), make_deb(directory / "new.deb", "2", new),
                     component="few")

    def update_the_base(body):
        (mirrored.root / "usr/lib/few").write_bytes(NEWER)
        return body

    mirror.alter(r"\.image\.zst$", update_the_base)
    assert_fails(mirrored.suture("install", check=False), "usr/lib/few", "run the command again")
    assert mirrored.read("usr/lib/few") == NEWER
    mirror.be_honest()
    mirrored.suture("install")
    assert mirrored.active() == {COMPONENT: "a"} and mirrored.read("usr/lib/few") == NEWER


def test_removing_one_component_does_not_cover_what_is_newer_in_the_base_of_another(thing):
    """After a restart of the machine nothing is active, and the package manager has replaced a library."""
    unmount_all(thing.root)
    (thing.root / LIBRARY).write_bytes(NEWER)
    plan = thing.report("remove", "thing")
    assert {change["component"]: change["action"] for change in plan["changes"]} == \
        {COMPONENT: "retire", "thing": "remove"}
    assert thing.read() == NEWER
    assert thing.report("status")["verdict"] == "base"


@pytest.mark.parametrize("damaged", ["manifests", "state.json"])
def test_what_is_damaged_in_the_state_can_be_removed_and_installed_again(mirrored, libraries, damaged):
    path = mirrored.state / damaged
    path = path if path.is_file() else path / (json.loads((mirrored.state / "state.json").read_text())
                                               ["active"][0]["manifest"] + ".json")
    path.write_bytes(path.read_bytes()[:-9])
    for command in ("status", "install"):
        assert_fails(mirrored.suture(command, check=False), path.name, '"suture remove"')
    mirrored.suture("remove")
    mirrored.assert_shows(None, libraries["1.0-1"])
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_state_that_is_damaged_besides_is_made_up_from_the_journal_when_usr_shows_its_goal(mirrored, libraries):
    document = json.loads((mirrored.state / "state.json").read_text())
    (mirrored.state / "journal.json").write_text(json.dumps({
        "format": "suture-journal-1", "state": "activated", "generation": 1, "transaction": 1, "departures": {},
        "started": document["active"][0]["installed"], "goal": document["active"]}))
    (mirrored.state / "state.json").write_text("{")
    assert "state.json" in mirrored.suture("install").stderr
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    assert not (mirrored.state / "journal.json").exists()
    mirrored.suture("remove")
    mirrored.assert_shows(None, libraries["1.0-1"])


@pytest.mark.parametrize("text", ["{", '{"format": "suture-history-1"}'], ids=["cut", "without entries"])
def test_a_damaged_history_is_kept_aside_and_holds_nothing_up(mirrored, libraries, text):
    history = mirrored.state / "history.json"
    history.write_text(text)
    assert "history.json" in mirrored.suture("remove", "libnever").stderr
    assert history.read_text() == text
    for image in (mirrored.state / "images").glob("*.erofs"):
        image.unlink()
    assert "history.json.damaged" in mirrored.suture("repair").stderr
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    assert [entry["action"] for entry in mirrored.report("history")["entries"]] == ["repair"]
    assert (mirrored.state / "history.json.damaged").read_text() == text
    assert mirrored.suture("remove").stderr == ""
    assert [entry["action"] for entry in mirrored.report("history")["entries"]] == ["repair", "remove"]


@pytest.mark.parametrize("command", ["install", "remove"])
def test_a_generation_that_the_state_does_not_know_is_taken_over_or_off(mirrored, libraries, command):
    """The state directory was emptied, or brought back from a backup, while an improvement was active."""
    for name in ("state.json", "history.json"):
        (mirrored.state / name).unlink()
    assert mirrored.report("status")["verdict"] == "interrupted"
    mirrored.suture(command)
    if command == "install":
        mirrored.assert_shows("a", libraries["1.0-1+fix1"])
        assert mirrored.report("status")["generation"] > 1
    else:
        mirrored.assert_shows(None, libraries["1.0-1"])
        assert mirrored.report("status")["verdict"] == "base"


def test_a_clock_that_was_set_back_stops_nothing(mirrored, released, packages, libraries):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    for command, letter, library in (("install", "b", "1.0-1+fix2"), ("remove", None, "1.0-1")):
        run("faketime", "-f", "-400d", *mirrored.command(command), env={**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0"})
        mirrored.assert_shows(letter, libraries[library])
    entries = mirrored.report("history")["entries"]
    assert [entry["transaction"] for entry in entries] == [1, 2, 3]
    assert entries[0]["time"] > entries[1]["time"]


def test_a_state_of_a_newer_version_is_left_alone(mirrored, libraries):
    path = mirrored.state / "state.json"
    newer = path.read_text().replace("suture-state-1", "suture-state-2")
    path.write_text(newer)
    for command in ("status", "check", "install", "remove"):
        assert_fails(mirrored.suture(command, check=False), "state.json", "suture-state-2", "does not know")
    assert path.read_text() == newer
    assert mirrored.read() == libraries["1.0-1+fix1"]


def test_a_damaged_journal_and_history_stop_nothing(mirrored, libraries):
    for name in ("journal.json", "history.json"):
        (mirrored.state / name).write_text("{")
    assert "journal.json" in mirrored.suture("remove").stderr
    mirrored.assert_shows(None, libraries["1.0-1"])


def test_a_commit_that_failed_leaves_no_entry_in_place_of_the_next(thing):
    """Its number is given again."""
    history = thing.state / "history.json"
    document = json.loads(history.read_text())
    number = json.loads((thing.state / "state.json").read_text())["transactions"] + 1
    document["entries"].append({**document["entries"][-1], "transaction": number, "component": "never"})
    history.write_text(json.dumps(document))
    thing.suture("remove", "thing")
    entries = [entry for entry in thing.report("history")["entries"] if entry["transaction"] == number]
    assert [(entry["component"], entry["action"]) for entry in entries] == [("thing", "remove")]


def test_history_stays_readable_however_long_its_entries_are(mirrored):
    history = mirrored.state / "history.json"
    document = json.loads(history.read_text())
    summary = {"id": "CVE-2026-0001", "severity": "high", "summary": "x" * 1000}
    entry = {**document["entries"][-1], "transaction": 0, "advisories": [summary] * 800}
    document["entries"] = [entry] * 18 + document["entries"]
    history.write_text(json.dumps(document))
    assert history.stat().st_size < 16 * 1024 * 1024
    mirrored.suture("remove")
    assert history.stat().st_size < 5 * 1024 * 1024
    assert mirrored.report("history")["entries"][-1]["action"] == "remove"


def test_a_strict_umask_hides_nothing_from_people(mirrored, directory):
    mirrored.state = directory / "fresh"
    mirrored.suture("check", umask=0o077)
    modes = {path: path.stat().st_mode & 0o777 for path in [mirrored.state, *mirrored.state.rglob("*")]}
    # Who could open the lock could hold it; and the device's place in rollouts is nobody's business.
    assert modes.pop(mirrored.state / "lock") == modes.pop(mirrored.state / "secret") == 0o600
    assert all(mode == (0o755 if path.is_dir() else 0o644) for path, mode in modes.items())


def test_a_manifest_of_a_newer_format_keeps_no_other_fix_away(mirrored, released, packages, libraries):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    metadata = Metadata(released.repository, released.keys)
    targets = metadata.content("targets")["targets"]
    path = next(path for path in targets if path.endswith("manifest.json")).replace(f"/{COMPONENT}/", "/newer/")
    content = b'{"format": "suture-manifest-9"}'
    digest = hashlib.sha256(content).hexdigest()
    place = released.repository / "targets" / path.replace("manifest.json", f"{digest}.manifest.json")
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    metadata.follow("targets", targets={**targets, path: {"length": len(content), "hashes": {"sha256": digest}}})
    assert_fails(mirrored.suture("install", "newer", check=False), path, "suture-manifest-9")
    assert path in mirrored.suture("install").stderr
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])
