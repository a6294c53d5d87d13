# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests share: real packages, a real repository behind a real HTTP server, and a small system
root on which the real programs work. Everything mounted lives in the mount namespace that ./dev test makes for pytest.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pytest

from mirror import Mirror
from whole import snapshot

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("SUTURE_BUILD", ROOT / "build-test"))
os.environ.setdefault("SUTURE_WORKER", str(BUILD / "suture-worker"))
os.environ.setdefault("SUTURE_FETCHER", str(BUILD / "suture-fetcher"))
COMPONENT = "liborigin"
LIBRARY = "usr/lib/liborigin.so.1"
NOBODY = 65534


def run(*command, check=True, **keywords):
    result = subprocess.run([str(word) for word in command], text=True, capture_output=True,
                            stdin=subprocess.DEVNULL, check=False, **keywords)
    if check and result.returncode != 0:
        raise AssertionError(f"{command} failed with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


def wait_until(condition):
    """A slow machine is no failure: the limit only ends what hangs."""
    limit = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def members_of(group):
    """The system calls of a group of systemd's, those of the groups in it included."""
    listing = run("systemd-analyze", "syscall-filter", group).stdout.splitlines()[1:]
    words = [line.strip() for line in listing if line.strip() and not line.strip().startswith("#")]
    return {name for word in words for name in (members_of(word) if word.startswith("@") else {word})}


def assert_fails(result, *words, code=1):
    """One clear line on stderr, and the exit code: what every failure owes to people."""
    assert result.returncode == code, (result.stdout, result.stderr)
    lines = [line for line in result.stderr.splitlines() if line.startswith(("suture: ", "suture-publish: "))]
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0], lines[0]
    assert "Sanitizer" not in result.stderr


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The example component: {"1.0-1": path of liborigin1's .deb, …} and "tools". Where there is no compiler,
    SUTURE_EXAMPLES says where they are."""
    out = pathlib.Path(os.environ.get("SUTURE_EXAMPLES") or tmp_path_factory.mktemp("packages"))
    if "SUTURE_EXAMPLES" not in os.environ:
        run(ROOT / "examples/origin/build-packages", out)
    found = {re.match(r"liborigin1_([^_]+)_", path.name)[1]: path for path in out.glob("liborigin1_*.deb")}
    found["tools"] = next(out.glob("origin-tools_*.deb"))
    return found


@pytest.fixture(scope="session")
def libraries(packages, tmp_path_factory):
    """The bytes of the library in each version."""
    out = tmp_path_factory.mktemp("libraries")
    for version in [version for version in packages if version != "tools"]:
        (out / version).mkdir()
        unpack(packages[version], out / version)
    return {path.name: (path / LIBRARY).read_bytes() for path in out.iterdir()}


class Publisher:
    """A repository and its keys."""

    def __init__(self, directory, system):
        self.repository, self.keys = directory / "repository", directory / "keys"
        self.system = system
        if not self.repository.exists():
            self.run("init", self.repository, f"--keys={self.keys}")

    def run(self, *arguments, check=True, **environment):
        return run(BUILD / "suture-publish", *arguments, check=check, env={**os.environ, **environment})

    def release(self, base, fixed, *more, component=COMPONENT, check=True, **environment):
        return self.run("release", f"--repository={self.repository}", f"--keys={self.keys}",
                        f"--component={component}", f"--os-release={self.system}/usr/lib/os-release",
                        "--base", base, "--fixed", fixed, *more, check=check, **environment)

    @property
    def root(self):
        return self.repository / "metadata/1.root.json"


class Server:
    """suture-publish serve, on a free port."""

    def __init__(self, repository):
        self.process = subprocess.Popen(
            [BUILD / "suture-publish", "serve", repository, "--address=127.0.0.1:0"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.url = re.search(r"http://[0-9.:]+", self.process.stdout.readline())[0]

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0


class Device:
    """A system root with the base of the example component, and suture on it."""

    def __init__(self, directory, url=None, trust=None):
        self.root, self.state = directory / "system", directory / "state"
        self.url, self.trust = url, trust

    def command(self, *arguments):
        return [BUILD / "suture", f"--root={self.root}", f"--state={self.state}", f"--repository={self.url}",
                f"--trust={self.trust}", *arguments]

    def suture(self, *arguments, check=True, **keywords):
        return run(*self.command(*arguments), check=check, **keywords)

    def report(self, *arguments):
        return json.loads(self.suture(*arguments, "--json").stdout)

    def active(self):
        """{component: letter} of what is active and really mounted."""
        status = self.report("status")
        if status["verdict"] in ("base", "inactive"):
            return {}
        return {item["component"]: item["letter"] for item in status["improvements"]}

    def assert_shows(self, letter, library, path=LIBRARY):
        """The improvement with this letter is active, None for the base, and a reader gets these bytes."""
        assert self.active().get(COMPONENT) == letter
        assert self.read(path) == library

    def read(self, path=LIBRARY):
        return (self.root / path).read_bytes()

    def program(self, *command):
        """A program of the system, chrooted into it, that stays until it is killed."""
        return subprocess.Popen(["chroot", self.root, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)


def unpack(deb, root):
    run("sh", "-c", f"dpkg-deb --fsys-tarfile '{deb}' | tar -x --keep-directory-symlink -C '{root}'")


def copy_runtime(root):
    """The C library that the example's programs need, from this machine."""
    for program in (root / "usr/bin").iterdir():
        for found in re.findall(r"(/\S+) \(0x", run("ldd", program, check=False).stdout):
            target = root / found.lstrip("/")
            if "liborigin" not in found and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, target)


