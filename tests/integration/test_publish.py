# SPDX-License-Identifier: LGPL-2.1-or-later
"""The publisher: packages that are no packages or want to be more, releases that can be repeated and reproduced, and
what is released arriving on a device with exactly the package's owners, modes and attributes."""
import io
import os
import shutil
import signal
import stat
import struct
import tarfile

import pytest

from conftest import BUILD, COMPONENT, Device, Publisher, assert_fails, run
from mirror import Mirror
from packaging import ARCHITECTURE, Item, directory as folder, make_deb, symlink, unpack_items

OLD = [folder("./usr/lib/thing"), Item("./usr/lib/thing/one", b"one\n")]
NEW = [folder("./usr/lib/thing"), Item("./usr/lib/thing/one", b"fixed\n")]
NET_BIND = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)
SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "usr/lib/thing/huge",
          "GNU.sparse.realsize": str(1 << 40)}


def files_of(repository):
    return {str(path.relative_to(repository)): path.read_bytes()
            for path in sorted(repository.rglob("*")) if path.is_file()}


def assert_release_refused(publisher, base, fixed, *words):
    """The sentence, and a repository in which not a byte has changed."""
    before = files_of(publisher.repository)
    assert_fails(publisher.release(base, fixed, component="thing", check=False), *words)
    assert files_of(publisher.repository) == before


@pytest.fixture
def old(directory):
    return make_deb(directory / "old.deb", "1", OLD)


@pytest.fixture
def new(directory):
    return make_deb(directory / "new.deb", "2", NEW)


