# SPDX-License-Identifier: LGPL-2.1-or-later
"""Settings: whose word holds, and what "suture settings" makes of it. The policy: it cannot be got round by people, holds back
what it pins, and forbids everything when it cannot be understood."""
import json
import os
import re
import subprocess

import pytest

from conftest import COMPONENT, ROOT, assert_fails, run
from whole import which

VENDOR = "usr/lib/suture/suture.conf"
ADMINISTRATOR = "etc/suture/suture.conf"
DROP_IN = "etc/suture/suture.conf.d/50-fleet.conf"
CHOSEN = "etc/suture/settings.conf"
VENDOR_POLICY = "usr/lib/suture/policy.d/50-vendor.conf"
POLICY = "etc/suture/policy.d/50-fleet.conf"


def put(device, name, *lines):
    path = device.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))
    return path


def setting(device, key):
    item, = device.report("settings", key)["settings"]
    return item


def value(device, key):
    return setting(device, key).get("value")


def whose(device, key):
    item = setting(device, key)
    return item["value"], item["source"], item.get("file")


def refused(device, *arguments):
    return device.suture(*arguments, check=False)


# Whose word holds


def test_the_later_word_holds_and_is_named(device):
    assert whose(device, "DeferDays") == (0, "default", None)
    put(device, VENDOR, "[Automatic]", "DeferDays=1")
    assert whose(device, "DeferDays") == (1, "vendor", f"/{VENDOR}")
    put(device, ADMINISTRATOR, "[Automatic]", "", "DeferDays=2")
    assert whose(device, "DeferDays") == (2, "administrator", f"/{ADMINISTRATOR}")
    assert setting(device, "DeferDays")["line"] == 3
    put(device, DROP_IN, "[Automatic]", "DeferDays=3")
    put(device, "etc/suture/suture.conf.d/10-early.conf", "[Automatic]", "DeferDays=9")
    assert whose(device, "DeferDays") == (3, "administrator", f"/{DROP_IN}")
    put(device, "etc/suture/suture.conf.d/99-last.conf", "[Automatic]", "DeferDays=4")
    device.suture("settings", "DeferDays=5")
    assert whose(device, "DeferDays") == (5, "settings", f"/{CHOSEN}")
    put(device, VENDOR_POLICY, "[Automatic]", "DeferDays=6")
    assert whose(device, "DeferDays") == (6, "policy", f"/{VENDOR_POLICY}")
    put(device, "etc/suture/policy.d/10-early.conf", "[Automatic]", "DeferDays=7")
    assert whose(device, "DeferDays") == (7, "policy", "/etc/suture/policy.d/10-early.conf")
    put(device, POLICY, "[Automatic]", "DeferDays=8")
    assert whose(device, "DeferDays") == (8, "policy", f"/{POLICY}")
    assert setting(device, "DeferDays")["locked"]


def test_an_empty_value_forgets_what_was_said_before(device):
    put(device, VENDOR, "[Automatic]", "DeferDays=1", "Window=02:00-05:00")
    put(device, ADMINISTRATOR, "[Automatic]", "DeferDays=", "Window=")
    assert whose(device, "DeferDays") == (0, "default", None)
    assert value(device, "Window") == "any"
    put(device, POLICY, "[Automatic]", "DeferDays=6")
    put(device, "etc/suture/policy.d/60-late.conf", "[Automatic]", "DeferDays=")
    assert whose(device, "DeferDays") == (0, "default", None)


def test_masks_undo_a_file(device):
    put(device, DROP_IN, "[Automatic]", "Install=no").unlink()
    (device.root / DROP_IN).symlink_to("/dev/null")
    put(device, VENDOR_POLICY, "[Policy]", "Removal=no")
    assert value(device, "Removal") is False
    mask = put(device, VENDOR_POLICY.replace("usr/lib", "etc"))
    assert value(device, "Removal") is True, "a file takes the place of the vendor's of its name"
    mask.unlink()
    mask.symlink_to("/dev/null")
    assert value(device, "Removal") is True
    assert "policy_problem" not in device.report("settings")
    mask.unlink()
    assert value(device, "Removal") is False