def make_system(directory, packages):
    root = directory / "system"
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "srv", "dev", "proc"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to("usr/" + name)
    unpack(packages["1.0-1"], root)
    unpack(packages["tools"], root)
    (root / "usr/lib/os-release").write_text('ID=examplix\nVERSION_ID="7"\nNAME="Examplix"\n')
    copy_runtime(root)
    return root


def unmount_all(root):
    while run("umount", root / "usr", check=False).returncode == 0:
        pass
    while run("umount", "-l", root / "usr", check=False).returncode == 0:
        pass


@pytest.fixture
def directory():
    """On a disk, not in /tmp: a tmpfs would hide what only a file system does."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="suture-test-", dir="/var/tmp"))
    yield path
    if (path / "system").exists():
        unmount_all(path / "system")
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def prepared(packages):
    """A system, a new repository, and the same repository with improvement (a): made once, copied for each test."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="suture-prepared-", dir="/var/tmp"))
    system = make_system(path, packages)
    publisher = Publisher(path, system)
    run("cp", "-a", publisher.repository, path / "new")
    publisher.release(packages["1.0-1"], packages["1.0-1+fix1"], "--advisory",
                      "CVE-2026-0001=names that only begin alike")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def systems(packages, tmp_path_factory):
    """What a system is when the packages of each letter are unpacked on it: {"base": …, "a": …, "b": …}."""
    versions = {"base": "1.0-1", "a": "1.0-1+fix1", "b": "1.0-1+fix2"}
    return {name: snapshot(make_system(tmp_path_factory.mktemp(name), {**packages, "1.0-1": packages[version]}))
            for name, version in versions.items()}


@pytest.fixture
def system(directory, prepared):
    run("cp", "-a", prepared / "system", directory)
    return directory / "system"


@pytest.fixture
def publisher(directory, system, prepared):
    """A repository without improvements."""
    run("cp", "-a", prepared / "new", directory / "repository")
    run("cp", "-a", prepared / "keys", directory)
    return Publisher(directory, system)


@pytest.fixture
def released(directory, system, prepared):
    """A repository with improvement (a) of the example."""
    run("cp", "-a", prepared / "repository", prepared / "keys", directory)
    return Publisher(directory, system)


@pytest.fixture
def server(released):
    server = Server(released.repository)
    yield server
    server.stop()


@pytest.fixture
def device(directory, system, server, released):
    return Device(directory, server.url, released.root)


@pytest.fixture
def mirror(released):
    mirror = Mirror(released.repository)
    yield mirror
    mirror.stop()


@pytest.fixture
def mirrored(directory, system, mirror, released):
    """A device on a mirror that a test can make dishonest, with improvement (a) active."""
    device = Device(directory, mirror.url, released.root)
    device.suture("install")
    mirror.be_honest()
    return device


@pytest.fixture(scope="session")
def suture_for_nobody():
    """A copy of the program: the build directory may be where nobody else can look, such as root's home."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="suture-test-", dir="/var/tmp"))
    path.chmod(0o755)
    shutil.copy(BUILD / "suture", path / "suture")
    yield path / "suture"
    shutil.rmtree(path)


def as_nobody(program, device, *arguments):
    return run(program, *device.command(*arguments)[1:], check=False, user=NOBODY, group=NOBODY, extra_groups=[],
               cwd="/")


@pytest.fixture
def make_bus(directory, device):
    from bus import Bus  # which needs what stands above
    made = []

    def make(**keywords):
        made.append(Bus(directory, device, **keywords))
        return made[0]

    yield make
    for bus in made:
        bus.stop()


@pytest.fixture
def bus(make_bus):
    return make_bus()


@pytest.fixture
def programs(device):
    from programs import Programs  # as above
    programs = Programs(device)
    yield programs
    programs.stop()
