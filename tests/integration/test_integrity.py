# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Integrity= asks of images; here, without dm-verity and fs-verity."""
import pytest

from conftest import BUILD, COMPONENT, assert_fails, run, unmount_all
from whole import which


@pytest.fixture
def configured(device):
    """A device that finds its state by its configuration, as suture-boot does; more lines can be added to that."""
    def configure(*lines):
        (device.root / "etc/suture").mkdir(exist_ok=True)
        (device.root / "etc/suture/suture.conf").write_text("\n".join(["[Suture]", f"State={device.state}", *lines, ""]))
    device.configure = configure
    configure()
    return device


def test_a_word_that_is_no_integrity_is_refused_with_its_line(configured):
    configured.configure("Integrity=kernal")
    assert_fails(configured.suture("status", check=False), "etc/suture/suture.conf:3", "kernel")


@pytest.mark.parametrize("word", ["kernel", "dm-verity", "fs-verity"])
def test_what_cannot_be_guarded_as_is_wanted_is_not_installed(configured, libraries, word):
    configured.configure(f"Integrity={word}")
    assert_fails(configured.suture("install", check=False), COMPONENT, f"Integrity={word}")
    assert configured.read() == libraries["1.0-1"]
    assert configured.report("status")["verdict"] == "base"
    configured.configure("Integrity=any")
    configured.suture("install")
    configured.assert_shows("a", libraries["1.0-1+fix1"])


def test_what_is_active_is_told_when_more_is_wanted_and_the_next_boot_leaves_it_out(configured, systems):
    configured.suture("install")
    assert configured.report("status")["integrity_met"] is True
    configured.configure("Integrity=kernel")
    assert configured.report("status")["integrity_met"] is False
    assert "Integrity=kernel wants more" in configured.suture("status").stdout
    unmount_all(configured.root)
    (configured.root / "run").mkdir(exist_ok=True)
    run(BUILD / "suture-boot", "activate", f"--root={configured.root}")
    assert which(configured.root, systems) == "base"
    assert "Integrity=kernel" in configured.report("status")["boot_problems"][0]["reason"]
    configured.configure()
    run(BUILD / "suture-boot", "activate", f"--root={configured.root}")
    assert which(configured.root, systems) == "a"
