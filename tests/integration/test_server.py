# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that fail, stall, lie about lengths or lead elsewhere: each try ends soon, with a sentence that names the
address, and what was installed stays."""
import itertools
import os
import socket

import pytest

from conftest import Device, assert_fails
from mirror import Answer, Mirror
from packaging import Item, make_deb, unpack_items


@pytest.fixture
def device(mirrored, released, packages):
    """(a) is active, and (b) is there to be fetched."""
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    return mirrored


def endless(body):
    """Neither a length nor an end."""
    return Answer(body=itertools.repeat(b"{" * 65536))


MISBEHAVIOUR = {
    "404 for everything": ("", lambda body: Answer(404, body=b"gone"), ["has no timestamp.json", "address is wrong"]),
    "403 for everything": ("", lambda body: Answer(403, body=b"no"), ["has no timestamp.json", "address is wrong"]),
    "404 for every download": (r"\.(delta|zst)$", lambda body: Answer(404), ["has no", "image.zst", "incomplete"]),
    "404 for the manifest": ("manifest", lambda body: Answer(404), ["has no", "manifest.json", "incomplete"]),
    "404 for targets": (r"\.targets\.json$", lambda body: Answer(404), ["has no", "targets.json"]),
    "500 for everything": ("", lambda body: Answer(500, body=b"oops"), ["answered 500", "try again later"]),
    "503 for the delta": (r"\.delta$", lambda body: Answer(503, body=b"busy"), ["answered 503", "try again later"]),
    "401 for everything": ("", lambda body: Answer(401, body=b"who?"), ["answered 401", "password"]),
    "a short timestamp": ("timestamp", lambda body: Answer(body=body[:100], announced=len(body)), ["broke off"]),
    "a short delta": (r"\.delta$", lambda body: Answer(body=body[:100], announced=len(body)), ["broke off", "resume"]),
    "an endless timestamp": ("timestamp", endless, ["more than", "timestamp.json"]),
    "an endless delta": (r"\.(delta|zst)$", endless, ["more than", "image.zst"]),
    "an absurd length": ("timestamp", lambda body: Answer(announced=1 << 62), ["larger than it may be"]),
    "a redirect loop": ("", lambda body: Answer(302, {"Location": "/again"}), ["redirects"]),
    "a redirect to a file": ("", lambda body: Answer(302, {"Location": "file:///etc/passwd"}), ["file:"]),
    "a redirect to gopher": ("", lambda body: Answer(302, {"Location": "gopher://127.0.0.1/"}), ["gopher"]),
    "a redirect to nowhere": ("", lambda body: Answer(302), ["302"]),
    "endless headers": ("", lambda body: Answer(headers={f"X-{i}": "x" * 1000 for i in range(90)}), ["headers"]),
}


@pytest.mark.parametrize("pattern, change, words", MISBEHAVIOUR.values(), ids=MISBEHAVIOUR.keys())
def test_a_server_that_misbehaves_changes_nothing(device, mirror, libraries, pattern, change, words):
    mirror.alter(pattern, change)
    assert_fails(device.suture("install", check=False), *words)
    device.assert_shows("a", libraries["1.0-1+fix1"])
    mirror.be_honest()
    device.suture("install")
    assert device.read() == libraries["1.0-1+fix2"]


def test_a_redirect_to_the_same_files_elsewhere_is_followed(device, mirror, released, libraries):
    """As to the nearest mirror."""
    nearest = Mirror(released.repository)
    mirror.answer = lambda path, wanted_range: Answer(302, {"Location": f"{nearest.url}/{path}"})
    device.suture("install")
    nearest.stop()
    device.assert_shows("b", libraries["1.0-1+fix2"])


def test_nothing_listening_is_told_with_the_address(device, libraries):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    good, device.url = device.url, f"http://127.0.0.1:{port}"
    assert_fails(device.suture("install", check=False), "nothing answers at", f"127.0.0.1:{port}", "refused")
    device.assert_shows("a", libraries["1.0-1+fix1"])
    device.url = good
    device.suture("install")
    device.assert_shows("b", libraries["1.0-1+fix2"])


@pytest.mark.parametrize("url", ["file:///etc", "ftp://127.0.0.1/", "/var/www", "http://", "", "http://a b/"])
def test_what_is_no_http_address_is_refused_before_anything_is_asked(device, libraries, url):
    device.url = url
    assert_fails(device.suture("install", check=False))
    assert device.read() == libraries["1.0-1+fix1"]


def test_a_password_in_the_address_is_never_shown(device):
    device.url = device.url.replace("http://", "http://user:secret@")
    good = device.suture("install", "--json").stdout + device.suture("status").stdout
    device.url = "http://user:secret@127.0.0.1:1"
    result = device.suture("install", check=False)
    assert_fails(result, "127.0.0.1:1")
    assert "secret" not in result.stderr + good


def test_a_check_reveals_nothing_about_the_device(device, mirror):
    """The same request from every device: no cookie, no identifier, one user agent."""
    seen = []
    mirror.server.RequestHandlerClass.log_request = lambda handler, *rest: seen.append(dict(handler.headers))
    try:
        device.suture("check")
    finally:
        del mirror.server.RequestHandlerClass.log_request
    assert seen
    for headers in seen:
        assert set(headers) <= {"Host", "User-Agent", "Accept"}
        assert headers["User-Agent"] == "suture"


@pytest.fixture
def big(directory, system, mirror, released):
    """A component whose delta is large enough to break off in the middle: bytes that resemble nothing."""
    old = [Item("./usr/lib/big", b"old\n")]
    new = [Item("./usr/lib/big", os.urandom(600_000))]
    unpack_items(old, system)
    released.release(make_deb(directory / "old.deb", "1", old), make_deb(directory / "new.deb", "2", new),
                     component="big")
    device = Device(directory, mirror.url, released.root)
    device.content = new[0].content
    return device


def test_a_download_that_breaks_off_goes_on_where_it_ended(big, mirror):
    mirror.alter(r"\.(delta|zst)$", lambda body: Answer(body=body[:400_000], announced=len(body)))
    assert_fails(big.suture("install", "big", check=False), "broke off after 400000 of", "resume")
    assert big.active() == {}
    mirror.be_honest()
    change = big.report("install", "big")["changes"][0]
    size = change["download"]["size"]
    assert [asked for path, asked in mirror.requests if asked] == [f"bytes=400000-{size - 1}"]
    assert change["download"]["received"] == size - 400_000
    assert mirror.sent < size - 300_000
    assert big.read("usr/lib/big") == big.content


@pytest.mark.parametrize("how", ["ignores ranges", "sends another range", "refuses ranges"])
def test_a_server_without_ranges_sends_the_whole_again(big, mirror, how):
    mirror.alter(r"\.(delta|zst)$", lambda body: Answer(body=body[:400_000], announced=len(body)))
    assert_fails(big.suture("install", "big", check=False), "broke off")
    mirror.be_honest()
    original = mirror.part
    mirror.part = {
        "ignores ranges": lambda body, asked: Answer(body=body),
        "sends another range": lambda body, asked: original(body, "bytes=0-99"),
        "refuses ranges": lambda body, asked: Answer(416),
    }[how]
    download = big.report("install", "big")["changes"][0]["download"]
    assert download["received"] == download["size"]
    assert big.read("usr/lib/big") == big.content


def test_a_beginning_that_was_damaged_is_thrown_away_with_the_rest(big, mirror):
    """Else every try would go on behind the wrong bytes."""
    mirror.alter(r"\.(delta|zst)$", lambda body: Answer(body=b"x" * 400_000, announced=len(body)))
    assert_fails(big.suture("install", "big", check=False), "broke off")
    mirror.be_honest()
    download = big.report("install", "big")["changes"][0]["download"]
    assert download["received"] == 2 * download["size"] - 400_000
    assert big.read("usr/lib/big") == big.content
