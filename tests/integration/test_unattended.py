# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a device does when nobody asks it to: suture install --unattended, as the timer runs it."""
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import BUILD, COMPONENT, Device, Server, assert_fails, run, unpack
from mirror import DAMAGES, Answer, Mirror
from packaging import Item, make_deb
from test_freshness import at
from test_journey import release_b
from test_lock import Held
from test_rollout import rollout

NOW = datetime.datetime.now(datetime.timezone.utc)


def configure(device, **settings):
    folder = device.root / "etc/suture"
    folder.mkdir(exist_ok=True)
    (folder / "suture.conf").write_text("[Automatic]\n" + "".join(f"{key}={value}\n" for key, value in settings.items()))


def unattended(device, **keywords):
    return json.loads(device.suture("install", "--unattended", "--json", **keywords).stdout)


def assert_installs(device):
    assert [change["action"] for change in unattended(device)["plan"]["changes"]] == ["install"]
    assert device.active() == {COMPONENT: "a"}


def assert_not_now(device, *words):
    """Nothing is done, one line says why, and that is no failure."""
    report = unattended(device)
    assert set(report) == {"format", "not_now"}
    said = device.suture("install", "--unattended").stdout
    assert said == f"Nothing is done now: {report['not_now']}.\n"
    for word in words:
        assert word in said
    assert device.active() == {}


def assert_waits(device, reason):
    """It is there, nothing but it is in the way, and check, install and show say why."""
    report = unattended(device)
    assert report["plan"]["changes"] == [] and device.active() == {}
    item, = report["plan"]["waits"]
    assert (item["component"], item["letter"], item["reason"]) == (COMPONENT, "a", reason)
    shown, = device.report("show", COMPONENT)["improvements"]
    assert shown["waits"] == {key: item[key] for key in ("reason", "why", "until") if key in item}
    assert item["why"] in device.suture("show", COMPONENT).stdout
    assert device.report("check")["waits"] == [item]
    assert f"waits     {COMPONENT} (a) on 1.0-1: {item['why']}" in device.suture("install", "--unattended").stdout
    return item


def test_nobody_has_to_ask(device):
    assert_installs(device)
    assert "Nothing to do" in device.suture("install", "--unattended").stdout


class Witness:
    """Programs in place of the worker and the fetcher that note how they are scheduled, and become these."""

    IDLE = "SCHED_IDLE", "idle", "500"

    def __init__(self, directory):
        self.notes, self.environment = directory / "witnessed", {}
        for name in ("worker", "fetcher"):
            program = directory / f"witness-{name}"
            program.write_text(f"#!/bin/sh\nset -- $(chrt -p $$ | sed -n '1s/.* //p') $(ionice -p $$ | cut -d: -f1) \"$1\"\n"
                               f"echo {name} $1 $2 $(cat /proc/self/oom_score_adj) >>{self.notes}\n"
                               f"exec {BUILD}/suture-{name} $3\n")
            program.chmod(0o755)
            self.environment[f"SUTURE_{name.upper()}"] = str(program)

    def seen(self):
        """What was noted since it was asked last."""
        lines = {tuple(line.split()) for line in self.notes.read_text().splitlines()}
        self.notes.unlink()
        return lines

    @staticmethod
    def ordinary():
        """As this process is scheduled."""
        scheduler = run("chrt", "-p", str(os.getpid())).stdout.splitlines()[0].split()[-1]
        io = run("ionice", "-p", str(os.getpid())).stdout.split(":")[0].strip()
        return scheduler, io, pathlib.Path("/proc/self/oom_score_adj").read_text().strip()


def test_it_gives_way_to_all_others(device, directory):
    witness = Witness(directory)
    environment = {**os.environ, **witness.environment}
    device.suture("check", env=environment)
    assert witness.seen() == {("fetcher", *Witness.ordinary())} and Witness.ordinary() != Witness.IDLE
    unattended(device, env=environment)
    assert witness.seen() == {("fetcher", *Witness.IDLE), ("worker", *Witness.IDLE)}


def test_a_revert_that_nobody_asks_for_is_told_who_is_at_work(device):
    device.suture("install")
    with Held(device.state):
        result = device.suture("revert", "--unattended", COMPONENT, check=False)
    assert_fails(result, "another suture is at work", str(os.getpid()))
    assert device.active() == {COMPONENT: "a"}