@pytest.mark.parametrize("lines, words", [
    (["[Automatic]", "DeferDays=31"], f"{ADMINISTRATOR}:2: DeferDays: 31 is not between 0 and 30"),
    (["[Automatic]", "Install=perhaps"], ":2: Install: \"perhaps\" is not yes or no"),
    (["[Automatic]", "Metered=sometimes"], ":2: Metered: \"sometimes\" is not never, urgent or always"),
    (["[Automatic]", "Window=02:00"], ":2: Window: "),
    (["[Suture]", "Install=yes"], ":2: Install= belongs into the section [Automatic]"),
    (["[Automatic]", "install=yes"], ":2: unknown key \"install\"; there is Install="),
    (["[Policy]", "Removal=no"], ":1: [Policy] belongs into /etc/suture/policy.d"),
    (["[Automatic]", "\0DeferDays=31"], "zero byte"),
])
def test_what_is_no_setting_is_refused_with_file_and_line(device, lines, words):
    put(device, ADMINISTRATOR, *lines)
    assert_fails(refused(device, "status"), words)


# suture settings KEY=VALUE


def test_a_value_is_set_and_taken_back_and_the_others_stay(device):
    put(device, ADMINISTRATOR, "[Automatic]", "Battery=20")
    said = device.suture("settings", "Battery=30").stdout
    assert "30" in said and f"/{CHOSEN}" in said, said
    device.suture("settings", "Window=Mon..Fri 02:00-05:00, Sat,Sun 00:00-24:00")
    device.suture("settings", "Integrity=any")
    assert [value(device, key) for key in ("Battery", "Window", "Integrity")] == \
        [30, "Mon..Fri 02:00-05:00, Sat,Sun 00:00-24:00", "any"]
    device.suture("settings", "Battery=")
    assert whose(device, "Battery") == (20, "administrator", f"/{ADMINISTRATOR}")
    assert value(device, "Window").startswith("Mon..Fri")
    device.suture("settings", "Window=")
    device.suture("settings", "Integrity=")
    assert not (device.root / CHOSEN).exists()


@pytest.mark.parametrize("assignment, words", [
    ("Battery=101", "Battery: 101 is not between 0 and 100"),
    ("Window=Mon", "Window: "),
    ("Nothing=1", "unknown key \"Nothing\""),
    ("=1", "unknown key \"\""),
    ("Pin=a b", "/etc/suture/policy.d"),
    ("Removal=no", "/etc/suture/policy.d"),
    ("Repository=ftp://x", "does not begin with https://"),
    ("Repository=https://me:secret@x/", "a password is not for everybody's eyes"),
    ("State=/x\n[Automatic]\nInstall=no", "no control characters"),
    ("State=/x ", "neither begins nor ends with a blank"),
])
def test_what_is_no_value_is_refused_and_nothing_written(device, assignment, words):
    device.suture("settings", "Restart=yes")
    before = (device.root / CHOSEN).read_bytes()
    assert_fails(refused(device, "settings", assignment), words)
    assert (device.root / CHOSEN).read_bytes() == before


def test_what_the_policy_sets_cannot_be_changed_by_anything_else(device):
    put(device, POLICY, "[Automatic]", "Install=yes")
    put(device, DROP_IN, "[Automatic]", "Install=no")
    assert whose(device, "Install") == (True, "policy", f"/{POLICY}")
    assert_fails(refused(device, "settings", "Install=no"), "Install=yes is the policy here", f"/{POLICY}:2")
    assert not (device.root / CHOSEN).exists()
    assert whose(device, "Repository") == (device.url, "command-line", None)
    put(device, POLICY, "[Suture]", "Repository=http://policy.example")
    assert_fails(refused(device, "status"), "Repository=http://policy.example is the policy here", f"/{POLICY}:2")


