# SPDX-License-Identifier: LGPL-2.1-or-later
"""The journey of a fix: from two packages through a repository onto a running system, and off it again."""
import subprocess

import pytest

from conftest import COMPONENT, assert_fails, run, unmount_all, unpack
from whole import snapshot, which

SOCKET = "/srv/origin"


def release_b(released, packages):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"], "--advisory", "CVE-2026-0002:high=ports are not names")


def images(device):
    return {path.name for path in (device.state / "images").glob("*.erofs")}


def size_in_repository(publisher, name):
    return {path.stat().st_size for path in publisher.repository.rglob(f"*{name}")}


def change_of(plan):
    assert len(plan["changes"]) == 1, plan
    return plan["changes"][0]


def test_nothing_a_b_and_back_to_the_base_byte_for_byte(device, released, packages, systems):
    before = snapshot(device.root, times=True)
    assert which(device.root, systems) == "base"

    first = change_of(device.report("install"))
    assert which(device.root, systems) == "a"
    assert (first["action"], first["letter"], first.get("from_letter")) == ("install", "a", None)
    assert (first["download"]["kind"], first["download"]["from"]) == ("delta", "base")
    assert [advisory["id"] for advisory in first["advisories"]] == ["CVE-2026-0001"]

    release_b(released, packages)
    second = change_of(device.report("install"))
    assert which(device.root, systems) == "b"
    assert (second["action"], second["from_letter"], second["letter"]) == ("install", "a", "b")

    removed = change_of(device.report("remove"))
    assert (removed["action"], removed["from_letter"]) == ("remove", "b")
    assert snapshot(device.root, times=True) == before
    assert device.report("status")["verdict"] == "base"


def test_from_a_to_b_the_delta_from_a_is_what_travels(device, released, packages):
    device.suture("install")
    release_b(released, packages)
    download = change_of(device.report("install"))["download"]
    assert (download["kind"], download["from"]) == ("delta", "a")
    assert {download["size"]} == {download["received"]} == size_in_repository(released, "from-a.delta")


def test_a_device_at_the_base_takes_the_newest_letter_at_once(device, released, packages, systems):
    release_b(released, packages)
    change = change_of(device.report("install"))
    assert (change["letter"], change.get("from_letter"), change["download"]["from"]) == ("b", None, "base")
    assert which(device.root, systems) == "b"
    assert device.report("status")["generation"] == 1


def test_what_is_installed_already_is_not_fetched_again(device):
    device.suture("install")
    result = device.suture("install")
    assert "Nothing to do" in result.stdout
    assert device.report("install")["changes"] == []
    assert device.report("status")["generation"] == 1


def test_goes_back_to_the_base_when_a_is_withdrawn(device, released, systems):
    device.suture("install")
    released.run("withdraw", COMPONENT, "a", f"--repository={released.repository}", f"--keys={released.keys}")
    change = change_of(device.report("install"))
    assert (change["action"], change["from_letter"]) == ("withdraw", "a")
    assert which(device.root, systems) == "base"
    assert device.active() == {}


def test_goes_back_to_a_when_b_is_withdrawn(device, released, packages, systems):
    release_b(released, packages)
    device.suture("install")
    assert which(device.root, systems) == "b"
    released.run("withdraw", COMPONENT, "b", f"--repository={released.repository}", f"--keys={released.keys}")
    device.suture("install")
    assert which(device.root, systems) == "a"
    assert device.active() == {COMPONENT: "a"}


# Two components


def make_greeting(directory, version, text):
    """A package with one file, by dpkg-deb."""
    tree = directory / f"greeting-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr/share/greeting").mkdir(parents=True)
    (tree / "usr/share/greeting/text").write_text(text)
    (tree / "DEBIAN/control").write_text(
        f"Package: greeting\nVersion: {version}\nArchitecture: all\nMaintainer: T <t@suture.invalid>\nDescription: x\n")
    deb = directory / f"greeting_{version}_all.deb"
    run("dpkg-deb", "--root-owner-group", "--build", tree, deb)
    return deb


@pytest.fixture
def greeting(directory, system, released):
    """A second component, installed on the system, with a fix in the repository."""
    base, fixed = make_greeting(directory, "1", "hello\n" * 99), make_greeting(directory, "2", "goodbye\n" * 99)
    unpack(base, system)
    released.release(base, fixed, "--advisory=CVE-2026-0003=rude", "--arch=x86_64", component="greeting")


@pytest.mark.usefixtures("greeting")
def test_two_components_are_one_generation(device, systems):
    plan = device.report("install")
    assert {change["component"] for change in plan["changes"]} == {COMPONENT, "greeting"}
    assert device.active() == {COMPONENT: "a", "greeting": "a"}
    assert device.report("status")["generation"] == 1
    assert {entry["transaction"] for entry in device.report("history")["entries"]} == {1}
    assert device.read("usr/share/greeting/text").startswith(b"goodbye")

    device.suture("remove", COMPONENT)
    assert device.active() == {"greeting": "a"}
    assert device.read("usr/share/greeting/text").startswith(b"goodbye")
    device.suture("remove")
    assert device.read("usr/share/greeting/text").startswith(b"hello")