def test_it_takes_no_component_and_no_dry_run(device):
    for more in ([COMPONENT], ["--dry-run"]):
        assert_fails(device.suture("install", "--unattended", *more, check=False), "--unattended", code=2)
    assert not device.state.exists()


# Phasing


def place(device, digest):
    """As docs/unattended.md has it, in [0, 1)."""
    secret = (device.state / "secret").read_bytes()
    machine = device.root / "etc/machine-id"
    own = hashlib.sha256(secret + (machine.read_bytes() if machine.exists() else b"")).digest()
    drawn = hashlib.sha256(b"suture-rollout-1\0" + own + digest).digest()
    return int.from_bytes(drawn[:8], "little") / 2**64


def image_digest(released):
    manifest, = released.repository.glob(f"targets/**/{COMPONENT}/**/a/*.manifest.json")
    return bytes.fromhex(json.loads(manifest.read_text())["image"]["sha256"])


def become(device, number):
    """Another device: one with another secret."""
    (device.state / "secret").write_bytes(hashlib.sha256(b"%d" % number).digest())


def test_at_0_percent_nobody_and_at_100_everybody(device, released):
    rollout(released, "--percent=0")
    device.suture("check")
    for number in range(5):
        become(device, number)
        assert "until" not in assert_waits(device, "held")
    rollout(released, "--percent=100")
    assert_installs(device)


def test_at_25_percent_a_quarter_of_the_devices_and_each_keeps_its_place(device, released):
    digest = image_digest(released)
    rollout(released, "--percent=25")
    device.suture("check")
    come = []
    for number in range(400):
        become(device, number)
        come.append(place(device, digest) < 0.25)
        if number % 16 == 0:
            assert (device.report("check")["waits"] == []) == come[-1], number
    assert 72 <= sum(come) <= 128
    rollout(released, "--percent=50")
    for number in [number for number in range(400) if come[number]][:8]:
        become(device, number)
        assert device.report("check")["waits"] == [], "a turn that has come stays"


def test_hours_bring_a_turn_at_the_time_that_is_said(directory, system, publisher, packages):
    released_at = (NOW - datetime.timedelta(hours=24)).strftime("%Y-%m-%dT%H:%M:%SZ")
    publisher.release(packages["1.0-1"], packages["1.0-1+fix1"], "--rollout-hours=48", f"--released={released_at}")
    mirror = Mirror(publisher.repository)
    device = Device(directory, mirror.url, publisher.root)
    device.suture("check")
    seen = set()
    for number in range(24):
        become(device, number)
        share = place(device, image_digest(publisher))
        waits = device.report("check")["waits"]
        seen.add(len(waits))
        if waits:
            until = datetime.datetime.fromisoformat(waits[0]["until"].replace("Z", "+00:00"))
            start = datetime.datetime.fromisoformat(released_at.replace("Z", "+00:00"))
            assert waits[0]["reason"] == "rollout"
            assert abs((until - start).total_seconds() - share * 48 * 3600) <= 1
        else:
            assert share < 0.51
    assert seen == {0, 1}
    mirror.stop()


def test_an_urgent_release_skips_the_rollout(device, released):
    rollout(released, "--percent=0")
    assert_waits(device, "held")
    rollout(released, "--urgent=yes")
    assert_installs(device)


def test_who_asks_does_not_wait_and_hears_of_it(device, released):
    rollout(released, "--percent=0")
    said = device.suture("install").stdout
    assert f"did not wait: {COMPONENT} (a)" in said
    assert device.active() == {COMPONENT: "a"}


def test_a_withdrawn_letter_goes_whatever_the_next_one_waits_for(device, released, packages):
    assert_installs(device)
    release_b(released, packages)
    rollout(released, "--percent=0", letter="b")
    released.run("withdraw", COMPONENT, "a", f"--repository={released.repository}", f"--keys={released.keys}")
    plan = unattended(device)["plan"]
    assert [change["action"] for change in plan["changes"]] == ["withdraw"]
    assert [item["letter"] for item in plan["waits"]] == ["b"]


def test_while_the_newest_letter_waits_the_newest_that_does_not_is_taken(device, released, packages, libraries):
    release_b(released, packages)
    rollout(released, "--percent=0", letter="b")
    plan = unattended(device)["plan"]
    assert [(change["action"], change["letter"]) for change in plan["changes"]] == [("install", "a")]
    assert [(item["letter"], item["reason"]) for item in plan["waits"]] == [("b", "held")]
    device.assert_shows("a", libraries["1.0-1+fix1"])
    assert unattended(device)["plan"]["changes"] == []
    rollout(released, "--percent=100", letter="b")
    assert [change["from_letter"] for change in unattended(device)["plan"]["changes"]] == ["a"]
    device.assert_shows("b", libraries["1.0-1+fix2"])


