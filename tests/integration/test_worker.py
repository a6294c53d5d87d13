# SPDX-License-Identifier: LGPL-2.1-or-later
"""worker-is-powerless: the process that decodes is started and confined as ever, but somebody has taken it over. Whatever
it tries comes to nothing, and the install fails with one clear line."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from conftest import BUILD, assert_fails, run, wait_until
from packaging import Item, make_deb, unpack_items
from whole import which

TAKEN = BUILD / "tests/taken-worker/suture-taken-worker"
ATTEMPTS = [line.split() for line in run(TAKEN).stdout.splitlines()]
ON_SYSTEM = [name for kind, name in ATTEMPTS if kind == "system"]
ON_ROOT = [name for kind, name in ATTEMPTS if kind == "root"]

MAY_NOT = "the worker tried what it may not, and was ended"
NO_FILE = ("ENOENT", "EACCES")
# Those that only the loss of a system call stops are not here.
WITH_ALL_SYSTEM_CALLS = {
    "open-passwd": NO_FILE,
    "list-processes": NO_FILE,
    "create-file": ("EACCES", "EROFS"),
    "make-device": ("EACCES", "EROFS", "EPERM"),
    "write-given": ("EBADF",),
    "truncate-given": ("EINVAL",),
    "map-given-to-write": ("EACCES",),
    "chmod-given": ("EPERM",),
    "reopen-given": NO_FILE,
    "signal-others": ("ESRCH",),
    "signal-first": ("ESRCH",),
    "trace-others": ("ESRCH",),
    "read-others": ("ESRCH",),
    "connect-to-network": ("ENETUNREACH", "EACCES"),
    "connect-to-service": NO_FILE,
    "connect-to-abstract": ("ECONNREFUSED", "EPERM"),
    "fork-another": ("EAGAIN",),
    "run-shell": NO_FILE,
    "run-given": ("EACCES",),
    "mount-files": ("EPERM",),
    "unmount-root": ("EPERM",),
    "become-root": ("EPERM",),
    "join-group": ("EPERM",),
    "take-capabilities": ("EPERM",),
    "name-machine": ("EPERM",),
    "raise-limits": ("EPERM",),
    "use-bpf": ("EPERM",),
    "use-perf": ("EACCES", "EPERM", "ENOENT", "EINVAL"),
    "load-module": ("EPERM", "ENOSYS"),
    "allocate": ("ENOMEM",),
    "have-power": ("0",),
    "have-descriptors": ("EBADF",),
}
OUT_OF_ORDER = "the worker was out of order and was ended: it sent "
HEARD = {
    "send-gigabyte": OUT_OF_ORDER + "more bytes than the result has",
    "send-crumbs": OUT_OF_ORDER + "1 bytes in place of",
    "send-rubbish": OUT_OF_ORDER + "a message that may not come there",
    "send-nothing": OUT_OF_ORDER + "a message of 0 bytes",
    "send-too-long": OUT_OF_ORDER + "a message that is too long",
    "send-descriptor": OUT_OF_ORDER + "descriptors",
    "be-ready-again": OUT_OF_ORDER + "a message that may not come there",
    "be-done-at-once": "the worker was out of order and was ended: it was done before the result was whole",
    "be-gone": "the worker ended before it was done",
    "talk-much": OUT_OF_ORDER + "a sentence of 513 bytes",
    "paint-terminal": "it cannot be decoded: ?[2J?]0;taken??suture: all is well",
    "blame-disk": "it cannot be decoded: state directory",
    "crash": "the worker was ended by signal 4 (",
}
FOR_EVER = {
    "spin": "the worker did not finish",
    "sleep-on": "the worker did not finish: it was silent",
    "hang-up": "the worker did not finish",
}


def command_of(device, directory, name):
    """The install whose worker is taken over to try this, and its environment."""
    worker = directory / name
    if not worker.exists():
        worker.symlink_to(TAKEN)
    return [str(word) for word in device.command("install")], {**os.environ, "SUTURE_WORKER": str(worker)}


def install(device, directory, name):
    command, environment = command_of(device, directory, name)
    return run(*command, check=False, env=environment)


def workers():
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            found += [entry] if "suture-taken-worker" in os.readlink(f"/proc/{entry}/exe") else []
        except OSError:
            pass
    return found


def assert_nothing_happened(device, systems, name):
    assert which(device.root, systems) == "base", name
    assert device.report("status")["verdict"] == "base", name
    assert list((device.state / "images").glob("*")) == [], name
    assert not (device.state / "journal.json").exists(), name
    assert workers() == [], name


def test_no_attempt_is_left_out():
    assert set(ON_ROOT) == {*HEARD, *FOR_EVER}
    assert set(WITH_ALL_SYSTEM_CALLS) < set(ON_SYSTEM)


def test_whatever_is_no_decoding_ends_it(device, directory, systems):
    for name in ON_SYSTEM:
        result = install(device, directory, name)
        # To take memory is decoding too, up to a limit.
        assert_fails(result, "allocate did not work: ENOMEM" if name == "allocate" else MAY_NOT)
        assert result.stderr.count("trying") == 1, "the whole image was tried as well"
    assert_nothing_happened(device, systems, ON_SYSTEM)
    device.suture("install")
    assert which(device.root, systems) == "a"
    device.suture("remove")


def test_each_layer_holds_even_with_all_system_calls(device, directory, systems):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0suture-test-abstract")
    listener.listen()
    for name, reasons in WITH_ALL_SYSTEM_CALLS.items():
        result = install(device, directory, "bare-" + name)
        assert_fails(result, f"{name} did not work: ")
        assert re.search(f"{name} did not work: ({'|'.join(reasons)})\\b", result.stderr), result.stderr
    listener.close()
    assert_nothing_happened(device, systems, "all")


def test_it_sees_no_file_at_all(device, directory):
    """With Landlock it may not even look."""
    result = install(device, directory, "bare-list-root")
    assert "list-root worked: 0" in result.stderr or "list-root did not work: EACCES" in result.stderr, result.stderr


@pytest.mark.parametrize("name", [*HEARD, "lie"])
def test_what_it_says_to_root_is_not_believed(device, directory, systems, name):
    result = install(device, directory, name)
    assert_fails(result, HEARD.get(name, "the image differs from its manifest"))
    assert_nothing_happened(device, systems, name)


def test_it_cannot_pass_its_failure_off_as_one_of_the_disk(device, directory):
    """Another way would not be tried for that."""
    result = install(device, directory, "blame-disk")
    assert "trying" in result.stderr
    assert_fails(result, "image.zst: it cannot be decoded: ")


def test_one_that_never_ends_is_ended(device, directory, systems):
    """Each is given its time twice: for the delta, and for the whole image."""
    running = {}
    for name in FOR_EVER:
        command, environment = command_of(device, directory, name)
        state = directory / ("state-" + name)
        command = [f"--state={state}" if word.startswith("--state=") else word for word in command]
        running[name] = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
    for name, process in running.items():
        out, err = process.communicate()
        assert_fails(subprocess.CompletedProcess([], process.returncode, out, err), FOR_EVER[name])
    assert which(device.root, systems) == "base" and workers() == []


def test_the_end_of_suture_is_the_end_of_the_worker(device, directory):
    command, environment = command_of(device, directory, "sleep-on")
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    wait_until(workers)
    process.kill()
    process.wait()
    wait_until(lambda: not workers())


def test_a_worker_that_cannot_work_is_a_failure_of_the_device(device, directory, systems):
    """Another download would not help: none is tried."""
    for name, words in {"refuse": "the worker refuses to work: no",
                        "speak-first": "the worker was out of order and was ended"}.items():
        result = install(device, directory, name)
        assert_fails(result, words)
        assert "trying" not in result.stderr
    text = directory / "text"
    text.write_text("no program")
    for path, words in {directory / "nothing": "No such file or directory", text: "Permission denied"}.items():
        result = run(*device.command("install"), check=False, env={**os.environ, "SUTURE_WORKER": str(path)})
        assert_fails(result, f"cannot run {path}: {words}")
        assert "trying" not in result.stderr
    assert_nothing_happened(device, systems, "cannot work")


def test_hundreds_of_old_files_are_handed_over(device, directory, system, released):
    """Several messages full of descriptors, and more than a process may have open by the worker's limit."""
    old = [Item(f"./usr/share/thing/{number:03}", os.urandom(4096)) for number in range(600)]
    new = [Item(item.path, item.content + b"!") for item in old]
    unpack_items(old, system)
    released.release(make_deb(directory / "old.deb", "1", old), make_deb(directory / "new.deb", "2", new),
                     component="thing")
    delta, = released.repository.glob("targets/**/thing/**/*from-base.delta")
    assert len(json.loads(run(BUILD / "suture-delta", "info", "--json", delta).stdout)["sources"]) == 600
    result = device.suture("install", "thing")
    assert "from-base.delta" in result.stderr and "trying" not in result.stderr
    assert all(device.read(item.path) == item.content for item in new)
    device.suture("remove")


