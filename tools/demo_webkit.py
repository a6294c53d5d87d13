# SPDX-License-Identifier: LGPL-2.1-or-later
"""A browser lives through an improvement of its engine: what is exposed, what is restarted, what stays as it is."""
import http.server
import os
import pathlib
import queue
import subprocess
import threading
import time

import demo_archive
import demo_scenes
from demo_archive import DemoError
from demo_screen import DISPLAY, HEIGHT, WIDTH, Screen
from demo_scenes import ask, expect_exposed, publish, show, size, title

ENGINE = "libwebkit2gtk-4.1-0"
LIBRARIES = (ENGINE, "libjavascriptcoregtk-4.1-0")
REST = ("base-files", "dash", "coreutils", "libc-bin", "xvfb", "fonts-dejavu-core", "libglib2.0-bin", "shared-mime-info")
BACKGROUND = (0xdd, 0xee, 0xff)
SECONDS = 180  # for a page to be shown, on a slow machine

PAGE = """<!doctype html><meta charset="utf-8"><title>Suture</title>
<style>body{background:#ddeeff;font:22px sans-serif;margin:60px;color:#123}h1{font-size:52px}code{font-size:15px}</style>
<h1>This page is shown.</h1><p>To a page, the browser that shows it is:</p><code id="agent"></code>
<script>document.getElementById("agent").textContent = navigator.userAgent;
requestAnimationFrame(() => setTimeout(() => fetch("/shown", {method: "POST", body: navigator.userAgent})))</script>
"""


class PageServer:
    """Serves the page, and hears of it when its script ran in a browser."""

    def __init__(self):
        self.shown = shown = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(PAGE.encode())

            def do_POST(self):
                length = min(int(self.headers.get("Content-Length", 0)), 4096)
                shown.put(self.rfile.read(length).decode(errors="replace"))
                self.answer(b"")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def await_page(self):
        """What the browser that shows the page calls itself."""
        try:
            return self.shown.get(timeout=SECONDS)
        except queue.Empty:
            raise DemoError(f"the browser did not show the page within {SECONDS} s") from None