@pytest.mark.parametrize("side", ["base", "fixed"])
def test_what_is_no_package_is_refused_by_name(publisher, directory, old, new, side):
    broken = directory / "broken.deb"

    def refused(*words):
        pair = (broken, new) if side == "base" else (old, broken)
        assert_release_refused(publisher, *pair, f"{side}: ", "broken.deb", *words)

    broken.write_text("<html>404 Not Found</html>\n")
    refused("not a Debian package")
    whole = new.read_bytes()
    broken.write_bytes(whole[:len(whole) // 2])
    refused()
    broken.write_bytes(whole[:100])
    refused()
    broken.write_bytes(b"")
    refused("not a Debian package")
    broken.unlink()
    refused("No such file")
    publisher.release(old, new, component="thing")


class SparseItem(Item):
    """A map and no data, said to be a terabyte."""

    def add(self, tar):
        info = tarfile.TarInfo("usr/lib/thing/GNUSparseFile.0/huge")
        content = f"1\n{1 << 40}\n0\n".encode().ljust(512, b"\0")
        info.size, info.pax_headers = len(content), SPARSE
        tar.addfile(info, io.BytesIO(content))


class ManyItems(Item):
    """Empty files by the thousand, each a header of 512 bytes of which only the name and the checksum differ."""

    def add(self, tar):
        header = bytearray(tarfile.TarInfo("./usr/000000").tobuf(tarfile.USTAR_FORMAT))
        rest = sum(header) - sum(header[148:156]) + 8 * ord(" ") - 6 * ord("0")
        for number in range(self.content):
            digits = f"{number:06}".encode()
            header[6:12], header[148:156] = digits, f"{rest + sum(digits):06o}\0 ".encode()
            tar.fileobj.write(header)


@pytest.mark.parametrize("item, words", [
    (Item("../../etc/cron.d/evil", b"x"), ["a path that no package may have"]),
    (Item("./usr/../../evil", b"x"), ["a path that no package may have"]),
    (Item("/etc/shadow", b"x"), ["a path that no package may have"]),
    (Item("./usr/lib/thing/two\x1b[2J", b"x"), ["a path that no package may have"]),
    (Item("./usr/lib/thing/link", kind=tarfile.LNKTYPE, target="/etc/shadow"), ["a path that no package may have"]),
    (Item("./usr/lib/thing/node", kind=tarfile.BLKTYPE), ["usr/lib/thing/node is a device"]),
    (Item("./usr/lib/thing/null", kind=tarfile.CHRTYPE), ["usr/lib/thing/null is a device"]),
    (Item("./usr/lib/thing/pipe", kind=tarfile.FIFOTYPE), ["usr/lib/thing/pipe is a device, FIFO"]),
    (Item("./usr/lib/thing/two", b"x", attributes={"trusted.overlay.redirect": b"/etc"}), ["would steer the overlay"]),
    (Item("./usr/lib/thing/claims-5-GiB", 5 << 30), ["new.deb"]),
    (SparseItem("sparse"), ["more than"]),
    (Item("./etc/thing.conf", b"safer\n"), ["the fix changes etc/thing.conf", "only /usr is replaced"]),
    (Item("./usr/lib/thing", b"x"), ["usr/lib/thing"]),
], ids=lambda value: f"{value.path.encode()} {value.kind.decode()}" if isinstance(value, Item) else "")
def test_a_package_that_wants_more_than_files_below_usr_is_refused(publisher, directory, old, item, words):
    hostile = make_deb(directory / "new.deb", "2", [*NEW, item])
    assert_release_refused(publisher, old, hostile, *words)
    assert not os.path.lexists("/etc/cron.d/evil")


@pytest.mark.parametrize("target", ["/etc", "../../../../etc"])
def test_a_file_behind_a_symlink_of_its_package_is_refused(publisher, directory, old, target):
    hostile = make_deb(directory / "new.deb", "2", [*NEW, symlink("./usr/lib/thing/out", target),
                                                    Item("./usr/lib/thing/out/cron.d/evil", b"x")])
    assert_release_refused(publisher, old, hostile,
                           "usr/lib/thing/out/cron.d/evil lies below usr/lib/thing/out, which is a symlink")
    assert not os.path.lexists("/etc/cron.d/evil")


def test_a_package_of_too_many_files_is_refused(publisher, directory, old):
    many = make_deb(directory / "new.deb", "2", [ManyItems("many", 70_000)])
    assert_release_refused(publisher, old, many, "more than the 65536 files allowed")


def test_a_release_that_changes_nothing_is_refused(publisher, directory, old):
    same = make_deb(directory / "new.deb", "2", OLD)
    assert_release_refused(publisher, old, same, "do not differ")
    documented = make_deb(directory / "new.deb", "2", OLD + [Item("./usr/share/doc/thing/changelog", b"x")])
    assert_release_refused(publisher, old, documented, "do not differ", "--with-docs")


def test_a_directory_that_becomes_a_file_is_refused(publisher, directory):
    base = make_deb(directory / "old.deb", "1", OLD + [folder("./usr/lib/thing/d")])
    fixed = make_deb(directory / "new.deb", "2", NEW + [Item("./usr/lib/thing/d", b"x")])
    assert_release_refused(publisher, base, fixed, "turns the directory usr/lib/thing/d into a file")


def test_packages_of_different_architectures_are_refused(publisher, directory, old):
    other = "arm64" if ARCHITECTURE != "arm64" else "amd64"
    fixed = make_deb(directory / "new.deb", "2", NEW, architecture=other)
    assert_release_refused(publisher, old, fixed, f"the base is for {ARCHITECTURE} and the fix for {other}")


def test_a_release_without_what_it_needs_says_what_to_say(publisher, old, new):
    repository, component = f"--repository={publisher.repository}", "--component=thing"
    complete = [repository, component, "--base", old, "--fixed", new]
    for arguments, words, code in [
            ([component, "--base", old, "--fixed", new], ["--repository"], 2),
            ([repository, "--base", old, "--fixed", new], ["--component"], 2),
            ([repository, component, "--fixed", new], ["--base"], 2),
            ([repository, component, "--base", old], ["--fixed"], 2),
            ([repository, "--component=a/b", "--base", old, "--fixed", new], ["a/b"], 1),
            ([repository, "--component=..", "--base", old, "--fixed", new], [".."], 1),
            ([*complete, "--rollout-hours=-1"], ["--rollout-hours"], 1),
            ([*complete, "--rollout-percent=101"], ["--rollout-percent", "100"], 1),
            ([*complete, "--urgent", "--rollout-hours=9"], ["--urgent", "leave out --rollout-hours"], 1),
            ([*complete, "--released=yesterday"], ["--released", "yesterday"], 1),
            ([*complete, "--os-release=/none"], ["/none"], 1),
    ]:
        result = publisher.run("release", f"--keys={publisher.keys}", *arguments, check=False)
        assert result.returncode in (1, 2), arguments
        assert_fails(result, *words, code=code)
    assert list((publisher.repository / "targets").iterdir()) == []


def test_the_same_release_twice_is_said_and_makes_no_new_letter(released, packages):
    before = files_of(released.repository)
    result = released.release(packages["1.0-1"], packages["1.0-1+fix1"])
    assert "already released as (a)" in result.stdout
    assert files_of(released.repository) == before


def test_a_base_of_other_bytes_under_the_same_version_is_refused(released, directory, packages):
    released.release(make_deb(directory / "old.deb", "1", OLD), make_deb(directory / "new.deb", "2", NEW),
                     component="thing")
    other = make_deb(directory / "old.deb", "1", [OLD[0], Item("./usr/lib/thing/one", b"otherwise\n")])
    assert_release_refused(released, other, make_deb(directory / "new.deb", "3", NEW),
                           "other base files", "the same base version must be the same bytes")


def test_the_same_input_makes_the_same_bytes(publisher, directory, system, packages):
    """Two publishers with other keys, and each file of the improvement is the same."""
    (directory / "second").mkdir()
    second = Publisher(directory / "second", system)
    for each in (publisher, second):
        each.release(packages["1.0-1"], packages["1.0-1+fix1"], SOURCE_DATE_EPOCH="1767225600")
        each.release(packages["1.0-1"], packages["1.0-1+fix2"], SOURCE_DATE_EPOCH="1767229200")
    made = files_of(publisher.repository / "targets")
    assert {name.rsplit(".", 2)[-1] for name in made} == {"json", "delta", "zst"} and len(made) >= 6
    assert files_of(second.repository / "targets") == made


@pytest.fixture
def odd(publisher, directory, system):
    """A package with everything that is not just bytes, on a device that has its base."""
    base = [folder("./usr/lib/thing"), Item("./usr/lib/thing/one", b"one\n"), Item("./usr/lib/thing/gone", b"gone\n"),
            symlink("./usr/lib/thing/link", "one"), folder("./usr/lib/thing/kept", mode=0o750),
            Item("./usr/lib/thing/kept/other", b"other\n"), Item("./usr/lib/thing/kept/mode", b"same\n")]
    fixed = [folder("./usr/lib/thing"),
             Item("./usr/lib/thing/one", b"fixed\n", mode=0o4755, uid=7, gid=8),
             Item("./usr/lib/thing/ping", b"ping\n", mode=0o755, attributes={"security.capability": NET_BIND}),
             symlink("./usr/lib/thing/link", "ping"), symlink("./usr/lib/thing/new-link", "/etc/hostname"),
             folder("./usr/lib/thing/kept", mode=0o750), Item("./usr/lib/thing/kept/other", b"other\n"),
             Item("./usr/lib/thing/kept/mode", b"same\n", mode=0o600),
             folder("./usr/lib/thing/added", mode=0o2771, uid=3, gid=4),
             Item("./usr/lib/thing/added/empty", b"", mode=0o400),
             Item("./usr/lib/thing/f\u0151", b"utf-8\n")]
    unpack_items(base, system)
    publisher.release(make_deb(directory / "old.deb", "1", base), make_deb(directory / "new.deb", "2", fixed),
                      component="thing")
    return publisher, fixed


@pytest.fixture
def odd_device(odd, directory, system):
    mirror = Mirror(odd[0].repository)
    yield Device(directory, mirror.url, odd[0].root)
    mirror.stop()


def look(path):
    status = os.lstat(path)
    return stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def test_owners_modes_attributes_and_links_arrive_as_the_package_has_them(odd, odd_device):
    thing = odd_device.root / "usr/lib/thing"
    before = {path: look(path) for path in [thing, *thing.rglob("*")]}
    odd_device.suture("install")
    kinds = {tarfile.REGTYPE: stat.S_IFREG, tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK}
    for item in odd[1]:
        path = odd_device.root / item.path
        assert look(path) == (kinds[item.kind], item.mode, item.uid, item.gid), item.path
        if item.kind == tarfile.REGTYPE:
            assert path.read_bytes() == item.content, item.path
        elif item.kind == tarfile.SYMTYPE:
            assert os.readlink(path) == item.target
    assert os.getxattr(thing / "ping", "security.capability") == NET_BIND
    assert os.listxattr(thing / "one") == []
    assert not os.path.lexists(thing / "gone")
    assert sorted(os.listdir(thing)) == sorted({item.path.split("/")[4] for item in odd[1] if item.path.count("/") > 3})
    odd_device.suture("remove")
    assert {path: look(path) for path in [thing, *thing.rglob("*")]} == before


def test_directory_trees_make_the_same_improvement_as_packages(odd, odd_device, directory, system):
    """Without a package there is nobody but the publisher to say the versions and the architecture."""
    for name, items in (("old-tree", OLD), ("new-tree", NEW)):
        unpack_items(items, directory / name)
    publisher = odd[0]
    arguments = [directory / "old-tree", directory / "new-tree"]
    assert_fails(publisher.release(*arguments, component="tree", check=False), "say --base-version=VERSION")
    publisher.release(*arguments, "--base-version=1", "--fixed-version=2", f"--arch={os.uname().machine}",
                      component="tree")
    os.mkfifo(directory / "new-tree/usr/lib/thing/pipe")
    assert_fails(publisher.release(*arguments, "--base-version=1", "--fixed-version=3",
                                   f"--arch={os.uname().machine}", component="tree", check=False), "pipe")
    assert_fails(odd_device.suture("install", check=False), "usr/lib/thing/one", "install one of them by name")
    odd_device.suture("install", "tree")
    assert odd_device.active() == {"tree": "a"}
    assert odd_device.read("usr/lib/thing/one") == b"fixed\n"


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("pattern", ["*.image.zst", "*.manifest.json", "*.from-base.delta", "timestamp.json",
                                     "2.snapshot.json", "2.targets.json", "1.root.json"])
@pytest.mark.parametrize("damage", [flip, lambda path: path.unlink(), lambda path: path.write_bytes(b"")],
                         ids=["flipped bit", "missing", "empty"])
def test_verify_finds_what_is_damaged_on_the_server(released, pattern, damage):
    damage(next(released.repository.rglob(pattern)))
    result = released.run("verify", f"--repository={released.repository}", check=False)
    assert result.returncode == 1 and "Sanitizer" not in result.stderr
    assert pattern.removeprefix("*.").split(".")[-2] in result.stdout + result.stderr


def test_verify_says_that_a_sound_repository_is_sound(released, packages, directory):
    arguments = ["verify", f"--repository={released.repository}", "--base", packages["1.0-1"]]
    assert "is sound: 1 improvement" in released.run(*arguments).stdout
    other = make_deb(directory / "old.deb", "1", OLD)
    assert "could not be tried" in released.run(*arguments[:-1], other).stdout
    assert_fails(released.run("verify", f"--repository={directory}", check=False), "it is no repository")
    assert_fails(released.run("verify", f"--repository={directory}/none", check=False), "none")


def test_a_withdrawn_letter_leaves_devices_at_their_next_install(mirrored, released, packages, libraries):
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    mirrored.suture("install")
    mirrored.assert_shows("b", libraries["1.0-1+fix2"])
    withdraw = ["withdraw", f"--repository={released.repository}", f"--keys={released.keys}", COMPONENT]
    assert_fails(released.run(*withdraw, "c", check=False), "has no liborigin (c)")
    assert "is withdrawn" in released.run(*withdraw, "b").stdout
    assert "is withdrawn already" in released.run(*withdraw, "b").stdout
    mirrored.suture("install")
    mirrored.assert_shows("a", libraries["1.0-1+fix1"])
    released.run(*withdraw, "a")
    result = mirrored.suture("install")
    assert "its publisher withdrew it" in result.stdout and "open again" in result.stdout
    mirrored.assert_shows(None, libraries["1.0-1"])
    assert "is sound" in released.run("verify", f"--repository={released.repository}").stdout


def test_keys_are_kept_apart_and_the_right_ones_are_needed(released, publisher_of_others, directory, packages):
    assert_fails(released.run("init", directory / "repository", check=False), "is not empty")
    assert_fails(released.run("init", directory / "fresh", f"--keys={directory}/fresh/keys", check=False),
                 "the keys must not lie in the repository")
    before = files_of(released.repository)
    for arguments in (["refresh"], ["withdraw", COMPONENT, "a"]):
        for keys, word in ((directory / "none", "none"), (publisher_of_others.keys, "key")):
            assert_fails(released.run(*arguments, f"--repository={released.repository}", f"--keys={keys}",
                                      check=False), word)
    assert {name: content for name, content in files_of(released.repository).items() if name in before} == before
    assert "is sound" in released.run("verify", f"--repository={released.repository}").stdout
    for key in released.keys.glob("*.pem"):
        assert stat.S_IMODE(key.stat().st_mode) & 0o077 == 0, key


@pytest.fixture
def publisher_of_others(directory, system):
    (directory / "others").mkdir()
    return Publisher(directory / "others", system)


RENAMES = 7  # of a release: its four files, then targets, snapshot, timestamp


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace kills the publisher at a system call")
@pytest.mark.parametrize("when", range(1, RENAMES + 2))
def test_a_release_that_is_killed_can_be_repeated_and_readers_never_see_half_of_it(released, packages, directory, when):
    """Killed at the beginning of each rename in turn: before it, and so after the one before."""
    command = ["release", f"--repository={released.repository}", f"--keys={released.keys}", f"--component={COMPONENT}",
               f"--os-release={released.system}/usr/lib/os-release", "--base", packages["1.0-1"],
               "--fixed", packages["1.0-1+fix2"]]
    verify = ["verify", f"--repository={released.repository}", "--base", packages["1.0-1"]]
    renames = "rename,renameat,renameat2"
    (directory / "temporary").mkdir()
    killed = run("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={renames}", "-e",
                 f"inject={renames}:signal=SIGKILL:when={when}", BUILD / "suture-publish", *command, check=False,
                 env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "TMPDIR": str(directory / "temporary")})
    if when > RENAMES:
        assert killed.returncode == 0, "all renames were tried"
        return
    assert killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), killed
    assert "is sound: 1 improvement," in released.run(*verify).stdout
    assert "Published" in released.run(*command).stdout
    assert "is sound: 2 improvements" in released.run(*verify).stdout