def test_an_earlier_letter_that_waits_or_is_withdrawn_or_did_harm_or_was_removed_is_not_taken(device, released, packages):
    release_b(released, packages)
    rollout(released, "--percent=0", letter="b")
    rollout(released, "--percent=0")
    assert unattended(device)["plan"]["changes"] == [] and device.active() == {}
    rollout(released, "--percent=100")
    assert_installs(device)
    device.suture("revert", COMPONENT)
    assert unattended(device)["plan"]["changes"] == [] and device.active() == {}
    shutil.rmtree(device.state)
    assert_installs(device)
    device.suture("remove")
    assert unattended(device)["plan"]["changes"] == [] and device.active() == {}
    shutil.rmtree(device.state)
    released.run("withdraw", COMPONENT, "a", f"--repository={released.repository}", f"--keys={released.keys}")
    assert unattended(device)["plan"]["changes"] == [] and device.active() == {}


# Settings and the machine


def test_installing_by_itself_can_be_off(device):
    configure(device, Install="no")
    assert_not_now(device, "Install=no")
    device.suture("check")
    assert device.report("show", COMPONENT)["improvements"][0]["waits"]["reason"] == "off"
    configure(device, Install="yes")
    assert device.report("show", COMPONENT)["improvements"][0]["waits"]["reason"] == "next-run"
    assert_installs(device)


def test_outside_the_maintenance_window_nothing_is_asked_for(mirror, directory, system, released):
    device = Device(directory, mirror.url, released.root)
    local = datetime.datetime.now()
    far = [(local + datetime.timedelta(hours=hours)).strftime("%H:00") for hours in (6, 8)]
    configure(device, Window=f"{far[0]}-{far[1]}")
    assert_not_now(device, "maintenance window opens at")
    assert mirror.requests == [] and not device.state.exists()
    configure(device, Window="00:00-24:00")
    assert_installs(device)


def test_a_release_that_is_deferred_comes_when_its_days_have_passed(device):
    configure(device, DeferDays="30")
    item = assert_waits(device, "deferred")
    assert "DeferDays=" in item["why"]
    configure(device, DeferDays="0")
    assert_installs(device)


def supply(device, name, **attributes):
    folder = device.root / "sys/class/power_supply" / name
    folder.mkdir(parents=True, exist_ok=True)
    for key, value in attributes.items():
        (folder / key).write_text(f"{value}\n")


def test_a_device_without_a_repository_is_no_failure(device):
    command = [word for word in device.command("install", "--unattended") if "--repository=" not in str(word)]
    assert run(*command).stdout.startswith("Nothing is done now: no repository is set")


def test_a_low_battery_is_left_alone(device):
    supply(device, "BAT0", type="Battery", status="Discharging", capacity=9)
    assert_not_now(device, "battery is at 9 %", "10 %")
    configure(device, Battery="5")
    assert_installs(device)


def test_a_low_battery_that_is_charged_is_not_minded(device):
    supply(device, "BAT0", type="Battery", status="Charging", capacity=3)
    assert_installs(device)


# Others at work


def test_another_run_at_work_is_success_and_is_left_alone(device):
    device.suture("check")
    with Held(device.state):
        assert_not_now(device, "another suture is at work", str(os.getpid()))
    assert_installs(device)


def test_a_package_manager_at_work_is_left_alone(device):
    folder = device.root / "run/suture/at-work"
    folder.mkdir(parents=True)
    started = pathlib.Path(f"/proc/{os.getpid()}/stat").read_text().rsplit(")", 1)[1].split()[19]
    (folder / str(os.getpid())).write_text(f"{started}\n")
    assert_not_now(device, f"pid {os.getpid()}", "is at work")
    (folder / str(os.getpid())).unlink()
    assert_installs(device)


# Whether somebody answers


def test_no_answer_is_no_failure_and_the_next_run_goes_on(device, server):
    server.stop()
    assert_not_now(device, "nothing answers at", server.url)
    assert_fails(device.suture("install", check=False), "nothing answers at")
    device.url = "http://repository.invalid"
    assert_not_now(device, "is there a network?")
    again = Server(device.root.parent / "repository")
    device.url = again.url
    assert_installs(device)
    again.stop()
    assert unattended(device)["not_now"] and device.active() == {COMPONENT: "a"}