def test_a_large_library_is_rebuilt_from_its_delta(device, directory, system, released):
    """Its model sorts enough for the C library to ask how much memory there is, which is not to be asked in there."""
    library = pathlib.Path(run("sh", "-c", "ldconfig -p | sed -n 's/.*libcrypto.so.3 .*=> //p'").stdout.split()[0])
    for tree in (directory / "base", directory / "fixed", system):
        (tree / "usr/lib").mkdir(parents=True, exist_ok=True)
        shutil.copy(library, tree / "usr/lib/large")
    with (directory / "fixed/usr/lib/large").open("r+b") as file:
        file.seek(500000)
        file.write(b"changed")
    released.release(directory / "base", directory / "fixed", "--base-version=1", "--fixed-version=2", component="large")
    [change] = json.loads(device.suture("install", "large", "--json").stdout)["changes"]
    assert change["download"]["kind"] == "delta"
    assert (system / "usr/lib/large").read_bytes() == (directory / "fixed/usr/lib/large").read_bytes()
    device.suture("remove")


def test_it_is_the_user_that_the_package_makes(device, directory):
    """Where there is none, one that nobody is."""
    passwd = directory / "passwd"
    passwd.write_text("root:x:0:0::/root:/bin/sh\n")
    run("mount", "--bind", passwd, "/etc/passwd")
    try:
        assert "ask-who worked: 65533" in install(device, directory, "bare-ask-who").stderr
        passwd.write_text("root:x:0:0::/root:/bin/sh\nsuture-worker:x:4242:4243::/:/usr/sbin/nologin\n")
        assert "ask-who worked: 4242" in install(device, directory, "bare-ask-who").stderr
        passwd.write_text("suture-worker:x:0:0::/:/usr/sbin/nologin\n")
        assert_fails(install(device, directory, "bare-ask-who"), "the user suture-worker has the powers of root")
    finally:
        run("umount", "/etc/passwd")


def test_by_hand_it_says_who_starts_it(directory):
    for arguments in ([], ["decode"], ["--help"]):
        result = run(BUILD / "suture-worker", *arguments, check=False)
        assert result.returncode == 2 and "is started by suture alone" in result.stderr
