# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a boot does, on a root whose mounts are gone: suture-boot as the initramfs runs it. Real boots are in tests/vm."""
import json
import subprocess

import pytest

from calls import strace
from conftest import BUILD, COMPONENT, LIBRARY, run, unmount_all
from test_journey import images, release_b
from test_lock import Held
from test_rollout import rollout
from test_unattended import image_digest
from whole import which

WANTS = "etc/systemd/system/multi-user.target.wants/suture-boot-complete.service"


@pytest.fixture
def booted(device):
    """A device with (a), whose configuration says where its state is, before its next boot."""
    (device.root / "etc/suture").mkdir()
    (device.root / "etc/suture/suture.conf").write_text(f"[Suture]\nState={device.state}\n")
    device.suture("install")
    unmount_all(device.root)
    return device


@pytest.fixture
def watched(booted):
    """With the unit that proves letters, so that boots are counted."""
    path = booted.root / WANTS
    path.parent.mkdir(parents=True)
    path.symlink_to("/usr/lib/systemd/system/suture-boot-complete.service")
    return booted


def suture_boot(device, command="activate"):
    """Exits with 0 whatever it meets. What it says to the kernel's log, or to stderr, is in the report, too."""
    run(BUILD / "suture-boot", command, f"--root={device.root}", f"--run={run_directory(device)}")
    report = run_directory(device) / "suture/boot.json"
    return json.loads(report.read_text()) if report.exists() else None


def run_directory(device):
    path = device.root / "run"
    path.mkdir(exist_ok=True)
    return path


def problems(report):
    return [(problem.get("component"), problem.get("letter")) for problem in report["problems"]]


def state_of(device):
    return json.loads((device.state / "state.json").read_text())


def next_boot(device, forget=True):
    """Mounts and /run are gone, and the kernel has another id: for the state, the one it knows was another's."""
    unmount_all(device.root)
    state = state_of(device)
    if forget:
        state["trial"]["boot"] = "an-earlier-one"
    (device.state / "state.json").write_text(json.dumps(state))
    run("rm", "-rf", run_directory(device))
    return suture_boot(device)


def test_a_boot_shows_what_is_installed_and_then_has_nothing_to_do(booted, systems):
    report = suture_boot(booted)
    assert (report["generation"], report["problems"]) == (1, [])
    assert which(booted.root, systems) == "a"
    assert booted.active() == {COMPONENT: "a"}
    mounts = run("cat", "/proc/self/mountinfo").stdout
    suture_boot(booted)
    assert run("cat", "/proc/self/mountinfo").stdout == mounts


def test_a_boot_reads_each_file_of_the_base_once(booted, systems, tmp_path):
    trace = tmp_path / "trace"
    result = strace(["-f", "-o", trace, "-e", "trace=openat2"],
                    [BUILD / "suture-boot", "activate", f"--root={booted.root}", f"--run={run_directory(booted)}"])
    assert (result.returncode, which(booted.root, systems)) == (0, "a")
    below = LIBRARY.removeprefix("usr/")
    reads = [line for line in trace.read_text().splitlines() if f'"{below}"' in line and "O_PATH" not in line]
    assert len(reads) == 1, reads


def test_a_boot_where_nothing_is_installed_leaves_nothing_behind(device):
    assert suture_boot(device) is None
    assert list(run_directory(device).iterdir()) == []
    assert not device.state.exists() and not (device.root / "var/lib/suture").exists()


@pytest.mark.parametrize("damage", ["", "{", '{"format": "suture-state-9"}', "[]"])
def test_a_damaged_state_boots_on_the_base(booted, systems, damage):
    (booted.state / "state.json").write_text(damage)
    suture_boot(booted)
    assert which(booted.root, systems) == "base"