@pytest.mark.parametrize("what", [r"timestamp", r"manifest"])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_is_down_is_no_failure_until_it_has_said_what_there_is(mirror, directory, system, released, what,
                                                                             status):
    device = Device(directory, mirror.url, released.root)
    mirror.alter(what, lambda body: Answer(status, body=b"try later"))
    assert_not_now(device, f"answered {status}")
    assert "checked" not in device.report("status")
    mirror.be_honest()
    assert_installs(device)


def hang_up(body):
    raise ConnectionResetError


@pytest.mark.parametrize("change", [lambda body: Answer(503, body=b"try later"), hang_up], ids=["503", "silence"])
def test_who_lets_news_through_and_keeps_downloads_back_does_not_go_unnoticed(mirror, directory, system, released, change):
    """The status calls the metadata fresh, so the run has to fail."""
    device = Device(directory, mirror.url, released.root)
    mirror.alter(r"\.delta$", change)
    assert_fails(device.suture("install", "--unattended", check=False), COMPONENT)
    assert device.active() == {}
    mirror.be_honest()
    assert_installs(device)


@pytest.mark.parametrize("change, words", [
    (DAMAGES["a flipped bit"], "timestamp"), (DAMAGES["garbage"], "timestamp"), (DAMAGES["the first half"], "timestamp"),
    (lambda body: Answer(500), "answered 500"), (lambda body: Answer(404), "timestamp"),
    (lambda body: Answer(body=body[:99], announced=len(body)), "broke off"),
], ids=["a flipped bit", "a login page", "half of it", "500", "404", "a broken connection"])
def test_a_wrong_answer_is_a_failure(mirror, directory, system, released, change, words):
    device = Device(directory, mirror.url, released.root)
    mirror.alter(r"timestamp", change)
    assert_fails(device.suture("install", "--unattended", check=False), words)


def test_who_gets_no_answer_for_long_is_told_by_the_status(mirrored, mirror):
    mirror.stop()
    run_ = at(mirrored, 24 * 30, "install", "--unattended")
    assert run_.returncode == 0 and run_.stdout.startswith("Nothing is done now: ")
    assert "expired" in at(mirrored, 24 * 30, "status").stdout


def test_a_policy_that_cannot_be_understood_is_a_failure(device):
    folder = device.root / "etc/suture/policy.d"
    folder.mkdir(parents=True)
    (folder / "fleet.conf").write_text("[Policy]\nRemovel=no\n")
    assert_fails(device.suture("install", "--unattended", check=False), "fleet.conf", "Removel")


