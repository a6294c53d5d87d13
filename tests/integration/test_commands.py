# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people type: twice, wrongly, without permission, into closed pipes."""
import hashlib
import json
import os
import pathlib
import shutil
import tempfile

import pytest

from conftest import BUILD, COMPONENT, Device, as_nobody, assert_fails, run, unmount_all
from mirror import Mirror

COMMANDS = ["status", "check", "install", "remove", "repair", "exposed", "restart", "history", "show", "receipt", "metrics", "vex"]
PUBLISHER_COMMANDS = ["init", "release", "withdraw", "refresh", "verify", "serve"]


@pytest.fixture(scope="module")
def active(prepared):
    """A device with (a) active, for tests that only look."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="suture-test-", dir="/var/tmp"))
    path.chmod(0o755)
    run("cp", "-a", prepared / "system", prepared / "repository", path)
    mirror = Mirror(path / "repository")
    device = Device(path, mirror.url, path / "repository/metadata/1.root.json")
    device.suture("install")
    yield device
    mirror.stop()
    unmount_all(device.root)
    shutil.rmtree(path)


def fingerprint(device):
    """What an observer could notice: the state's files, what is mounted, the bytes that /usr shows."""
    files = {}
    for path in sorted(device.state.rglob("*")):
        if path.is_file():
            files[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    mounts = [line for line in open("/proc/self/mountinfo") if str(device.root) in line]
    return files, mounts, device.read()


def test_installing_twice_says_that_there_is_nothing_to_do(mirrored, libraries):
    result = mirrored.suture("install")
    assert result.stdout.startswith("Nothing to do")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    plan = mirrored.report("install")
    assert plan["changes"] == [] and plan["done"] is False
    assert len(mirrored.report("history")["entries"]) == 1


def test_removing_twice_says_that_there_is_nothing_to_remove(mirrored, libraries):
    assert "removed liborigin (a)" in mirrored.suture("remove").stdout
    mirrored.assert_shows(None, libraries["1.0-1"])
    assert mirrored.suture("remove").stdout.startswith("Nothing to remove")
    assert mirrored.suture("remove", COMPONENT).stdout.startswith("Nothing to remove")
    assert [entry["action"] for entry in mirrored.report("history")["entries"]] == ["install", "remove"]
    mirrored.suture("install", COMPONENT)
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_device_that_never_had_an_improvement_says_so(device, libraries):
    assert device.suture("status").stdout.startswith("No improvement is installed.")
    assert "Nothing was ever installed" in device.suture("history").stdout
    assert "Nothing is exposed" in device.suture("exposed").stdout
    assert not device.state.exists(), "looking makes no state"
    assert device.suture("remove").stdout.startswith("Nothing to remove")
    device.assert_shows(None, libraries["1.0-1"])


def test_an_unknown_component_is_named(active, libraries):
    assert_fails(active.suture("install", "libnone", check=False), 'no component "libnone"', "suture check")
    assert_fails(active.suture("check", "libnone", check=False), 'no component "libnone"')
    assert_fails(active.suture("remove", "libnone", check=False), '"libnone"', "suture status")
    assert_fails(active.suture("show", "libnone", check=False), '"libnone"', "suture status")
    assert_fails(active.suture("remove", COMPONENT, "libnone", check=False), '"libnone"')
    active.assert_shows("a", libraries["1.0-1+fix1"])


@pytest.mark.parametrize("arguments", [
    ["frobnicate"], ["status", "--frobnicate"], ["--frobnicate", "status"], ["status", "extra"], ["show"],
    ["show", "a", "b"], ["--root"], ["status", "--json=yes"], ["-x"], ["install", "-nq"], ["completion"],
    ["completion", "csh", "zsh"],
])
def test_wrong_usage_exits_with_2_and_points_to_the_help(arguments):
    assert_fails(run(BUILD / "suture", *arguments, check=False), '; see "suture ', '--help"', code=2)


def test_the_publishers_wrong_usage_exits_with_2():
    assert_fails(run(BUILD / "suture-publish", "frobnicate", check=False), "frobnicate", code=2)
    assert_fails(run(BUILD / "suture-publish", "release", "--bases", check=False), "--bases", code=2)
    assert_fails(run(BUILD / "suture-publish", "withdraw", "x", check=False), "withdraw needs", code=2)


def test_no_arguments_print_the_help():
    result = run(BUILD / "suture", check=False)
    assert result.returncode == 2 and result.stderr.startswith("Usage: suture")


@pytest.mark.parametrize("program, commands", [("suture", COMMANDS), ("suture-publish", PUBLISHER_COMMANDS)])
def test_every_command_has_help(program, commands):
    overview = run(BUILD / program, "--help").stdout
    for command in commands:
        assert f"\n  {command}" in overview
        text = run(BUILD / program, command, "--help").stdout
        assert text.startswith(f"Usage: {program} {command}") and max(map(len, text.splitlines())) < 120
    assert run(BUILD / program, "--version").stdout.startswith(f"{program} ")


def test_whoever_is_not_root_can_look_but_is_told_what_only_root_sees(active, suture_for_nobody):
    result = as_nobody(suture_for_nobody, active, "status", "--json")
    assert result.returncode == 0, result.stderr
    status = json.loads(result.stdout)
    assert status["verdict"] == "unknown" and status["improvements"][0]["letter"] == "a"
    assert "only root can see" in as_nobody(suture_for_nobody, active, "status").stdout
    assert as_nobody(suture_for_nobody, active, "history").returncode == 0
    assert as_nobody(suture_for_nobody, active, "show", COMPONENT).returncode == 0


@pytest.mark.parametrize("command", ["install", "check", "remove", "restart", "exposed"])
def test_whoever_is_not_root_is_told_to_be(active, libraries, suture_for_nobody, command):
    assert_fails(as_nobody(suture_for_nobody, active, command), "run it as root")
    active.assert_shows("a", libraries["1.0-1+fix1"])


def test_dry_runs_change_nothing(mirrored, released, packages, libraries):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    mirrored.suture("check")
    mirrored.suture("remove", "--dry-run")
    state = (mirrored.state / "state.json").read_text()
    before = fingerprint(mirrored)
    result = mirrored.suture("install", "--dry-run")
    assert "install   liborigin (b)" in result.stdout and "Nothing was changed" in result.stdout
    assert "would be open again" in mirrored.suture("remove", "--dry-run").stdout
    assert "install   liborigin (b)" in mirrored.suture("check").stdout
    # When the repository was last asked is the one thing that a check notes; the lock names its last holder.
    after = fingerprint(mirrored)
    changed = {name for name in before[0] | after[0] if before[0].get(name) != after[0].get(name)}
    assert changed <= {str(mirrored.state / name) for name in ("state.json", "lock")}
    new, old = json.loads((mirrored.state / "state.json").read_text()), json.loads(state)
    assert {key for key in new if new[key] != old.get(key)} <= {"checked", "expires"}
    assert after[1:] == before[1:]
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_check_on_a_new_device_mounts_nothing(device, libraries):
    plan = device.report("check")
    assert [(change["action"], change["letter"]) for change in plan["changes"]] == [("install", "a")]
    assert not list((device.state / "images").iterdir())
    assert not any(str(device.root) in line for line in open("/proc/self/mountinfo"))
    device.assert_shows(None, libraries["1.0-1"])


@pytest.mark.parametrize("arguments, schema", [
    (["status"], "suture-status-1"), (["exposed"], "suture-exposed-1"), (["check"], "suture-plan-1"),
    (["install"], "suture-plan-1"), (["remove", "--dry-run"], "suture-plan-1"), (["restart"], "suture-restart-1"),
    (["history"], "suture-history-1"), (["show", COMPONENT], "suture-show-1"),
])
def test_json_is_one_document_of_the_documented_format_and_nothing_else(active, arguments, schema):
    result = active.suture(*arguments, "--json")
    assert json.loads(result.stdout)["format"] == schema
    assert result.stderr == ""


def test_status_reports_every_documented_field(active):
    status = active.report("status")
    assert {"format", "verdict", "root", "os", "generation", "integrity", "integrity_wanted", "settings",
            "integrity_met", "improvements", "kept_off", "quarantined",
            "exposed", "repository", "checked", "metadata_expires", "stale", "expires_soon"} == set(status)
    assert status["verdict"] in ("protected", "exposed") and status["generation"] >= 1 and status["stale"] is False
    assert status["os"] == {"id": "examplix", "version_id": "7", "architecture": os.uname().machine}
    assert {"title", "component", "letter", "base_version", "fixed_version", "released", "installed", "files",
            "image_size", "proven", "corrupt", "integrity", "ledger", "advisories"} == set(status["improvements"][0])
    assert status["improvements"][0]["advisories"] == [
        {"id": "CVE-2026-0001", "severity": "unknown", "summary": "names that only begin alike"}]


@pytest.mark.parametrize("name", [COMPONENT, f"{COMPONENT} (a)", f"{COMPONENT} a", "CVE-2026-0001", "cve-2026-0001"])
def test_show_finds_an_improvement_by_component_letter_or_advisory(active, name):
    text = active.suture("show", name).stdout
    assert "liborigin" in text and "CVE-2026-0001" in text and "replaces usr/lib/" in text
    changes = active.report("show", name)["improvements"][0]["changes"]
    assert any(change["type"] == "file" and not change["new"] for change in changes)


@pytest.mark.parametrize("name", ["CVE-2026-9999", f"{COMPONENT} (b)", f"{COMPONENT}x", "lib", ""])
def test_show_says_when_nothing_is_called_so(active, name):
    assert_fails(active.suture("show", name, check=False), "nothing active here is called")


def test_history_tells_what_happened_in_order(active):
    entries = active.report("history")["entries"]
    assert [(entry["action"], entry["letter"]) for entry in entries] == [("install", "a")]
    assert "install" in active.suture("history").stdout


def test_a_closed_output_is_a_failure_and_no_crash(active):
    command = " ".join(f"'{word}'" for word in active.command("status"))
    closed = run("sh", "-c", f"{command} >&-", check=False)
    assert_fails(closed, "cannot write the output")
    piped = run("bash", "-c", f"{command} --json | true; exit ${{PIPESTATUS[0]}}", check=False)
    assert piped.returncode in (0, 1) and "Sanitizer" not in piped.stderr
    full = run("sh", "-c", f"{command} >/dev/full", check=False)
    assert_fails(full, "cannot write the output")
    nothing = run("sh", "-c", f"{command} <&- >&- 2>&-", check=False)
    assert nothing.returncode == 1


def test_an_install_into_a_closed_output_loses_the_report_and_not_the_improvement(device, libraries):
    command = " ".join(f"'{word}'" for word in device.command("install"))
    assert_fails(run("sh", "-c", f"{command} >&-", check=False), "cannot write the output")
    device.assert_shows("a", libraries["1.0-1+fix1"])


def test_a_root_that_is_not_there_is_named(active):
    assert_fails(run(BUILD / "suture", "--root=/nowhere", "status", check=False), "/nowhere")
    assert_fails(run(BUILD / "suture", "--root=/etc/passwd", "status", check=False), "/etc/passwd")


def test_a_misspelt_setting_is_refused_with_file_and_line(device):
    (device.root / "etc/suture").mkdir()
    (device.root / "etc/suture/suture.conf").write_text("[Suture]\nRepositry=http://127.0.0.1/\n")
    assert_fails(device.suture("status", check=False), "etc/suture/suture.conf:2", "Repositry")


def test_terminal_codes_from_a_repository_are_not_passed_on(device, released, packages):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"], "--advisory", "CVE-2026-0002=a\x1b[31mred\x07",
                     check=False)
    output = device.suture("install").stdout + device.suture("show", COMPONENT).stdout
    assert "\x1b" not in output and "\x07" not in output
