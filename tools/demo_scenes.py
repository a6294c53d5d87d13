# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demo's scenes, in order. Every command that is shown is run, and its own output is what is seen."""
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import time

from demo_archive import DemoError

class Stage:
    """What the scenes share: where things are, what runs, what was measured."""

    def __init__(self, pair, system, directory, build):
        self.pair, self.system, self.directory, self.build = pair, system, directory, build
        self.repository, self.keys = directory / "repository", directory / "keys"
        self.state = directory / "state"
        self.url = None
        self.running = []
        self.seconds = {}
        self.restarted = 0
        self.exposed = 0

    def suture(self, *arguments):
        return [str(self.build / "suture"), f"--root={self.system}", f"--state={self.state}",
                f"--repository={self.url}", f"--trust={self.repository}/metadata/1.root.json", *arguments]


def title(text):
    print(f"\n\033[1m{text}\033[0m" if os.isatty(1) else f"\n{text}", flush=True)


def show(stage, shown, command, quiet=False, what=None):
    """Runs a command as a person would type it, and times it."""
    print(f"$ {shown}", flush=True)
    began = time.monotonic()
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
                            cwd=stage.directory)
    if what:
        stage.seconds[what] = time.monotonic() - began
    if not quiet:
        for line in result.stdout.splitlines():
            print(f"  {line}".rstrip(), flush=True)
    if result.returncode != 0:
        raise DemoError(f"\"{shown}\" failed with {result.returncode}")
    return result.stdout


def ask(stage, *arguments):
    """A report as JSON."""
    result = subprocess.run(stage.suture(*arguments, "--json"), text=True, stdout=subprocess.PIPE, check=False)
    if result.returncode != 0:
        raise DemoError(f"suture {' '.join(arguments)} failed")
    return json.loads(result.stdout)


def tree_digest(system):
    """One number for all that /usr shows: names, modes, links and bytes."""
    digest = hashlib.sha256()
    for directory, folders, names in os.walk(system / "usr"):
        folders.sort()
        for name in sorted(names + [f for f in folders if os.path.islink(os.path.join(directory, f))]):
            path = pathlib.Path(directory, name)
            status = path.lstat()
            digest.update(f"{path} {status.st_mode} {status.st_uid} {status.st_gid}".encode())
            digest.update(os.readlink(path).encode() if path.is_symlink() else path.read_bytes())
    return digest.hexdigest()


def chroot(stage, command):
    return ["chroot", str(stage.system), *command]