def test_many_at_once_lose_nothing(device):
    keys = ["Install=no", "Restart=yes", "Window=01:00-02:00", "DeferDays=3", "Metered=always", "Battery=40", "BatterySaver=urgent"]
    for _ in range(3):
        running = [subprocess.Popen(list(map(str, device.command("settings", key))), stdout=subprocess.DEVNULL) for key in keys]
        assert [process.wait() for process in running] == [0] * len(keys)
        assert (device.root / CHOSEN).read_text().splitlines()[1:] == ["[Automatic]", *keys]
        (device.root / CHOSEN).unlink()


def test_a_read_only_etc_is_told_and_changes_nothing(device):
    etc = device.root / "etc"
    run("mount", "--bind", etc, etc)
    run("mount", "-o", "remount,bind,ro", etc)
    try:
        assert_fails(refused(device, "settings", "Install=no"), "Read-only file system")
        assert value(device, "Install") is True
    finally:
        run("umount", etc)


def test_a_symlink_does_not_lead_out_of_the_root(device, directory):
    outside = directory / "outside"
    outside.mkdir()
    (outside / "policy.d").mkdir()
    (outside / "policy.d/x.conf").write_text("[Policy]\nRemoval=no\n")
    (outside / "settings.conf").write_text("[Automatic]\nInstall=no\n")
    (device.root / "etc/suture").symlink_to(outside)
    assert value(device, "Removal") is True
    assert value(device, "Install") is True
    assert_fails(refused(device, "settings", "Battery=50"), "etc/suture")
    assert sorted(path.name for path in outside.iterdir()) == ["policy.d", "settings.conf"]
    assert "Battery" not in (outside / "settings.conf").read_text()


def test_settings_are_kept_where_a_symlink_leads_within_the_root(device):
    (device.root / "srv/suture").mkdir()
    (device.root / "etc/suture").symlink_to("/srv/suture")
    device.suture("settings", "Battery=50")
    assert (device.root / "srv/suture/settings.conf").exists()
    assert value(device, "Battery") == 50


def test_an_ordinary_user_may_look_and_not_change(device):
    put(device, POLICY, "[Policy]", "Removal=no")
    device.suture("settings", "Battery=50")
    for path in (device.root.parent, device.root):
        path.chmod(0o755)
    as_user = {"user": 65534, "group": 65534, "extra_groups": []}
    report = json.loads(device.suture("settings", "--json", **as_user).stdout)
    assert {item["key"]: item.get("value") for item in report["settings"]}["Removal"] is False
    assert_fails(device.suture("settings", "Battery=60", check=False, **as_user), "run it as root")
    assert value(device, "Battery") == 50


def test_the_status_shows_the_settings(device):
    device.suture("settings", "Window=Sun 02:00-05:00")
    put(device, POLICY, "[Policy]", "ManualInstall=no", f"Pin={COMPONENT} base")
    settings = device.report("status")["settings"]
    assert (settings["Install"], settings["Restart"], settings["Window"]) == (True, False, "Sun 02:00-05:00")
    assert settings["Pin"] == [{"component": COMPONENT, "letter": "base", "file": f"/{POLICY}", "line": 3}]
    said = device.suture("status").stdout
    assert "automatic   install on, restart of services off, Sun 02:00-05:00" in said
    assert "may not be installed by people" in said and f"nothing for {COMPONENT} beyond the base" in said


def test_the_documentation_has_every_key_with_its_default(device):
    page = (ROOT / "docs/configuration.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)=` \|.*\| ([^|]*) \|$", page[:page.index("## The publisher's")], re.MULTILINE))
    items = device.report("settings")["settings"]
    assert sorted(rows) == sorted(item["key"] for item in items)
    for item in items:
        assert "default" not in item or f"`{item['default']}`" in rows[item["key"]], item["key"]


