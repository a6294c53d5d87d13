# SPDX-License-Identifier: LGPL-2.1-or-later
"""fetcher-is-powerless: what speaks with servers is a process that can do nothing else. It speaks with every kind of
server that the machine knows of; and when somebody has taken it over, it can still do nothing else."""
import contextlib
import http.server
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import threading

import pytest

from conftest import BUILD, COMPONENT, assert_fails, run, wait_until
from mirror import Answer, Handler, Mirror
from test_worker import ATTEMPTS, ON_SYSTEM, TAKEN, workers
from whole import which

MAY_NOT = "the worker tried what it may not, and was ended"
NO_FILE = ("ENOENT", "EACCES")
# What its system calls would do is refused; all other attempts end it.
REFUSED = {
    "open-passwd": NO_FILE,
    "list-processes": NO_FILE,
    "write-hosts": ("EPERM",),
    "create-file": ("EPERM",),
    "write-given": ("EBADF",),
    "map-given-to-write": ("EPERM",),
    "reopen-given": ("EPERM",),
    "connect-to-service": ("EPERM",),
    "connect-to-abstract": ("EPERM",),
    "use-netlink": ("EPERM",),
    "use-raw-socket": ("EPERM",),
    "attach-filter": ("EPERM",),
    "turn-pair-around": ("EPERM",),
    "clone-another": ("ENOSYS",),
    "fork-another": ("EPERM",),
    "raise-limits": ("ENOSYS",),
    "run-written-code": ("EPERM",),
    "make-text-writable": ("EPERM",),
    "map-shared": ("EPERM",),
    "allocate": ("ENOMEM",),
    "have-descriptors": ("EBADF",),
}
# This is what it is for, or harmless.
ITS_OWN = {"connect-to-network", "ask-who"}
WITH_ALL_SYSTEM_CALLS = {
    "open-passwd": NO_FILE,
    "list-processes": NO_FILE,
    "write-hosts": ("EACCES", "EROFS"),
    "create-file": ("EACCES", "EROFS"),
    "make-device": ("EACCES", "EROFS", "EPERM"),
    "signal-others": ("ESRCH",),
    "signal-first": ("ESRCH",),
    "trace-others": ("ESRCH",),
    "read-others": ("ESRCH",),
    "connect-to-service": NO_FILE,
    "use-raw-socket": ("EPERM",),
    "run-shell": NO_FILE,
    "mount-files": ("EPERM",),
    "unmount-root": ("EPERM",),
    "become-root": ("EPERM",),
    "join-group": ("EPERM",),
    "take-capabilities": ("EPERM",),
    "name-machine": ("EPERM",),
    "raise-limits": ("EPERM",),
    "use-bpf": ("EPERM",),
    "use-perf": ("EACCES", "EPERM", "ENOENT", "EINVAL"),
    "allocate": ("ENOMEM",),
    "have-power": ("0",),
    "have-descriptors": ("EBADF",),
}
OUT_OF_ORDER = "the worker was out of order and was ended: it "
HEARD = {
    "begin-elsewhere": OUT_OF_ORDER + "begins at byte 12345",
    "begin-twice": OUT_OF_ORDER + "sent a message that may not come there",
    "begin-at-length": OUT_OF_ORDER + "sent a message of the wrong size",
    "pour": OUT_OF_ORDER + "sent more bytes than were asked for",
    "send-no-bytes": OUT_OF_ORDER + "sent no bytes",
    "break-off": OUT_OF_ORDER + "sent a message that may not come there",
    "be-other": OUT_OF_ORDER + "sent a message that may not come there",
    "make-metadata-up": "root metadata: is not valid JSON",
    "deny-everything": "the server has no timestamp.json",
    "answer-twice": "",
    "send-gigabyte": OUT_OF_ORDER + "sent a message that may not come there",
    "send-rubbish": OUT_OF_ORDER + "sent a message that may not come there",
    "send-nothing": OUT_OF_ORDER + "sent a message of 0 bytes",
    "send-too-long": OUT_OF_ORDER + "sent a message that is too long",
    "send-descriptor": OUT_OF_ORDER + "sent descriptors",
    "be-ready-again": OUT_OF_ORDER + "sent a message that may not come there",
    "be-gone": "the worker ended before it was done",
    "talk-much": OUT_OF_ORDER + "sent a sentence of 513 bytes",
    "paint-terminal": "the download failed: ?[2J?]0;taken??suture: all is well",
    "blame-disk": "the download failed: state directory",
    "crash": "the worker was ended by signal 4 (",
    "refuse": "the worker refuses to work: no",
    "speak-first": "the worker was out of order and was ended",
}