class Browser:
    """MiniBrowser, which comes with the engine, in the demo's system."""

    def __init__(self, system, page):
        self.folder = next(system.glob("usr/lib/*/webkit2gtk-4.1")).relative_to(system)
        environment = {"PATH": "/usr/sbin:/usr/bin", "HOME": "/root", "LANG": "C", "DISPLAY": DISPLAY,
                       "XDG_RUNTIME_DIR": "/tmp", "NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory",
                       "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "WEBKIT_DISABLE_DMABUF_RENDERER": "1"}
        self.process = subprocess.Popen(
            ["chroot", str(system), f"/{self.folder}/MiniBrowser", f"--geometry={WIDTH}x{HEIGHT}", page.url],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.calls_itself = page.await_page()

    def pids(self):
        """The processes of all programs in its folder."""
        return sorted(pid for pid, program in programs().items() if f"/{self.folder}/" in program)

    def close(self):
        self.process.terminate()
        self.process.wait()
        for pid in self.pids():
            os.kill(pid, 9)


def programs():
    """pid -> program, of all processes in the demo's namespace."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                found[int(entry.name)] = os.readlink(entry / "exe")
        except OSError:
            pass
    return found


def started(pids):
    """pid -> start time: a process is the same only when both are (proc_pid_stat(5), field 22)."""
    found = {}
    for pid in pids:
        try:
            found[pid] = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
        except OSError:
            pass
    return found


def fetch_deb(package, version):
    demo_archive.run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", f"{package}={version}",
                     cwd=demo_archive.CACHE)
    return next(demo_archive.CACHE.glob(f"{package}_{version.replace(':', '%3a')}_*.deb"))


def choose():
    found = demo_archive.versions(ENGINE)
    if len(found) < 2:
        raise DemoError(f"this demo takes two versions of {ENGINE}, and the configured archives offer "
                        f"{found[0] if found else 'none'}")
    fixed, base = found[:2]
    closure = demo_archive.fetch_closure(*(f"{name}={base}" for name in LIBRARIES), *REST)
    program = demo_archive.Program((), ("MiniBrowser",))
    pair = demo_archive.Pair("webkit2gtk", ENGINE, base, fixed, program)
    pair.base_debs = tuple(path for name in LIBRARIES for path in closure if demo_archive.is_package(path, name))
    pair.other_debs = tuple(path for path in closure if path not in pair.base_debs)
    pair.fixed_debs = tuple(fetch_deb(name, fixed) for name in LIBRARIES)
    pair.advisories = demo_archive.advisories(pair.fixed_debs[0], ENGINE, base)
    return pair


def build_system(pair, directory):
    """What the packages' scripts would do for a browser, and the devices that it opens."""
    system = demo_archive.build_system(pair, directory)
    for name in ("zero", "full", "random", "urandom"):
        demo_archive.run("mount", "--bind", f"/dev/{name}", str(demo_archive.make_file(system / "dev" / name)))
    for name in ("dev/shm", "tmp", "root"):
        (system / name).mkdir(mode=0o1777, parents=True, exist_ok=True)
    demo_archive.run("mount", "-t", "tmpfs", "tmpfs", str(system / "dev/shm"))
    for command in (("ldconfig",), ("glib-compile-schemas", "/usr/share/glib-2.0/schemas"),
                    ("update-mime-database", "/usr/share/mime")):
        demo_archive.run("chroot", str(system), *command)
    return system


def photograph(screen, build, when):
    """A picture of the screen, once the page is on it: its script may have run before the first picture of it."""
    deadline = time.monotonic() + SECONDS
    while (share := screen.share_of(BACKGROUND)) < 0.4:
        if time.monotonic() > deadline:
            raise DemoError(f"the page is not on the screen: {100 * share:.0f} % of it have the page's background")
        time.sleep(1)
    path = build / f"webkit-{when}.png"
    screen.save(path)
    print(f"  the page is shown: {path.relative_to(demo_archive.ROOT)}", flush=True)


def play(pair, system, directory, build):
    """Whatever runs at the end, ends with the demo's process namespace."""
    stage = demo_scenes.Stage(pair, system, directory, build)
    title(f"The base: a browser on {pair.component} {pair.base} shows a page")
    screen, page = Screen(system), PageServer()
    browser = Browser(system, page)
    photograph(screen, build, "before")

    title(f"The publisher: {pair.fixed} becomes improvement (a)")
    publish(stage)
    demo_scenes.serve(stage)

    title("Install: while the browser runs, and without disturbing it")
    before = started(programs())
    show(stage, "suture install", stage.suture("install"), what="install")
    received = ask(stage, "history")["entries"][0]["download"]["received"]

    title("Exposed: every process of the browser, and nothing else")
    old = browser.pids()
    expect_exposed(stage, old)
    print(f"  the browser has {len(old)} processes; exposed are exactly these")
    restart(stage, browser, screen, page, before)

    title("Remove: back at the base")
    show(stage, "suture remove", stage.suture("remove"), what="remove")
    Browser(system, page)
    photograph(screen, build, "removed")
    title("In figures")
    table(stage, received, len(old), len(before) - len(old))


def restart(stage, browser, screen, page, before):
    title("Restart just the browser, and the page is shown again")
    others = {pid: when for pid, when in before.items() if pid not in browser.pids()}
    browser.close()
    again = Browser(stage.system, page)
    photograph(screen, stage.build, "after")
    if again.calls_itself != browser.calls_itself:
        raise DemoError(f"the browser called itself {browser.calls_itself} and now {again.calls_itself}")
    print(f"  to the page it is the same browser: {again.calls_itself}")
    if started(others) != others:
        raise DemoError("a process that is not the browser's ended, or was restarted")
    print(f"  {len(others)} other processes run on, the screen's among them")
    show(stage, "suture status", stage.suture("status"))
    expect_exposed(stage, [])
    again.close()


def table(stage, received, exposed, others):
    pair = stage.pair
    deb = sum(path.stat().st_size for path in pair.fixed_debs)
    for name, text in (
            ("component", f"{pair.component} {pair.base} -> {pair.fixed}"),
            ("advisories", f"{len(pair.advisories) or 'none: the newer version is only a rebuild'}"),
            ("travelled", f"{size(received)} bytes, {100 * received / deb:.1f} % of the .debs' {size(deb)}"),
            ("publish", f"{stage.seconds['publish']:.1f} s"),
            ("install", f"{stage.seconds['install']:.1f} s: fetched, rebuilt, verified, swapped"),
            ("remove", f"{stage.seconds['remove']:.1f} s"),
            ("restarted", f"{exposed} processes of the browser"),
            ("untouched", f"{others} other processes")):
        print(f"  {name:<12} {text}")