def test_the_manual_has_every_key_with_its_default_in_its_section(device):
    page = (ROOT / "man/suture.conf.5").read_text()
    sections = dict(re.findall(r"^\.Sh \[(\w+)\] SECTION\n(.*?)^\.El$", page, re.MULTILINE | re.DOTALL))
    found = [(section, key, text) for section, body in sections.items()
             for key, text in re.findall(r"^\.It Li (\w+)=\n(.*?)(?=^\.It Li \w+=|\Z)", body, re.MULTILINE | re.DOTALL)]
    items = device.report("settings")["settings"]
    assert [(section, key) for section, key, _ in found] == [(item["section"].upper(), item["key"]) for item in items]
    for item, (_, _, text) in zip(items, found):
        assert "default" not in item or re.search(rf"\.Li {item['default']}\b", text), item["key"]


# What the policy forbids


def test_people_may_not_remove_but_the_publisher_may_withdraw(device, released, systems):
    device.suture("install")
    put(device, POLICY, "[Policy]", "Removal=no")
    for arguments in (["remove"], ["remove", COMPONENT], ["remove", "--dry-run"]):
        assert_fails(refused(device, *arguments), "may not be removed here", f"/{POLICY}")
    assert which(device.root, systems) == "a"
    released.run("withdraw", COMPONENT, "a", f"--repository={released.repository}", f"--keys={released.keys}")
    device.suture("install")
    assert which(device.root, systems) == "base"


def test_people_may_not_install_but_look(device, systems):
    put(device, POLICY, "[Policy]", "ManualInstall=no")
    for arguments in (["install"], ["install", COMPONENT]):
        assert_fails(refused(device, *arguments), "are not installed by hand here", f"/{POLICY}")
    assert [change["letter"] for change in device.report("check")["changes"]] == ["a"]
    assert which(device.root, systems) == "base"


def test_what_the_base_leaves_behind_retires_whatever_the_policy_forbids(device, packages):
    device.suture("install")
    put(device, POLICY, "[Policy]", "Removal=no", "ManualInstall=no")
    device.suture("suspend")
    library = device.root / "usr/lib/liborigin.so.1"
    library.write_bytes(library.read_bytes() + b"newer")
    device.suture("resume")
    assert device.active() == {}


# Pins


@pytest.fixture
def three(released, packages, device):
    """A repository with the letters (a), (b) and (c), and a device on it."""
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    released.release(packages["1.0-1"], packages["1.0-1+fix1"], "--advisory=CVE-2026-0003=the third")
    return device


def held(report):
    return [(item["letter"], item["reason"]) for item in report["held_back"]]


@pytest.mark.parametrize("letter", ["a", "(b)", "c", "z"])
def test_a_pin_lets_no_later_letter_be_installed(three, letter):
    put(three, POLICY, "[Policy]", f"Pin={COMPONENT} {letter}", "Pin=another base")
    plain = min(letter.strip("()"), "c")
    expected = [("c", f"pinned at ({plain}) by /{POLICY}")] if plain < "c" else []
    check = three.report("check")
    assert [change["letter"] for change in check["changes"]] == [plain]
    assert held(check) == expected
    three.suture("install", COMPONENT)
    assert three.active() == {COMPONENT: plain}
    for command in ("check", "install"):
        said = three.suture(command).stdout
        assert (f"held back {COMPONENT} (c) on 1.0-1: pinned at ({plain}) by /{POLICY}" in said) == (expected != []), said
    show = three.report("show", COMPONENT)["improvements"][0]
    assert show["pinned"] == f"pinned at ({letter.strip('()')}) by /{POLICY}"
    assert f"pinned at ({letter.strip('()')})" in three.suture("show", COMPONENT).stdout


def test_a_pin_at_the_base_keeps_all_off_and_tells_who_asks(three, systems):
    put(three, POLICY, "[Policy]", f"Pin={COMPONENT} base")
    reason = f"pinned at the base by /{POLICY}"
    check = three.report("check")
    assert (check["changes"], held(check), check["not_for_this_system"]) == ([], [("c", reason)], [])
    three.suture("install")
    assert which(three.root, systems) == "base"
    assert_fails(refused(three, "install", COMPONENT), f"no improvement for {COMPONENT}: {reason}")
    assert_fails(refused(three, "show", COMPONENT), reason)