def taken(directory, name):
    fetcher = directory / name
    if not fetcher.exists():
        fetcher.symlink_to(TAKEN)
    return {**os.environ, "SUTURE_FETCHER": str(fetcher)}


def install(device, directory, name):
    return device.suture("install", check=False, env=taken(directory, name))


def assert_nothing_happened(device, systems, name):
    assert which(device.root, systems) == "base", name
    assert list((device.state / "images").glob("*")) == [], name
    assert not (device.state / "journal.json").exists(), name
    assert workers() == [], name


def test_no_attempt_is_left_out():
    assert {*REFUSED, *ITS_OWN, *WITH_ALL_SYSTEM_CALLS} < set(ON_SYSTEM)
    assert {name for kind, name in ATTEMPTS if kind == "fetcher"} < set(HEARD)


def test_whatever_is_no_fetching_is_refused_or_ends_it(device, directory, systems):
    for name in ON_SYSTEM:
        if name in ITS_OWN:
            continue
        result = install(device, directory, name)
        if name in REFUSED:
            assert re.search(f"{name} did not work: ({'|'.join(REFUSED[name])})\\b", result.stderr), result.stderr
        else:
            assert_fails(result, MAY_NOT)
    assert_nothing_happened(device, systems, ON_SYSTEM)


def test_each_layer_holds_even_with_all_system_calls(device, directory, systems):
    for name, reasons in WITH_ALL_SYSTEM_CALLS.items():
        result = install(device, directory, "bare-" + name)
        assert_fails(result, "the download failed: ")
        assert re.search(f"{name} did not work: ({'|'.join(reasons)})\\b", result.stderr), result.stderr
    assert_nothing_happened(device, systems, "all")


def landlock_version():
    return int(run("/usr/bin/python3", "-c", "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))").stdout)


@pytest.mark.skipif(landlock_version() < 6, reason="this kernel's Landlock knows nothing of abstract sockets")
def test_landlock_keeps_it_from_abstract_sockets_and_from_listening(device, directory):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("\0suture-test-abstract")
        listener.listen()
        assert "connect-to-abstract did not work: EPERM" in install(device, directory, "bare-connect-to-abstract").stderr
    assert "listen-to-network did not work: EACCES" in install(device, directory, "bare-listen-to-network").stderr


def test_its_root_has_what_names_and_certificates_need(device, directory):
    assert "list-root worked: 1" in install(device, directory, "bare-list-root").stderr


@pytest.mark.parametrize("name", HEARD)
def test_what_it_says_to_root_is_not_believed(device, directory, systems, name):
    assert_fails(install(device, directory, name), HEARD[name])
    assert_nothing_happened(device, systems, name)


def test_a_taken_fetcher_cannot_pass_anything_off(device, directory, systems, mirror):
    """The device goes on as if nothing had been, once it has a good one."""
    assert install(device, directory, "make-metadata-up").returncode == 1
    device.suture("install")
    assert which(device.root, systems) == "a"


@pytest.mark.parametrize("name", ["spin", "sleep-on", "hang-up"])
def test_one_that_never_ends_is_ended(device, directory, systems, name):
    """Root looks at the clock by itself."""
    config = device.root / "etc/suture"
    config.mkdir(exist_ok=True)
    (config / "suture.conf").write_text("[Suture]\nTimeLimit=1\n")
    assert_fails(install(device, directory, name))
    assert_nothing_happened(device, systems, name)


