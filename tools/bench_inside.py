# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the machine: what benches there share."""
import contextlib
import os
import pathlib
import subprocess
import sys
import time

GIVEN = pathlib.Path("/suture/given")
HOOKS = ("/etc/dpkg/dpkg.cfg.d/suture", "/etc/apt/apt.conf.d/50suture")


def run(*command, check=True):
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
    if check and result.returncode != 0:
        sys.exit(f"{command} failed with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


@contextlib.contextmanager
def served(repository, port):
    server = subprocess.Popen(["suture-publish", "serve", repository, f"--address=127.0.0.1:{port}"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    while run("curl", "-sf", "-o", "/dev/null", f"{url}/metadata/1.root.json", check=False).returncode != 0:
        time.sleep(0.1)
    try:
        yield url
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def without_hooks():
    for path in HOOKS:
        os.rename(path, f"/root/{os.path.basename(path)}")
    yield
    for path in HOOKS:
        os.rename(f"/root/{os.path.basename(path)}", path)
