# SPDX-License-Identifier: LGPL-2.1-or-later
"""A freeze and a starving mirror are told to people: suture status says how fresh the metadata is, and warns."""
import os
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from conftest import assert_fails
from metadata import Metadata

FORM = "%Y-%m-%dT%H:%M:%SZ"


@pytest.fixture
def metadata(released):
    return Metadata(released.repository, released.keys)


def hours(number):
    return (datetime.now(timezone.utc) + timedelta(hours=number)).strftime(FORM)


def warnings(device):
    text = device.suture("status").stdout
    return [line.split("warning", 1)[1].strip() for line in text.splitlines() if line.startswith("  warning")]


def at(device, hours_on, *words):
    """suture, with the clock of the device so many hours on."""
    environment = {**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0"}
    return subprocess.run(["faketime", "-f", f"+{hours_on}h", *map(str, device.command(*words))], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, env=environment, check=False)


def test_fresh_metadata_is_no_reason_to_warn(mirrored):
    status = mirrored.report("status")
    assert status["stale"] is False and status["expires_soon"] is False and "old_data_since" not in status
    assert warnings(mirrored) == []
    mirrored.suture("check")
    assert "old_data_since" not in mirrored.report("status")


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_metadata_that_expires_within_a_day_is_warned_of(mirrored, metadata, role):
    """Whichever role is the first: without it nothing comes any more."""
    end = hours(20)
    metadata.follow(role, expires=end)
    mirrored.suture("check")
    status = mirrored.report("status")
    assert status["metadata_expires"] == end and status["expires_soon"] is True and status["stale"] is False
    assert any("expires soon" in line and end[:10] in line for line in warnings(mirrored))
    metadata.follow(role, expires=hours(100))
    mirrored.suture("check")
    assert mirrored.report("status")["expires_soon"] is False
    assert warnings(mirrored) == []


def test_metadata_that_has_expired_is_warned_of(mirrored, metadata):
    metadata.follow("timestamp", expires=hours(50))
    mirrored.suture("check")
    result = at(mirrored, 51, "status", "--json")
    assert '"stale": true' in result.stdout and '"expires_soon": false' in result.stdout
    assert "metadata expired" in at(mirrored, 51, "status").stdout


def test_a_mirror_that_shows_older_metadata_than_before_is_told_until_it_has_caught_up(mirrored, mirror, metadata):
    old = metadata.newest("timestamp").read_bytes()
    metadata.follow("timestamp")
    mirrored.suture("check")
    mirror.alter("timestamp", lambda body: old)
    assert_fails(mirrored.suture("check", check=False), "older")
    since = mirrored.report("status")["old_data_since"]
    assert any("shows old data since" in line for line in warnings(mirrored))
    assert_fails(mirrored.suture("install", check=False), "older")
    assert mirrored.report("status")["old_data_since"] == since
    mirror.be_honest()
    mirrored.suture("check")
    assert "old_data_since" not in mirrored.report("status")
    assert warnings(mirrored) == []


def test_a_mirror_that_shows_the_same_metadata_near_its_end_is_told(mirrored, metadata):
    metadata.follow("timestamp", expires=hours(50))
    mirrored.suture("check")
    mirrored.suture("check")
    assert "old_data_since" not in mirrored.report("status")
    assert at(mirrored, 30, "check").returncode == 0
    assert "old_data_since" in mirrored.report("status")
    metadata.follow("timestamp", expires=hours(200))
    mirrored.suture("check")
    assert "old_data_since" not in mirrored.report("status")


def test_a_freeze_that_lasts_beyond_the_end_is_told(mirrored, metadata):
    metadata.follow("timestamp", expires=hours(50))
    mirrored.suture("check")
    assert_fails(at(mirrored, 60, "check"), "expired")
    assert any("shows old data since" in line for line in warnings(mirrored))


def test_a_server_that_is_away_says_nothing_about_its_data(mirrored):
    mirrored.url = "http://127.0.0.1:1"
    assert_fails(mirrored.suture("check", check=False), "nothing answers")
    assert "old_data_since" not in mirrored.report("status")