def test_of_the_environment_it_gets_the_proxies_alone(device, directory):
    environment = {**taken(directory, "sleep-on"), "SECRET": "1", "http_proxy": "http://127.0.0.1:1", "no_proxy": "*"}
    process = subprocess.Popen(device.command("install"), env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = b""
    # While a program is being started the kernel shows its name before its environment.
    while not found:
        assert process.poll() is None
        found = b"".join(pathlib.Path(f"/proc/{pid}/environ").read_bytes() for pid in workers())
    process.kill()
    process.wait()
    assert sorted(filter(None, found.split(b"\0"))) == [b"http_proxy=http://127.0.0.1:1", b"no_proxy=*"]
    wait_until(lambda: not workers())
    result = device.suture("install", check=False, env={**os.environ, "http_proxy": "x" * 5000})
    assert_fails(result, "http_proxy in the environment has more than 4096 bytes")


class Counting(Handler):
    """Counts connections."""

    def setup(self):
        self.server.mirror.connections = getattr(self.server.mirror, "connections", 0) + 1
        super().setup()


@contextlib.contextmanager
def serving(repository, address="127.0.0.1", context=None, handler=Counting):
    """Yields the mirror, whose port it is."""
    mirror = Mirror(repository)
    mirror.server.server_close()

    class Server(http.server.ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        daemon_threads = True

    mirror.server = Server((address, 0), handler)
    mirror.server.mirror = mirror
    if context:
        mirror.server.socket = context.wrap_socket(mirror.server.socket, server_side=True)
    thread = threading.Thread(target=mirror.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        mirror.server.shutdown()
        mirror.server.server_close()


@contextlib.contextmanager
def in_place_of(path, there):
    run("mount", "--bind", path, there)
    try:
        yield
    finally:
        run("umount", there)


def installs_from(device, url, systems, **environment):
    device.url = url
    device.suture("install", COMPONENT, env={**os.environ, **environment})
    assert which(device.root, systems) == "a"
    device.suture("remove")


@pytest.fixture
def authority(directory):
    """A certificate authority, and a server's certificate for localhost."""
    out = directory / "tls"
    out.mkdir()
    (out / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-keyout", out / "ca.key", "-out", out / "ca.pem", "-subj", "/CN=Test authority")
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", out / "key.pem",
        "-out", out / "request", "-subj", "/CN=localhost")
    run("openssl", "x509", "-req", "-in", out / "request", "-CA", out / "ca.pem", "-CAkey", out / "ca.key",
        "-CAcreateserial", "-days", "2", "-extfile", out / "extensions", "-out", out / "cert.pem")
    return out


@pytest.fixture
def tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    return context


def certificates(directory, authority, bundle, hashed):
    """As /etc/ssl/certs has them: a bundle, and links by hash to files that lie elsewhere."""
    out = directory / "certs"
    out.mkdir()
    other = next(pathlib.Path("/usr/share/ca-certificates/mozilla").iterdir())
    (out / "ca-certificates.crt").write_bytes((authority / "ca.pem" if bundle else other).read_bytes())
    if hashed:
        digest = run("openssl", "x509", "-hash", "-noout", "-in", authority / "ca.pem").stdout.strip()
        (out / f"{digest}.0").symlink_to(authority / "ca.pem")
    return out


@pytest.mark.parametrize("where", ["bundle", "hashed"])
def test_it_trusts_the_certificates_of_the_machine(device, directory, released, systems, authority, tls, where):
    found = certificates(directory, authority, where == "bundle", where == "hashed")
    with in_place_of(found, "/etc/ssl/certs"), serving(released.repository, context=tls) as mirror:
        installs_from(device, f"https://localhost:{mirror.server.server_port}", systems)


def test_it_trusts_no_other_certificate(device, directory, released, systems, authority, tls):
    found = certificates(directory, authority, False, False)
    with in_place_of(found, "/etc/ssl/certs"), serving(released.repository, context=tls) as mirror:
        device.url = f"https://localhost:{mirror.server.server_port}"
        assert_fails(device.suture("install", check=False), f"no protected connection to {device.url}")
    assert_nothing_happened(device, systems, "no certificate")


def test_names_come_from_the_hosts_file(device, directory, released, systems):
    hosts = directory / "hosts"
    hosts.write_text("127.0.0.1 updates.example.invalid\n")
    with in_place_of(hosts, "/etc/hosts"), serving(released.repository) as mirror:
        installs_from(device, f"http://updates.example.invalid:{mirror.server.server_port}", systems)


class NameServer(threading.Thread):
    """Says for each name that it is 127.0.0.1, and that it has no IPv6 address."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.start()

    def run(self):
        while True:
            try:
                question, client = self.socket.recvfrom(512)
            except OSError:
                return
            end = question.index(b"\0", 12) + 5
            kind = struct.unpack(">H", question[end - 4:end - 2])[0]
            self.asked.append(question[12:end - 5])
            answer = struct.pack(">HHHIH4s", 0xc00c, 1, 1, 1, 4, bytes([127, 0, 0, 1])) if kind == 1 else b""
            self.socket.sendto(question[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(answer), 0, 0) + question[12:end]
                               + answer, client)


def test_names_come_from_dns(device, directory, released, systems):
    settings = directory / "resolv.conf"
    settings.write_text("nameserver 127.0.77.1\n")
    names = NameServer("127.0.77.1")
    with in_place_of(settings, "/etc/resolv.conf"), serving(released.repository) as mirror:
        installs_from(device, f"http://updates.example.invalid:{mirror.server.server_port}", systems)
    names.socket.close()
    assert b"\7updates\7example\7invalid" in names.asked


def test_ipv6(device, released, systems):
    with serving(released.repository, "::1") as mirror:
        installs_from(device, f"http://[::1]:{mirror.server.server_port}", systems)


class Proxy(Counting):
    """Is asked for whole URLs, and for tunnels."""

    def do_GET(self):
        mirror = self.server.mirror
        mirror.whole = getattr(mirror, "whole", []) + [self.path]
        self.path = re.sub("^http://[^/]*", "", self.path)
        super().do_GET()

    def do_CONNECT(self):
        mirror = self.server.mirror
        mirror.whole = getattr(mirror, "whole", []) + [self.path]
        host, port = self.path.split(":")
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=self.copy, args=(there, self.connection), daemon=True)
            back.start()
            self.copy(self.connection, there)
            back.join()
        self.close_connection = True

    @staticmethod
    def copy(from_socket, to_socket):
        with contextlib.suppress(OSError):
            while data := from_socket.recv(65536):
                to_socket.sendall(data)
            to_socket.shutdown(socket.SHUT_WR)


def test_proxies_of_the_environment(device, directory, released, systems, authority, tls):
    found = certificates(directory, authority, True, False)
    with serving(released.repository, handler=Proxy) as proxy:
        url = f"http://127.0.0.1:{proxy.server.server_port}"
        installs_from(device, "http://no-such-name.invalid", systems, http_proxy=url)
        assert "http://no-such-name.invalid/metadata/timestamp.json" in proxy.whole
        with in_place_of(found, "/etc/ssl/certs"), serving(released.repository, context=tls) as mirror:
            proxy.whole = []
            origin = f"localhost:{mirror.server.server_port}"
            installs_from(device, f"https://{origin}", systems, https_proxy=url)
            assert set(proxy.whole) == {origin}
            proxy.whole = []
            installs_from(device, f"https://{origin}", systems, https_proxy=url, no_proxy="localhost")
            assert proxy.whole == []


def test_a_run_has_one_connection(device, released, systems):
    with serving(released.repository) as mirror:
        device.url = mirror.url = f"http://127.0.0.1:{mirror.server.server_port}"
        device.suture("install")
        assert mirror.connections == 1 and len(mirror.requests) > 5
        mirror.connections, mirror.requests = 0, []
        device.suture("check")
        assert mirror.connections == 1
        assert [path for path, _ in mirror.requests] == ["metadata/2.root.json", "metadata/timestamp.json"]
    device.suture("remove")


def test_from_tls_no_redirect_leads_out(device, directory, released, systems, authority, tls):
    found = certificates(directory, authority, True, False)
    with in_place_of(found, "/etc/ssl/certs"), serving(released.repository) as plain, \
            serving(released.repository, context=tls) as mirror:
        mirror.alter("timestamp", lambda body: Answer(
            302, {"Location": f"http://127.0.0.1:{plain.server.server_port}/metadata/timestamp.json"}))
        device.url = f"https://localhost:{mirror.server.server_port}"
        assert_fails(device.suture("install", check=False), "which is not protected by TLS")
    assert_nothing_happened(device, systems, "redirect")


def test_by_hand_it_says_who_starts_it():
    for arguments in ([], ["fetch"], ["decode"], ["--help"]):
        result = run(BUILD / "suture-fetcher", *arguments, check=False)
        assert result.returncode == 2 and "is started by suture alone" in result.stderr