def test_an_image_that_rotted_is_left_out_told_and_fetched_again(booted, systems):
    name, = images(booted)
    image = booted.state / "images" / name
    content = bytearray(image.read_bytes())
    content[len(content) // 2] ^= 1
    image.write_bytes(content)
    assert problems(suture_boot(booted)) == [(COMPONENT, "a")]
    assert which(booted.root, systems) == "base"
    assert booted.report("status")["boot_problems"][0]["component"] == COMPONENT
    assert "not active:" in booted.suture("status").stdout
    assert booted.report("install")["changes"][0]["download"]["received"] > 0
    assert which(booted.root, systems) == "a"


def test_a_base_that_moved_on_while_the_system_was_off_is_not_shadowed(booted):
    (booted.root / LIBRARY).write_bytes(b"newer than any letter")
    report = suture_boot(booted)
    assert "the base has moved on" in report["problems"][0]["reason"]
    assert booted.read() == b"newer than any letter"
    assert booted.report("install")["changes"][0]["action"] == "retire"


def test_what_the_base_has_left_behind_is_retired_by_a_repair_that_asks_no_server(booted):
    (booted.root / LIBRARY).write_bytes(b"newer than any letter")
    suture_boot(booted)
    change, = booted.report("repair", "--repository=http://127.0.0.1:1")["changes"]
    assert (change["action"], change["component"]) == ("retire", COMPONENT)
    status = booted.report("status")
    assert (status["verdict"], status["improvements"]) == ("base", [])
    assert "boot_problems" not in status
    assert booted.read() == b"newer than any letter"


def test_a_boot_is_counted_once_before_a_letter_on_trial_is_active(watched, systems):
    suture_boot(watched)
    assert which(watched.root, systems) == "a"
    assert state_of(watched)["trial"]["attempts"] == 1
    unmount_all(watched.root)
    suture_boot(watched)
    assert state_of(watched)["trial"]["attempts"] == 1


def test_where_nothing_would_prove_a_letter_no_boot_is_counted(booted, systems):
    for _ in range(4):
        next_boot(booted)
        assert which(booted.root, systems) == "a"
    assert state_of(booted)["trial"]["attempts"] == 0


def test_a_complete_boot_ends_the_trial(watched, systems):
    next_boot(watched)
    assert watched.report("status")["improvements"][0]["proven"] is False
    suture_boot(watched, "complete")
    assert watched.report("status")["improvements"][0]["proven"] is True
    for _ in range(4):
        next_boot(watched)
        assert which(watched.root, systems) == "a"
    assert state_of(watched)["trial"]["attempts"] == 0


def test_who_proves_a_boot_waits_for_an_install_that_began_with_it(watched):
    """Longer than a boot itself waits for anybody."""
    next_boot(watched)
    command = [BUILD / "suture-boot", "complete", f"--root={watched.root}", f"--run={run_directory(watched)}"]
    with Held(watched.state):
        complete = subprocess.Popen(command)
        with pytest.raises(subprocess.TimeoutExpired):
            complete.wait(11)
    assert complete.wait() == 0
    assert watched.report("status")["improvements"][0]["proven"] is True


def test_what_usr_does_not_show_is_not_proven(watched):
    next_boot(watched)
    unmount_all(watched.root)
    result = run(BUILD / "suture-boot", "complete", f"--root={watched.root}", check=False)
    assert (result.returncode, "/usr does not show" in result.stderr) == (1, True)
    assert "/usr does not show" in state_of(watched)["trial"]["trouble"]


def give_up(device):
    for _ in range(2):
        assert problems(next_boot(device)) == []
    return next_boot(device)


def test_two_boots_that_did_not_complete_put_a_letter_into_quarantine(watched, systems):
    assert problems(give_up(watched)) == [(COMPONENT, "a")]
    assert which(watched.root, systems) == "base"
    status = watched.report("status")
    assert status["verdict"] == "base"
    assert [(item["component"], item["letter"]) for item in status["quarantined"]] == [(COMPONENT, "a")]
    assert "in quarantine" in watched.suture("status").stdout
    assert next_boot(watched) is None


def test_a_letter_in_quarantine_is_installed_only_when_it_is_named(watched, systems):
    give_up(watched)
    plan = watched.report("install")
    assert plan["changes"] == []
    assert "is in quarantine" in plan["not_for_this_system"][0]["reason"]
    assert which(watched.root, systems) == "base"
    watched.suture("install", COMPONENT)
    assert which(watched.root, systems) == "a"
    assert watched.report("status")["quarantined"] == []


@pytest.mark.parametrize("former", [False, True], ids=["this version's state", "an earlier version's state"])
def test_a_letter_stays_in_quarantine_when_its_manifest_is_issued_again(watched, released, systems, former):
    give_up(watched)
    entry, = state_of(watched)["quarantined"]
    assert entry["image"] == image_digest(released).hex()
    if former:
        state = state_of(watched)
        del state["quarantined"][0]["image"]
        (watched.state / "state.json").write_text(json.dumps(state))
    rollout(released, "--hours=0", "--percent=50")
    rollout(released, "--percent=100")
    for _ in range(2):
        plan = watched.report("install")
        assert plan["changes"] == []
        reason = plan["not_for_this_system"][0]["reason"]
        assert "(a) is in quarantine, 2 boots with it did not complete" in reason
    assert reason in watched.suture("install").stdout
    assert which(watched.root, systems) == "base"
    watched.suture("install", COMPONENT)
    assert which(watched.root, systems) == "a"
    assert watched.report("status")["quarantined"] == []


def test_a_newer_letter_is_installed_in_spite_of_the_quarantine(watched, released, packages, systems):
    give_up(watched)
    release_b(released, packages)
    watched.suture("install")
    assert which(watched.root, systems) == "b"
    assert watched.report("status")["quarantined"][0]["letter"] == "a"
    assert state_of(watched)["trial"]["attempts"] == 0


@pytest.fixture
def read_only(watched, directory):
    """The state on a file system of its own that is mounted read-only, as the initramfs mounts the root."""
    disk = directory / "disk"
    run("mke2fs", "-q", "-t", "ext4", "-d", watched.state, disk, "16M")
    device = run("losetup", "--find", "--show", disk).stdout.strip()  # mount -o loop,ro would make that read-only
    run("mount", "-o", "ro,noatime", device, watched.state)
    yield watched
    unmount_all(watched.root)
    run("umount", watched.state)
    run("losetup", "--detach", device)


def test_counting_makes_a_read_only_file_system_writable_for_a_moment_only(read_only, systems):
    options = run("findmnt", "-n", "-o", "OPTIONS", read_only.state).stdout
    assert options.startswith("ro,noatime")
    suture_boot(read_only)
    assert which(read_only.root, systems) == "a"
    assert state_of(read_only)["trial"]["attempts"] == 1
    assert run("findmnt", "-n", "-o", "OPTIONS", read_only.state).stdout == options


def test_what_cannot_be_counted_is_not_tried(watched, directory, systems):
    """A medium that cannot be written at all."""
    image = directory / "disk"
    run("mkfs.erofs", "--quiet", image, watched.state)
    run("mount", "-o", "loop,ro", image, watched.state)
    try:
        assert "writable" in suture_boot(watched)["problems"][0]["reason"]
        assert which(watched.root, systems) == "base"
    finally:
        run("umount", watched.state)
    suture_boot(watched)
    assert which(watched.root, systems) == "a"