def start_programs(stage):
    for _ in range(stage.pair.program.copies):
        stage.running.append(subprocess.Popen(chroot(stage, stage.pair.program.command), stdin=subprocess.PIPE,
                                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    time.sleep(0.5)
    if any(process.poll() is not None for process in stage.running):
        raise DemoError(f"{stage.pair.program.command[0]} does not stay")


def stop_programs(stage):
    for process in stage.running:
        process.kill()
        process.wait()
    stage.running.clear()


def try_holes(stage, want_open):
    """Runs the public reproducers; says what they find, and fails when that is not what is promised."""
    for hole in stage.pair.holes:
        result = subprocess.run(chroot(stage, hole.command), stdin=subprocess.DEVNULL, check=False,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        is_open = result.returncode == hole.open_status
        verdict = "OPEN" if is_open else "closed"
        detail = f"ended by signal {-result.returncode}" if result.returncode < 0 else f"exit {result.returncode}"
        print(f"  {hole.advisory}  {hole.what:<36} {verdict:<7} ({hole.command[0]}: {detail})", flush=True)
        if is_open != want_open:
            raise DemoError(f"{hole.advisory} is {verdict}, which is not what the improvement promises")


def publish(stage):
    pair = stage.pair
    publisher = str(stage.build / "suture-publish")
    show(stage, "suture-publish init repository --keys=keys",
         [publisher, "init", "repository", "--keys=keys"], quiet=True)
    command = [publisher, "release", "--repository=repository", "--keys=keys",
               "--component", pair.component, "--os-release", str(stage.system / "usr/lib/os-release"),
               "--base", *map(str, pair.base_debs), "--fixed", *map(str, pair.fixed_debs)]
    for identifier, summary in pair.advisories:
        command += ["--advisory", f"{identifier}={summary}"]
    base, fixed = (" ".join(path.name for path in debs) for debs in (pair.base_debs, pair.fixed_debs))
    shown = f"suture-publish release --component {pair.component} --base {base} --fixed {fixed} --advisory CVE-..."
    show(stage, shown, command, what="publish")


def serve(stage):
    server = subprocess.Popen([str(stage.build / "suture-publish"), "serve", str(stage.repository),
                               "--address=127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in server.stdout:
        words = [word for word in line.split() if word.startswith("http://")]
        if words:
            stage.url = words[0].rstrip("/")
            return server
    raise DemoError("the repository's server did not start")


def size(number):
    return f"{number:,}"


def table(stage, delta):
    pair = stage.pair
    deb = sum(path.stat().st_size for path in pair.fixed_debs)
    rows = [
        ("component", f"{pair.package} {pair.base} -> {pair.fixed}"),
        ("advisories", f"{len(pair.advisories)}"),
        ("travelled", f"{size(delta)} bytes, {100 * delta / deb:.1f} % of the .deb's {size(deb)}"),
        ("publish", f"{stage.seconds['publish']:.2f} s"),
        ("check", f"{stage.seconds['check']:.2f} s"),
        ("install", f"{stage.seconds['install']:.2f} s: fetched, rebuilt, verified, swapped"),
        ("remove", f"{stage.seconds['remove']:.2f} s"),
        ("exposed", f"{stage.exposed} x {pair.program.command[0]}, and nothing else"),
        ("restarted", f"{stage.restarted} x {pair.program.command[0]}, and nothing else"),
    ]
    for name, text in rows:
        print(f"  {name:<12} {text}")


def expect_exposed(stage, expected):
    found = sorted(process["pid"] for process in ask(stage, "exposed")["processes"])
    if found != sorted(expected):
        raise DemoError(f"exposed are {found}, where {sorted(expected)} were expected")


def play(pair, system, directory, build):
    stage = Stage(pair, system, directory, build)
    title(f"The base: a small system with {pair.package} {pair.base}")
    before = tree_digest(system)
    start_programs(stage)
    print(f"  {pair.program.copies} x \"{shlex.join(pair.program.command)}\" run and use the old library")
    try_holes(stage, want_open=True)

    title(f"The publisher: {pair.fixed} becomes improvement (a)")
    publish(stage)
    server = serve(stage)
    try:
        scenes_on_the_device(stage, before)
    finally:
        stop_programs(stage)
        server.terminate()
        server.wait()


def scenes_on_the_device(stage, before):
    title("The device: what is there for me?")
    show(stage, "suture check", stage.suture("check"), what="check")

    title("Install: one small download, one atomic swap, no reboot")
    show(stage, "suture install", stage.suture("install"), what="install")
    received = ask(stage, "history")["entries"][0]["download"]["received"]

    title("Exposed: exactly the programs that still use the old bytes")
    old = [process.pid for process in stage.running]
    show(stage, "suture exposed", stage.suture("exposed"))
    expect_exposed(stage, old)
    stage.exposed = len(old)

    title("Restart just these, and the hole is closed")
    stop_programs(stage)
    start_programs(stage)
    stage.restarted = len(stage.running)
    show(stage, "suture status", stage.suture("status"))
    expect_exposed(stage, [])
    try_holes(stage, want_open=False)

    title("Remove: back at the base, byte for byte, at once")
    show(stage, "suture remove", stage.suture("remove"), what="remove")
    if tree_digest(stage.system) != before:
        raise DemoError("the base is not what it was")
    print("  every byte, mode and link below usr is what it was before")
    stop_programs(stage)
    start_programs(stage)
    try_holes(stage, want_open=True)

    title("In figures")
    table(stage, received)