def test_a_pin_takes_no_later_letter_off(three):
    three.suture("install")
    put(three, POLICY, "[Policy]", f"Pin={COMPONENT} a")
    report = three.report("install")
    assert (report["changes"], held(report)) == ([], [])
    assert three.active() == {COMPONENT: "c"}
    put(three, POLICY, "[Policy]", f"Pin={COMPONENT} base")
    three.suture("install")
    assert three.active() == {COMPONENT: "c"}


def test_when_the_pinned_letter_is_withdrawn_the_one_before_comes(three, released):
    put(three, POLICY, "[Policy]", f"Pin={COMPONENT} b")
    three.suture("install")
    for letter, left in (("b", {COMPONENT: "a"}), ("a", {})):
        released.run("withdraw", COMPONENT, letter, f"--repository={released.repository}", f"--keys={released.keys}")
        report = three.report("install")
        assert three.active() == left
        assert [item["letter"] for item in report["held_back"]] == ["c"]
    released.run("withdraw", COMPONENT, "c", f"--repository={released.repository}", f"--keys={released.keys}")
    report = three.report("check")
    assert report["held_back"] == []
    assert "withdrawn" in report["not_for_this_system"][0]["reason"]


def test_the_later_pin_of_a_component_holds_and_an_empty_one_forgets_all(three):
    put(three, VENDOR_POLICY, "[Policy]", f"Pin={COMPONENT} base")
    put(three, POLICY, "[Policy]", f"Pin={COMPONENT} b")
    assert [change["letter"] for change in three.report("check")["changes"]] == ["b"]
    put(three, POLICY, "[Policy]", "Pin=")
    assert [change["letter"] for change in three.report("check")["changes"]] == ["c"]


# A policy that cannot be understood


def broken_line(device):
    put(device, POLICY, "[Policy]", "Removl=no", "[Automatic]", "Install=no")
    return f"{POLICY}:2: unknown key \"Removl\""


def broken_section(device):
    put(device, POLICY, "[Polcy]", "Removal=no", "[Automatic]", "Install=no")
    return f"{POLICY}:1: unknown section [Polcy]"


def broken_pin(device):
    put(device, POLICY, "[Policy]", f"Pin={COMPONENT}", "[Automatic]", "Install=no")
    return f"{POLICY}:2: \"{COMPONENT}\" is not COMPONENT LETTER"


def zero_byte(device):
    put(device, "etc/suture/policy.d/20-fine.conf", "[Automatic]", "Install=no")
    put(device, POLICY, "\0[Policy]", "Removal=no")
    return f"{POLICY} holds a zero byte"


def leads_nowhere(device):
    put(device, "etc/suture/policy.d/20-fine.conf", "[Automatic]", "Install=no")
    (device.root / POLICY).symlink_to("/nowhere")
    return f"{POLICY} leads nowhere"


def no_file(device):
    put(device, "etc/suture/policy.d/20-fine.conf", "[Automatic]", "Install=no")
    os.mkfifo(device.root / POLICY)
    return POLICY


def no_folder(device):
    put(device, CHOSEN, "[Automatic]", "Install=no")
    (device.root / "etc/suture/policy.d").write_text("")
    return "cannot list etc/suture/policy.d"


@pytest.mark.parametrize("damage", [broken_line, broken_section, broken_pin, zero_byte, leads_nowhere, no_file, no_folder])
def test_a_policy_that_cannot_be_understood_forbids_every_change_and_is_told(device, released, packages, systems, damage):
    device.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    words = damage(device)
    for arguments in (["install"], ["install", COMPONENT], ["check"], ["remove"], ["remove", COMPONENT], ["settings", "Battery=5"]):
        assert_fails(refused(device, *arguments), words, "until this policy is mended")
    assert which(device.root, systems) == "a"
    assert words in device.report("status")["policy_problem"]
    assert words in device.report("settings")["policy_problem"]
    assert words in device.suture("status").stdout and words in device.suture("settings").stdout
    assert value(device, "Install") is False, "what can be read of it is in force"
    device.suture("repair")
    device.suture("suspend")
    device.suture("resume")
    assert which(device.root, systems) == "a"
