# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd takes the units, and rates them as the documents say. What sutured's unit allows is in test_daemon_service.py."""
import re
import shutil

import pytest

from conftest import ROOT, run

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze reads the units")


def verified_and_rated(directory, name, program, checked):
    """The figure that systemd gives suture-NAME.service, and takes it without a word."""
    service = directory / f"suture-{name}.service"
    service.write_text((ROOT / f"data/systemd/{service.name}.in").read_text().replace(program, "/bin/true"))
    said = run("systemd-analyze", "verify", "--man=no", directory / checked)
    assert said.stdout + said.stderr == ""
    rated = run("systemd-analyze", "security", "--offline=true", service).stdout
    return re.search(rf"exposure level for {service.name}: ([0-9.]+)", rated)[1]


TIMERS = {"unattended": ("install --unattended", "", "docs/unattended.md"),
          "metrics": ("metrics --output=/var/lib/prometheus/node-exporter/suture.prom", "CAP_DAC_OVERRIDE",
                      "docs/ledger.md")}


@pytest.mark.parametrize("name", TIMERS)
def test_what_a_timer_starts_only_asks_sutured_and_can_do_nothing_itself(name):
    text = (ROOT / f"data/systemd/suture-{name}.service.in").read_text()
    command, capabilities, _ = TIMERS[name]
    assert re.findall(r"^ExecStart=.*/suture (.*)$", text, re.MULTILINE) == [f"--daemon {command}"]
    assert re.findall(r"^CapabilityBoundingSet=(.*)$", text, re.MULTILINE) == [capabilities]


@needs_analyze
@pytest.mark.parametrize("name", TIMERS)
def test_systemd_takes_the_timers_and_rates_their_services_as_documented(name, tmp_path):
    shutil.copy(ROOT / f"data/systemd/suture-{name}.timer", tmp_path)
    figure = verified_and_rated(tmp_path, name, "@prefix@/bin/suture", f"suture-{name}.timer")
    assert float(figure) < 2
    if run("systemd-analyze", "--version").stdout.startswith("systemd 252 "):
        assert f"{figure} of 10" in (ROOT / TIMERS[name][2]).read_text()


@needs_analyze
def test_systemd_takes_the_watch_and_rates_it_as_documented(tmp_path):
    figure = verified_and_rated(tmp_path, "watch", "@prefix@/lib/suture/suture-watch", "suture-watch.service")
    assert f"{figure} of 10" in (ROOT / "docs/watch.md").read_text()