@pytest.mark.usefixtures("greeting")
def test_installs_the_one_component_that_is_named(device):
    device.suture("install", "greeting")
    assert device.active() == {"greeting": "a"}
    device.suture("install")
    assert device.active() == {COMPONENT: "a", "greeting": "a"}


def test_two_components_that_want_one_path_are_refused_together(device, released, packages, systems):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"], component="libtwin")
    assert_fails(device.suture("install", check=False), COMPONENT, "libtwin", "both bring", "usr/")
    assert which(device.root, systems) == "base"
    device.suture("install", "libtwin")
    assert which(device.root, systems) == "b"
    assert_fails(device.suture("install", check=False), "both bring")
    assert device.active() == {"libtwin": "a"}


# What the commands tell


def test_status_show_and_history_tell_the_story(device, released, packages):
    assert "No improvement is installed" in device.suture("status").stdout
    device.suture("install")
    status = device.suture("status").stdout
    assert "liborigin (a) on 1.0-1" in status
    assert "brings 1.0-1+fix1" in status
    assert "CVE-2026-0001" in status

    for name in (COMPONENT, f"{COMPONENT} (a)", "CVE-2026-0001", "cve-2026-0001"):
        shown = device.suture("show", name).stdout
        assert "replaces usr/lib/liborigin.so.1" in shown
        assert "removes  usr/share/origin/prefixes" in shown
    assert_fails(device.suture("show", "CVE-1999-0001", check=False), "CVE-1999-0001")

    release_b(released, packages)
    device.suture("install")
    device.suture("remove", COMPONENT)
    entries = device.report("history")["entries"]
    assert [(entry["action"], entry.get("from_letter"), entry.get("letter")) for entry in entries] == [
        ("install", None, "a"), ("install", "a", "b"), ("remove", "b", None)]
    assert [entry["transaction"] for entry in entries] == [1, 2, 3]
    history = device.suture("history").stdout
    assert "(a)" in history and "(b)" in history
    assert "No improvement is installed" in device.suture("status").stdout


# After a reboot


def reboot(device):
    """What the kernel forgets, and the disk does not."""
    unmount_all(device.root)


def test_after_a_reboot_install_activates_again_without_fetching(device, systems):
    device.suture("install")
    reboot(device)
    assert which(device.root, systems) == "base"
    assert device.report("status")["verdict"] == "inactive"
    assert "Not active" in device.suture("status").stdout

    result = device.suture("install")
    assert "shows again what is installed" in result.stdout
    assert which(device.root, systems) == "a"
    assert device.active() == {COMPONENT: "a"}
    assert len(device.report("history")["entries"]) == 1


def test_images_of_retired_letters_are_collected_once_unmounted(device, released, packages):
    device.suture("install")
    first = images(device)
    release_b(released, packages)
    device.suture("install")
    both = images(device)
    assert len(both) == 2 and first < both, "a generation that is still mounted needs its image"
    reboot(device)
    device.suture("install")
    assert images(device) == both - first
    device.suture("remove")
    reboot(device)
    device.suture("install")
    assert images(device) == set(), "nothing is to be done, and yet leftovers go"
    assert list((device.state / "staging").iterdir()) == []


# The hole


class OriginServer:
    def __init__(self, device):
        self.root = device.root
        self.process = device.program("/usr/bin/origin-server", SOCKET)
        assert "listening" in self.process.stdout.readline()

    def hole(self, *options):
        return subprocess.run(["chroot", self.root, "/usr/bin/origin-probe", *options, SOCKET], capture_output=True,
                              text=True, check=False).stdout.strip()

    def stop(self):
        self.process.kill()
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def test_the_hole_is_open_then_closed_then_open(device, released, packages):
    with OriginServer(device) as server:
        assert server.hole() == "hole open"
        device.suture("install")
        assert server.hole() == "hole open", "it still runs on the old bytes"
        assert [item["pid"] for item in device.report("exposed")["processes"]] == [server.process.pid]
    with OriginServer(device) as server:
        assert server.hole() == "hole closed"
        assert server.hole("--second") == "hole open"
        release_b(released, packages)
        device.suture("install")
        assert server.hole("--second") == "hole open"
    with OriginServer(device) as server:
        assert (server.hole(), server.hole("--second")) == ("hole closed", "hole closed")
        assert device.report("status")["verdict"] == "protected"
        device.suture("remove")
    with OriginServer(device) as server:
        assert server.hole() == "hole open"
