# SPDX-License-Identifier: LGPL-2.1-or-later
"""The closure ledger: who was exposed, what closed that and since when nobody is, as real processes come and go; the
receipt, the metrics and the OpenVEX document that are made from it."""
import datetime
import json
import os
import re
import stat
import subprocess
import sys

import pytest
from prometheus_client import parser as prometheus
from prometheus_client.openmetrics import parser as openmetrics

from conftest import BUILD, COMPONENT, LIBRARY, as_nobody, assert_fails, run, unmount_all, unpack
from programs import make_sleeper
from test_integrity import pair, rot  # noqa: F401 (fixtures)

ADVISORY = "CVE-2026-0001"


def seconds(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def receipts(device):
    return device.report("receipt")["improvements"]


def receipt(device):
    """Of the only improvement that there ever was, with its only row."""
    entry, = receipts(device)
    row, = entry["exposed"]
    return entry, row


def ledger_of(device):
    return json.loads((device.state / "ledger.json").read_text())


@pytest.fixture
def ask_as_nobody(device, suture_for_nobody):
    """What somebody who is not root is told; the state is readable, and here so is the way to it."""
    def ask(*arguments):
        device.root.parent.chmod(0o755)
        result = as_nobody(suture_for_nobody, device, *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout
    return ask


def test_protected_at_once_when_nothing_was_exposed(device):
    device.suture("install")
    entry, = receipts(device)
    assert entry["verdict"] == "protected"
    assert entry["exposed"] == [] and entry["unlisted"] == 0
    assert seconds(entry["released"]) <= seconds(entry["fetched"]) <= seconds(entry["active"]) <= seconds(entry["protected"])
    assert entry["protected"] == entry["protected_first"]
    assert re.search(r"protected since .* after its release$", device.suture("status").stdout, re.MULTILINE)


def test_who_was_exposed_and_that_it_ended_is_on_the_receipt(device, programs):
    programs.server("one")
    programs.server("two")
    device.suture("install")
    entry, row = receipt(device)
    assert entry["verdict"] == "exposed" and "protected" not in entry
    assert (row["name"], row["uid"], row["kind"], row["count"], row["remaining"]) == ("origin-server", 0, "library", 2, 2)
    assert "protected since" not in device.suture("status").stdout

    process = programs.running.pop()
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    entry, row = receipt(device)
    assert entry["verdict"] == "exposed" and "closed" not in row
    assert (row["count"], row["ended"], row["remaining"]) == (2, 1, 1)

    programs.stop()
    device.suture("restart")
    entry, row = receipt(device)
    assert entry["verdict"] == "protected" and entry["reopened"] == 0
    assert (row["count"], row["ended"], row["left"], row["restarted"], row["remaining"]) == (2, 2, 0, 0, 0)
    assert row["closed"] == entry["protected"] == entry["protected_first"]
    text = device.suture("receipt", f"{COMPONENT} (a)").stdout
    assert "2 processes: 2 ended, the last" in text and ADVISORY in text


def test_a_process_that_lets_go_of_old_bytes_went_by_itself(device, programs):
    """It unloads the library and lives on: no other process got its number."""
    program = ("import ctypes, _ctypes, sys\nlibrary = ctypes.CDLL(sys.argv[1])\nprint('loaded', flush=True)\n"
               "sys.stdin.readline()\n_ctypes.dlclose(library._handle)\nprint('left', flush=True)\nsys.stdin.read()\n")
    process = programs.keep(subprocess.Popen([sys.executable, "-c", program, device.root / LIBRARY],
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    assert process.stdout.readline() == "loaded\n"
    device.suture("install")
    assert receipt(device)[1]["remaining"] == 1
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "left\n"
    entry, row = receipt(device)
    assert (row["left"], row["ended"], row["remaining"]) == (1, 0, 0)
    assert entry["verdict"] == "protected"


def test_who_is_exposed_again_reopens_the_entry(device, programs):
    """A descriptor of the base's file outlives the swap, harmless until it is mapped."""
    program = ("import ctypes, sys\nfile = open(sys.argv[1], 'rb')\nprint('open', flush=True)\nsys.stdin.readline()\n"
               "ctypes.CDLL(f'/proc/self/fd/{file.fileno()}')\nprint('mapped', flush=True)\nsys.stdin.read()\n")
    process = programs.keep(subprocess.Popen([sys.executable, "-c", program, device.root / LIBRARY],
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    assert process.stdout.readline() == "open\n"
    device.suture("install")
    before, = receipts(device)
    assert before["verdict"] == "protected"
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "mapped\n"
    entry, row = receipt(device)
    assert entry["verdict"] == "exposed" and entry["reopened"] == 1
    assert "protected" not in entry and entry["protected_first"] == before["protected_first"]
    assert row["count"] == row["remaining"] == 1
    programs.stop()
    entry, row = receipt(device)
    assert entry["verdict"] == "protected" and entry["reopened"] == 1 and row["ended"] == 1
    assert "exposed again one time since" in device.suture("status").stdout


def test_each_improvement_is_closed_by_itself(device, programs, directory, released):
    """What uses one component's old bytes keeps another from nothing, and a namespace is exposed only to what its
    generation has not got."""
    base, fixed = make_sleeper(directory, "1", b"1"), make_sleeper(directory, "2", b"2")
    unpack(base, device.root)
    programs.server("old")
    device.suture("install")
    programs.namespace()
    released.release(base, fixed, component="sleeper")
    device.suture("install")
    verdicts = {entry["component"]: entry["verdict"] for entry in receipts(device)}
    assert verdicts == {COMPONENT: "exposed", "sleeper": "exposed"}
    kinds = {entry["component"]: [row["kind"] for row in entry["exposed"]] for entry in receipts(device)}
    assert kinds == {COMPONENT: ["library"], "sleeper": ["namespace"]}
    components = {item["kind"]: item["components"] for item in device.report("exposed")["processes"]}
    assert components == {"library": [COMPONENT], "namespace": ["sleeper"]}


def test_a_later_letter_takes_the_entrys_place_and_has_its_own(device, programs, released, packages):
    programs.server("base")
    device.suture("install")
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    device.suture("install")
    first, second = receipts(device)
    assert (first["letter"], first["verdict"], first["reason"]) == ("a", "gone", "replace")
    assert first["exposed"][0]["remaining"] == 1 and "protected" not in first
    assert (second["letter"], second["verdict"]) == ("b", "exposed")
    programs.stop()
    first, second = receipts(device)
    assert first["exposed"][0]["remaining"] == 1
    assert second["verdict"] == "protected"


def test_what_is_removed_ends_its_entry_and_begins_another_when_it_is_back(device):
    device.suture("install")
    device.suture("remove")
    entry, = receipts(device)
    assert (entry["verdict"], entry["reason"]) == ("gone", "remove")
    assert "it was removed" in device.suture("receipt").stdout
    device.suture("install", COMPONENT)
    before, entry = receipts(device)
    assert before["reason"] == "remove"
    assert entry["verdict"] == "protected"


def test_what_is_withdrawn_says_so(device, released):
    device.suture("install")
    released.run("withdraw", f"--repository={released.repository}", f"--keys={released.keys}", COMPONENT, "a")
    device.suture("install")
    entry, = receipts(device)
    assert (entry["verdict"], entry["reason"]) == ("gone", "withdraw")


def test_what_was_exposed_ended_with_the_boot_that_is_over(device, programs):
    programs.server("old")
    device.suture("install")
    programs.stop()
    ledger = ledger_of(device)
    ledger["boot"] = "00000000-0000-4000-8000-000000000000"
    (device.state / "ledger.json").write_text(json.dumps(ledger))
    entry, row = receipt(device)
    assert (row["rebooted"], row["ended"], row["remaining"]) == (1, 0, 0)
    assert entry["verdict"] == "protected"


def begin_another_boot(device):
    """As the ledger sees it: what it has is an earlier one's."""
    ledger = ledger_of(device)
    ledger["boot"] = "00000000-0000-4000-8000-000000000000"
    for entry in ledger["improvements"]:
        entry["protected"] = entry["protected_first"] = "2026-01-01T00:00:00Z"
    (device.state / "ledger.json").write_text(json.dumps(ledger))


def test_a_protection_lasts_over_a_boot_that_came_up_with_it(device):
    (device.root / "etc/suture").mkdir()
    (device.root / "etc/suture/suture.conf").write_text(f"[Suture]\nState={device.state}\n")
    device.suture("install")
    unmount_all(device.root)
    (device.root / "run").mkdir(exist_ok=True)
    run(BUILD / "suture-boot", "activate", f"--root={device.root}")
    begin_another_boot(device)
    entry, = receipts(device)
    assert (entry["verdict"], entry["protected"], entry["reopened"]) == ("protected", "2026-01-01T00:00:00Z", 0)


@pytest.mark.parametrize("looked", [True, False], ids=["somebody looked meanwhile", "nobody did"])
def test_a_protection_ends_with_a_boot_that_came_up_without_it(device, looked):
    device.suture("install")
    begin_another_boot(device)
    unmount_all(device.root)
    if looked:
        device.suture("metrics")
        assert "protected" not in ledger_of(device)["improvements"][0]
    device.suture("install")
    entry, = receipts(device)
    assert entry["verdict"] == "protected" and entry["reopened"] == 1
    assert entry["protected_first"] == "2026-01-01T00:00:00Z" and seconds(entry["protected"]) >= seconds(entry["active"])
    statement, = state_vex(device)["statements"]
    assert (statement["status"], statement["timestamp"]) == ("fixed", entry["protected"])


def test_a_repair_is_no_proof_that_the_boot_came_up_with_what_it_shows(pair, mirror):
    begin_another_boot(pair)
    unmount_all(pair.root)
    image, = [each for each in (pair.state / "images").glob("*.erofs") if b"thing 2" in each.read_bytes()]
    rot(image)
    mirror.alter("", lambda _: b"")
    assert_fails(pair.suture("repair", check=False), "shows the base")
    report = json.loads((pair.root / "run/suture/boot.json").read_text())
    shown, = [entry for entry in receipts(pair) if entry["manifest"] in report["manifests"]]
    mirror.be_honest()
    pair.suture("repair")
    entry, = [entry for entry in receipts(pair) if entry["component"] == shown["component"] == COMPONENT]
    assert (entry["verdict"], entry["reopened"]) == ("protected", 1)


def test_nobody_is_protected_by_what_usr_does_not_show(device):
    device.suture("install")
    unmount_all(device.root)
    entry, = receipts(device)
    assert entry["verdict"] == "inactive" and "protected" not in entry
    assert "protected" not in device.report("status")["improvements"][0]["ledger"]
    assert "protected since" not in device.suture("status").stdout
    device.suture("install")
    assert receipts(device)[0]["verdict"] == "protected"


def test_anybody_may_read_what_root_has_seen(device, programs, ask_as_nobody):
    programs.server("old")
    device.suture("install")
    before = (device.state / "ledger.json").read_bytes()
    document = json.loads(ask_as_nobody("receipt", "--json"))
    assert not document["looked"]
    assert document["improvements"][0]["verdict"] == "exposed"
    programs.stop()
    # An ordinary user sees no process, and must not take that for nobody.
    assert json.loads(ask_as_nobody("receipt", "--json"))["improvements"][0]["verdict"] == "exposed"
    assert (device.state / "ledger.json").read_bytes() == before
    device.suture("status")
    assert json.loads(ask_as_nobody("receipt", "--json"))["improvements"][0]["verdict"] == "protected"
    assert re.search(r"protected since .*, when root last looked$", ask_as_nobody("status"), re.MULTILINE)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": "suture-ledger-1", "boot": "", "improvements": [{}]}', b"\xff" * 99],
                         ids=["empty", "cut off", "an entry without fields", "garbage"])
def test_a_damaged_ledger_is_a_warning_and_begins_anew(device, released, packages, damage):
    device.suture("install")
    (device.state / "ledger.json").write_bytes(damage)
    assert "ledger.json" in device.suture("status").stderr
    entry, = receipts(device)
    assert entry["verdict"] == "protected" and "fetched" not in entry
    (device.state / "ledger.json").write_bytes(damage)
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    assert "begins anew" in device.suture("install").stderr
    entry, = receipts(device)
    assert (entry["letter"], entry["verdict"]) == ("b", "protected")


def test_a_newer_versions_ledger_is_left_alone(device):
    newer = b'{"format": "suture-ledger-2"}'
    device.suture("install")
    (device.state / "ledger.json").write_bytes(newer)
    assert "left alone" in device.suture("remove").stderr
    assert (device.state / "ledger.json").read_bytes() == newer


def test_the_receipt_knows_what_was_never_there(device):
    assert "The ledger is empty" in device.suture("receipt").stdout
    assert_fails(device.suture("receipt", "nothing", check=False), "nothing called", "suture receipt")


# Metrics


def samples(families):
    return {(sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples}


def measure(text):
    """The same figures in both formats, by strict parsers of each."""
    families = list(openmetrics.text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    units = {family.name: family.unit for family in families if family.unit}
    assert units and all(name.endswith("_" + unit) for name, unit in units.items())
    assert {family.name for family in families if family.name.endswith("_seconds")} == set(units)
    older = list(prometheus.text_string_to_metric_families(text))
    # What node_exporter refuses: every other type than these.
    assert {family.type for family in older} == {"gauge"}
    assert set(re.findall(r"^# TYPE \S+ (\S+)$", text, re.MULTILINE)) == {"gauge"}
    assert samples(families) == samples(older)
    return samples(families)


LABELS = (("component", COMPONENT), ("letter", "a"))


def test_metrics_say_what_the_ledger_says(device, programs):
    before = measure(device.suture("metrics").stdout)
    assert before[("suture_generation",)] == before[("suture_improvements",)] == 0
    programs.server("old")
    device.suture("install")
    figures = measure(device.suture("metrics").stdout)
    entry, = receipts(device)
    assert figures[("suture_improvement_info", ("base_version", "1.0-1"), LABELS[0], ("fixed_version", "1.0-1+fix1"), LABELS[1])] == 1
    assert figures[("suture_improvement_active", *LABELS)] == 1
    assert figures[("suture_improvement_exposed_processes", *LABELS)] == figures[("suture_exposed_processes",)] == 1
    assert figures[("suture_improvement_protected", *LABELS)] == 0
    assert ("suture_improvement_protected_timestamp_seconds", *LABELS) not in figures
    for name, field in [("released", "released"), ("fetched", "fetched"), ("activated", "active")]:
        assert figures[(f"suture_improvement_{name}_timestamp_seconds", *LABELS)] == seconds(entry[field])
    assert figures[("suture_last_check_timestamp_seconds",)] == seconds(device.report("status")["checked"])
    programs.stop()
    figures = measure(device.suture("metrics").stdout)
    entry, = receipts(device)
    assert figures[("suture_improvement_protected", *LABELS)] == 1
    assert figures[("suture_improvement_exposed_processes", *LABELS)] == 0
    assert figures[("suture_improvement_protected_timestamp_seconds", *LABELS)] == seconds(entry["protected"])


def test_metrics_of_an_ordinary_user_make_nothing_up(device, ask_as_nobody):
    device.suture("install")
    figures = measure(ask_as_nobody("metrics"))
    assert figures[("suture_improvement_protected", *LABELS)] == 1
    assert ("suture_exposed_processes",) not in figures


def test_the_collectors_file_is_replaced_whole_and_readable(device, tmp_path):
    path = tmp_path / "suture.prom"
    path.write_text("old")
    with open(path, encoding="utf-8") as reader:
        device.suture("metrics", f"--output={path}", umask=0o077)
        assert reader.read() == "old"
    assert measure(path.read_text())[("suture_generation",)] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]
    assert_fails(device.suture("metrics", f"--output={tmp_path}/suture.txt", check=False), "does not end with .prom")
    assert_fails(device.suture("metrics", f"--output={tmp_path}/none/suture.prom", check=False), "suture.prom")


# OpenVEX


def state_vex(device, *arguments):
    """The document, held against the rules of the specification's schema."""
    document = json.loads(device.suture("vex", *arguments).stdout)
    assert set(document) <= {"@context", "@id", "author", "role", "timestamp", "last_updated", "version", "tooling", "statements"}
    assert document["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", document["@id"])
    assert document["author"] and document["version"] == 1
    assert seconds(document["timestamp"])
    assert document["statements"]
    for statement in document["statements"]:
        assert set(statement) <= {"vulnerability", "products", "status", "status_notes", "action_statement", "timestamp"}
        assert statement["status"] in ("fixed", "affected", "under_investigation")
        assert ("action_statement" in statement) == (statement["status"] == "affected")
        assert all(product["identifiers"] == {"purl": product["@id"]} for product in statement["products"])
    return document


def test_vex_says_fixed_only_when_nobody_is_exposed(device, programs):
    programs.server("old")
    device.suture("install")
    document = state_vex(device, "--author=Example Hosting")
    statement, = document["statements"]
    assert document["author"] == "Example Hosting"
    assert statement["vulnerability"] == {"name": ADVISORY, "description": "names that only begin alike"}
    assert statement["status"] == "affected"
    assert "suture restart" in statement["action_statement"]
    programs.stop()
    closed = state_vex(device)
    statement, = closed["statements"]
    assert statement["status"] == "fixed"
    assert statement["timestamp"] == receipts(device)[0]["protected"]
    assert closed["@id"] != document["@id"]
    unmount_all(device.root)
    assert state_vex(device)["statements"][0]["status"] == "affected"


def test_vex_names_the_base_by_what_is_known_of_it(device):
    device.suture("install")
    architecture = os.uname().machine
    assert state_vex(device)["statements"][0]["products"][0]["@id"] == (
        f"pkg:generic/examplix/{COMPONENT}@1.0-1?arch={architecture}&distro=examplix-7")
    (device.root / "var/lib/dpkg").mkdir(parents=True)
    (device.root / "var/lib/dpkg/status").touch()
    debian = {"x86_64": "?arch=amd64&", "aarch64": "?arch=arm64&"}.get(architecture, "?")
    assert state_vex(device)["statements"][0]["products"][0]["@id"] == (
        f"pkg:deb/examplix/{COMPONENT}@1.0-1{debian}distro=examplix-7")


def test_vex_does_not_know_before_root_has_looked(device, ask_as_nobody):
    device.suture("install")
    (device.state / "ledger.json").unlink()
    document = json.loads(ask_as_nobody("vex"))
    assert [statement["status"] for statement in document["statements"]] == ["under_investigation"]


def test_vex_leaves_no_file_that_says_what_is_no_longer_so(device, tmp_path):
    path = tmp_path / "suture.openvex.json"
    device.suture("install")
    device.suture("vex", f"--output={path}")
    assert json.loads(path.read_text())["statements"][0]["status"] == "fixed"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    device.suture("remove")
    result = device.suture("vex", f"--output={path}")
    assert "nothing to state" in result.stderr
    assert not path.exists()
    assert device.suture("vex").stdout == ""