def test_a_download_that_was_cut_off_goes_on(mirror, directory, system, released):
    device = Device(directory, mirror.url, released.root)
    mirror.alter(r"\.delta$", lambda body: Answer(body=body[:len(body) // 2], announced=len(body)))
    assert_fails(device.suture("install", "--unattended", check=False), COMPONENT)
    mirror.be_honest()
    change, = unattended(device)["plan"]["changes"]
    assert 0 < change["download"]["received"] < change["download"]["size"]
    assert [wanted for path, wanted in mirror.requests if path.endswith(".delta")] != [None]
    assert device.active() == {COMPONENT: "a"}


# What a server learns


class Recorder(http.server.BaseHTTPRequestHandler):
    """Serves a repository, and keeps what came: the request's line and all headers."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.server.seen.append((self.requestline, sorted(self.headers.items())))
        file = self.server.repository / urllib.parse.unquote(self.path).lstrip("/")
        body = file.read_bytes() if file.is_file() else b""
        self.send_response(200 if file.is_file() else 404)
        for name, value in {"Content-Length": str(len(body)), "ETag": f'"{self.server.name}"',
                            "Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT", "Set-Cookie": f"id={self.server.name}"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def recorder(released):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.repository, server.seen, server.name, server.daemon_threads = released.repository, [], "x", True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def runs_of(device, recorder, environment):
    """What is asked for by two runs: the first fetches, the second could show what it has kept."""
    asked = []
    for _ in range(2):
        recorder.seen.clear()
        unattended(device, env={**os.environ, **environment})
        asked.append(sorted(recorder.seen))
    return asked


def test_two_devices_cannot_be_told_apart(recorder, directory, system, released):
    url = f"http://127.0.0.1:{recorder.server_port}"
    device = Device(directory, url, released.root)
    recorder.name = "one"
    (system / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (system / "etc/hostname").write_text("one\n")
    first = runs_of(device, recorder, {"LANG": "C.UTF-8", "TZ": "UTC"})
    device.suture("remove")
    shutil.rmtree(device.state)
    recorder.name = "two"
    (system / "etc/machine-id").write_text("ffffffffffffffffffffffffffffffff\n")
    (system / "etc/hostname").write_text("two\n")
    second = runs_of(device, recorder, {"LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo"})
    assert len(first[0]) > 4 and first == second
    secrets = {"0123456789abcdef", "ffffffffffffffff", "examplix", (device.state / "secret").read_bytes().hex()}
    for line, headers in first[0] + first[1]:
        assert {name for name, _ in headers} <= {"Host", "User-Agent", "Accept", "Range"}
        assert dict(headers)["User-Agent"] == "suture"
        assert not any(secret in value for secret in secrets for _, value in headers)


def test_what_is_asked_for_comes_in_another_order_each_time(recorder, directory, system, released, packages):
    names = [f"thing{number}" for number in range(6)]
    for number, name in enumerate(names):
        old, new = (make_deb(directory / f"{name}-{version}.deb", version, [Item(f"./usr/lib/{name}", text)], name=name)
                    for version, text in (("1", b"open\n" * 9), ("2", b"closed\n" * 9)))
        released.release(old, new, component=name)
        unpack(old, system)
    device = Device(directory, f"http://127.0.0.1:{recorder.server_port}", released.root)
    orders = {"json": set(), "delta|zst": set()}
    for _ in range(3):
        recorder.seen.clear()
        unattended(device)
        lines = [line.split()[1] for line, _ in recorder.seen]
        for kind, seen in orders.items():
            order = tuple(re.search(r"/(thing\d)/", line)[1] for line in lines if re.search(rf"/thing.*\.({kind})$", line))
            assert sorted(order) == names
            seen.add(order)
        device.suture("remove")
        shutil.rmtree(device.state)
    # That three of 720 orders are all the same happens once in half a million runs.
    assert all(len(seen) > 1 for seen in orders.values())


# Proxies


class Proxy(http.server.BaseHTTPRequestHandler):
    """An HTTP proxy for plain GETs."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.server.seen.append(self.path)
        wanted = {"Range": self.headers["Range"]} if self.headers["Range"] else {}
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                    urllib.request.Request(self.path, headers=wanted)) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, {}, b""
        self.send_response(status)
        if "Content-Range" in headers:
            self.send_header("Content-Range", headers["Content-Range"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.seen, server.daemon_threads = [], True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_everything_goes_through_the_proxy_that_is_set(device, proxy):
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    configure(device)
    (device.root / "etc/suture/suture.conf").write_text(f"[Suture]\nProxy=http://127.0.0.1:{proxy.server_port}\n")
    unattended(device, env=environment)
    assert device.active() == {COMPONENT: "a"}
    assert all(url.startswith(device.url) for url in proxy.seen)
    assert {"timestamp.json", "delta"} <= {re.split(r"[./]", url)[-1] if url.endswith("delta") else url.split("/")[-1]
                                           for url in proxy.seen}


def test_the_environments_proxy_counts_unless_the_setting_says_otherwise(device, proxy):
    environment = {**os.environ, "http_proxy": f"http://127.0.0.1:{proxy.server_port}", "no_proxy": ""}
    device.suture("check", env=environment)
    assert proxy.seen != []
    proxy.seen.clear()
    configure(device)
    (device.root / "etc/suture/suture.conf").write_text("[Suture]\nProxy=none\n")
    device.suture("check", env=environment)
    assert proxy.seen == []


def test_a_proxy_that_is_none_is_refused_and_its_password_is_for_root_alone(device):
    assert_fails(device.suture("settings", "Proxy=proxy:3128", check=False), "Proxy= is neither none nor a URL")
    assert_fails(device.suture("settings", "Proxy=http://me:secret@proxy:3128", check=False), "password")
    configure(device)
    (device.root / "etc/suture/suture.conf").write_text("[Suture]\nProxy=http://me:secret@proxy:3128\n")
    said = device.suture("settings", "Proxy").stdout
    assert "proxy:3128" in said and "secret" not in said
