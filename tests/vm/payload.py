# SPDX-License-Identifier: LGPL-2.1-or-later
"""The second disk: the build's programs, the tests' files and the command."""
import contextlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile

SOURCES = ("tests", "data", "tools")


@contextlib.contextmanager
def workspace(parent):
    """A directory for one run, so that runs can go on at the same time; its console log stays in parent."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix="run-") as path:
        yield pathlib.Path(path)


def is_program(path):
    if path.is_symlink() or not path.is_file() or not os.access(path, os.X_OK):
        return False
    with open(path, "rb") as file:
        start = file.read(4)
    return start == b"\x7fELF" or start[:2] == b"#!"


def link_programs(build, to):
    for directory, names, files in os.walk(build):
        names[:] = [name for name in names if not name.endswith(".p") and not name.startswith("meson-")]
        if pathlib.Path(directory) == build and "vm" in names:
            names.remove("vm")
        for name in files:
            path = pathlib.Path(directory) / name
            if is_program(path):
                place = to / path.relative_to(build)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, place)


def list_unit_tests(source, build):
    """Meson's unit tests, one line each for the machine's shell: NAME, a tab, the command with its environment."""
    moved = {str(build): "/suture/build", str(source): "/suture"}  # build first: it lies within source
    try:
        tests = json.loads((build / "meson-info" / "intro-tests.json").read_text())
    except FileNotFoundError:
        return ""
    lines = []
    for test in tests:
        if any(suite.endswith(":unit") for suite in test["suite"]):
            line = shlex.join(["env", *(f"{name}={value}" for name, value in test["env"].items()), *test["cmd"]])
            for here, there in moved.items():
                line = line.replace(here, there)
            lines.append(f"{test['name']}\t{line}\n")
    return "".join(lines)


def copy(path, to):
    if path.is_dir():
        shutil.copytree(path, to, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(path, to)


def make(work, source, build, additions, command):
    stage = work / "suture"
    link_programs(build, stage / "build")
    for name in SOURCES:
        if (source / name).exists():
            copy(source / name, stage / name)
    for path in additions:
        copy(path, stage / path.resolve().name)
    (stage / "unit-tests").write_text(list_unit_tests(source, build.resolve()))
    # What is installed in the machine, and started by systemd, has its own.
    workers = {"SUTURE_WORKER": "src/programs/worker/suture-worker", "SUTURE_FETCHER": "src/programs/fetcher/suture-fetcher"}
    settings = "".join(f"export {name}=/suture/build/{path}\n" for name, path in workers.items()
                       if (stage / "build" / path).exists())
    (stage / "command").write_text(f"cd /suture\n{settings}exec {shlex.join(command)}\n")
    disk = work / "payload"
    used = sum(path.lstat().st_size for path in stage.rglob("*"))
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", stage, disk, f"{used // 2**20 * 2 + 64}M"],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    shutil.rmtree(stage)
    return disk
