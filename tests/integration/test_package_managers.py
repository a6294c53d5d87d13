# SPDX-License-Identifier: LGPL-2.1-or-later
"""A package manager always finds and changes the base; afterwards what no longer fits it has retired, and the rest is
active again. Whatever state Suture is in, no package is ever left half-installed because of it."""
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

from conftest import COMPONENT, LIBRARY, ROOT, assert_fails, run, wait_until
from debian import Debian, make_debian

BROKEN = "#!/bin/sh\necho 'suture: cannot work' >&2\nexit 1\n"


@pytest.fixture(scope="module")
def debian_root(prepared, packages):
    path = pathlib.Path(tempfile.mkdtemp(prefix="suture-debian-", dir="/var/tmp"))
    run("cp", "-a", prepared / "system", path)
    make_debian(path / "system", packages)
    yield path / "system"
    shutil.rmtree(path)


@pytest.fixture
def debian(directory, debian_root, released, server):
    """With improvement (a) active."""
    root = directory / "system"
    shutil.rmtree(root)
    run("cp", "-a", debian_root, directory)
    shutil.copy(released.root, root / "etc/suture/root.json")
    (root / "etc/suture/suture.conf").write_text(f"[Suture]\nRepository={server.url}\n")
    with Debian(root) as system:
        system.suture("install")
        yield system


def assert_is_back(debian, libraries):
    assert debian.report("status")["verdict"] in ("protected", "exposed")
    assert debian.library() == libraries["1.0-1+fix1"]
    assert not (debian.root / "run/suture/suspended").exists()
    assert list((debian.root / "run/suture/at-work").iterdir()) == []


def assert_shows_the_base(debian, library):
    assert debian.report("status")["generation"] == 0
    assert debian.library() == library


def generations(debian):
    text = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    return sum(f" {debian.root}/usr " in line and " suture:" in line for line in text.splitlines())


def test_an_upgrade_by_dpkg_retires_what_it_replaces(debian, packages, libraries):
    result = debian.dpkg("-i", packages["1.0-1+fix2"])
    assert "suture: liborigin (a) retired: the base has moved on from 1.0-1" in result.stdout
    assert_shows_the_base(debian, libraries["1.0-1+fix2"])
    status = debian.report("status")
    assert (status["verdict"], status["kept_off"]) == ("base", [])
    assert debian.actions() == ["install", "retire"]
    assert debian.version("liborigin1") == "installed 1.0-1+fix2"


def test_an_unrelated_package_leaves_the_improvement_active_and_is_seen_through_it(debian, libraries):
    assert not (debian.root / "usr/share/other").exists()  # now the overlay remembers that it is absent
    debian.dpkg("-i", debian.package("other"))
    assert_is_back(debian, libraries)
    assert (debian.root / "usr/share/other").read_text() == "other"
    assert debian.report("status")["generation"] == 1
    assert debian.actions() == ["install"]
    debian.dpkg("-r", "other")
    assert_is_back(debian, libraries)
    assert not (debian.root / "usr/share/other").exists()


def test_maintainer_scripts_work_on_the_base_and_status_says_why(debian, libraries):
    script = f"sha256sum /{LIBRARY} >/srv/seen\nsuture status --json >/srv/status\nsuture status >/srv/words\ntouch /usr/written"
    debian.dpkg("-i", debian.package("other", postinst=script))
    assert (debian.root / "srv/seen").read_text().split()[0] == hashlib.sha256(libraries["1.0-1"]).hexdigest()
    status = (debian.root / "srv/status").read_text()
    assert '"verdict": "suspended"' in status and '"name": "dpkg"' in status
    assert "Suspended: /usr shows the base while dpkg (pid " in (debian.root / "srv/words").read_text()
    assert (debian.root / "usr/written").exists()
    assert_is_back(debian, libraries)


def test_what_would_activate_something_meanwhile_is_refused_and_says_so(debian, libraries):
    script = f"for command in check install 'remove {COMPONENT}'; do suture $command 2>>/srv/refused && exit 1; done; :"
    debian.dpkg("-i", debian.package("other", postinst=script))
    refused = (debian.root / "srv/refused").read_text().splitlines()
    assert len(refused) == 3
    for line in refused:
        assert line.startswith("suture: a package manager is at work (dpkg, pid ")
    assert_is_back(debian, libraries)


def test_a_maintainer_script_may_remove_everything(debian, libraries):
    debian.dpkg("-i", debian.package("other", postinst="suture remove"))
    assert_shows_the_base(debian, libraries["1.0-1"])
    assert debian.report("status")["verdict"] == "base"
    assert debian.actions() == ["install", "remove"]
    assert not (debian.root / "run/suture/suspended").exists()


def test_a_newer_base_is_never_hidden_not_even_for_a_moment(debian, packages, libraries):
    names = {libraries["1.0-1"]: "base", libraries["1.0-1+fix1"]: "(a)", libraries["1.0-1+fix2"]: "newer"}
    seen, stop = ["(a)"], threading.Event()

    def watch():
        while not stop.is_set():
            try:
                now = names[debian.library()]
            except FileNotFoundError:  # dpkg's own gap would be told by the others
                now = "absent"
            if now != seen[-1]:
                seen.append(now)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        debian.dpkg("-i", packages["1.0-1+fix2"])
    finally:
        stop.set()
        watcher.join()
    assert seen == ["(a)", "base", "newer"]


def break_suture(debian, how):
    """Returns what mends it."""
    state, config = debian.root / "var/lib/suture/state.json", debian.root / "etc/suture/suture.conf"
    program, script = debian.root / "usr/bin/suture", debian.root / "srv/broken"
    script.write_text(BROKEN)
    script.chmod(0o755 if how == "failing" else 0o644)
    if how in ("state", "configuration"):
        path = {"state": state, "configuration": config}[how]
        whole = path.read_text()
        path.write_text("{")
        return lambda: path.write_text(whole)
    run("mount", "--bind", script, program)

    def mend():
        while "cannot work" in program.read_text(errors="replace"):
            run("umount", program)

    return mend


BREAKAGES = ["failing", "missing", "state", "configuration"]


@pytest.mark.parametrize("how", BREAKAGES)
def test_with_suture_broken_dpkg_still_changes_the_base(debian, packages, libraries, how):
    mend = break_suture(debian, how)
    result = debian.dpkg("-i", packages["1.0-1+fix2"])
    assert "suture: " in result.stderr
    assert debian.library() == libraries["1.0-1+fix2"]
    assert debian.version("liborigin1") == "installed 1.0-1+fix2"
    mend()
    debian.suture("resume")  # unless the watcher, which waits for dpkg's end, found it mended already
    assert_shows_the_base(debian, libraries["1.0-1+fix2"])
    assert debian.actions() == ["install", "retire"]


@pytest.mark.parametrize("how", BREAKAGES)
def test_once_suture_is_mended_the_next_package_brings_the_improvement_back(debian, libraries, how):
    mend = break_suture(debian, how)
    debian.dpkg("-i", debian.package("other"))
    assert debian.library() == libraries["1.0-1"]
    mend()
    debian.dpkg("-i", debian.package("another"))
    assert_is_back(debian, libraries)
    assert (debian.root / "usr/share/other").read_text() == "other"


def test_where_not_even_mount_works_dpkg_is_refused_before_it_did_anything(debian, packages, libraries):
    break_suture(debian, "failing")
    run("mount", "--bind", debian.root / "srv/broken", debian.root / "usr/bin/mount")
    result = debian.dpkg("-i", packages["1.0-1+fix2"], check=False)
    assert result.returncode != 0
    assert "Nothing was changed" in result.stderr and "umount --lazy /usr" in result.stderr
    assert debian.version("liborigin1") == "installed 1.0-1"
    assert debian.library() == libraries["1.0-1+fix1"]
    assert list((debian.root / "run/suture/at-work").iterdir()) == []


def test_with_nothing_active_dpkg_works_whatever_state_suture_is_in(debian, packages, libraries):
    debian.suture("remove")
    break_suture(debian, "failing")
    result = debian.dpkg("-i", packages["1.0-1+fix2"])
    assert "suture" not in result.stdout + result.stderr
    assert debian.library() == libraries["1.0-1+fix2"]


def test_dpkg_works_when_the_hook_is_gone_and_its_configuration_is_not(debian, packages):
    debian.suture("remove")
    (debian.root / "usr/lib/suture/dpkg-hook").unlink()
    debian.dpkg("-i", packages["1.0-1+fix2"])
    assert debian.version("liborigin1") == "installed 1.0-1+fix2"


def start_and_wait(debian, deb):
    """dpkg, up to where the package's script waits for ever."""
    process = debian.start("dpkg", "-i", debian.bring(deb))
    wait_until((debian.root / "srv/waiting").exists)
    return process


WAITS = "touch /srv/waiting\nwhile ! test -e /srv/go; do sleep 0.1; done"


@pytest.mark.parametrize("changed", [False, True], ids=["nothing-of-it-changed", "it-was-changed"])
def test_when_dpkg_is_killed_what_fits_the_base_comes_back_by_itself(debian, packages, libraries, changed):
    script = WAITS
    if changed:  # what an unpacking that was killed leaves
        script = f"cp /{LIBRARY} /srv/library\necho >>/srv/library\nmv /srv/library /{LIBRARY}\n{WAITS}"
    process = start_and_wait(debian, debian.package("other", preinst=script))
    assert debian.report("status")["verdict"] == "suspended"
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: debian.report("status")["verdict"] != "suspended")
    (debian.root / "srv/go").touch()
    if changed:
        assert debian.actions() == ["install", "retire"]
        assert debian.library() == libraries["1.0-1"] + b"\n"
    else:
        assert_is_back(debian, libraries)


def test_a_hook_that_comes_to_run_after_its_dpkg_was_killed_suspends_nothing(debian, libraries):
    """Its parent is then pid 1, which never ends."""
    hook = "sh -c '/usr/lib/suture/dpkg-hook pre $PPID; touch /srv/ran'"
    debian.run("setsid", "sh", "-c", f"(sleep 1; exec {hook}) >/dev/null 2>&1 &")
    wait_until((debian.root / "srv/ran").exists)
    assert debian.report("status")["verdict"] in ("protected", "exposed")
    assert debian.library() == libraries["1.0-1+fix1"]
    assert not (debian.root / "run/suture/at-work/1").exists()


def test_a_second_dpkg_does_not_end_what_the_first_needs(debian, libraries):
    """It finds the database locked, and its watcher finds the first still at work."""
    first = start_and_wait(debian, debian.package("other", postinst=WAITS))
    second = debian.dpkg("-i", debian.package("another"), check=False)
    assert second.returncode != 0 and "lock" in second.stderr
    debian.suture("resume")
    assert debian.report("status")["verdict"] == "suspended"
    assert debian.library() == libraries["1.0-1"]
    (debian.root / "srv/go").touch()
    assert first.wait() == 0, first.stdout.read()
    wait_until(lambda: debian.report("status")["verdict"] != "suspended")
    assert_is_back(debian, libraries)


def test_a_front_end_keeps_the_base_until_its_last_run_of_dpkg(debian, libraries):
    seen = f"sha256sum </{LIBRARY} >>/srv/seen"
    first, second = debian.package("other", postinst=seen), debian.package("another", postinst=seen)
    script = (f"export DPKG_FRONTEND_LOCKED=1; dpkg -i {debian.bring(first)} && {seen} && dpkg -i {debian.bring(second)} && "
              f"unset DPKG_FRONTEND_LOCKED && sh -c '/usr/lib/suture/dpkg-hook end; true' && {seen}")
    before = generations(debian)
    debian.run("sh", "-c", script)
    assert generations(debian) == before + 1
    old, new = (hashlib.sha256(libraries[version]).hexdigest() for version in ("1.0-1", "1.0-1+fix1"))
    assert [line.split()[0] for line in (debian.root / "srv/seen").read_text().splitlines()] == [old, old, old, new]
    assert_is_back(debian, libraries)


def test_a_front_end_that_never_says_that_it_is_done_is_done_when_it_ends(debian, libraries):
    other = debian.bring(debian.package("other"))
    process = debian.start("sh", "-c", f"export DPKG_FRONTEND_LOCKED=1; dpkg -i {other} && touch /srv/waiting && sleep 600")
    wait_until((debian.root / "srv/waiting").exists)
    assert debian.report("status")["package_manager"] == {"name": "sh", "pid": process.pid}
    process.kill()
    process.wait()
    wait_until(lambda: debian.report("status")["verdict"] != "suspended")
    assert_is_back(debian, libraries)


def test_a_front_end_that_is_gone_before_dpkg_begins_is_not_waited_for(debian, libraries):
    """Pid 1 is dpkg's parent then, and never ends."""
    other = debian.bring(debian.package("other", postinst="touch /srv/ran"))
    debian.run("sh", "-c", f"(sleep 1; exec env DPKG_FRONTEND_LOCKED=1 dpkg -i {other}) >/dev/null 2>&1 &")
    wait_until((debian.root / "srv/ran").exists)
    wait_until(lambda: debian.report("status")["verdict"] != "suspended")
    assert_is_back(debian, libraries)


def test_who_is_not_root_is_not_kept_from_unpacking_elsewhere(debian, libraries):
    shutil.copytree(debian.root / "var/lib/dpkg", debian.root / "srv/other/var/lib/dpkg")
    run("chown", "-R", "65534:65534", debian.root / "srv/other")
    words = ["dpkg", "--force-not-root", "--force-script-chrootless", "--root=/srv/other", "-i",
             debian.bring(debian.package("other"))]
    result = run("chroot", "--userspec=65534:65534", debian.root, *words)
    assert "suture" not in result.stdout + result.stderr
    assert (debian.root / "srv/other/usr/share/other").exists()
    assert debian.library() == libraries["1.0-1+fix1"]


def test_only_root_can_hold_the_lock_of_swaps(debian):
    lock = debian.root / "run/suture/lock"
    debian.suture("remove")
    for command in (["dpkg", "-i", debian.bring(debian.package("other"))], ["suture", "suspend"]):
        lock.unlink()
        debian.run(*command)
        assert lock.stat().st_mode & 0o777 == 0o600


def test_an_install_that_meets_dpkg_at_the_swap_gives_way(debian, packages, libraries, released):
    """The lock of swaps is held until both have come: suture waits for it, then finds that dpkg has entered."""
    released.release(packages["1.0-1"], packages["1.0-1+fix2"])
    with open(debian.root / "run/suture/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install = debian.start("suture", "install")
        journal = debian.root / "var/lib/suture/journal.json"
        wait_until(lambda: journal.exists() and '"staged"' in journal.read_text())
        dpkg = debian.start("dpkg", "-i", debian.bring(debian.package("other", postinst=WAITS)))
        wait_until(lambda: (debian.root / f"run/suture/at-work/{dpkg.pid}").exists())
    wait_until((debian.root / "srv/waiting").exists)
    out, _ = install.communicate()
    assert_fails(subprocess.CompletedProcess([], install.returncode, "", out), f"a package manager is at work (dpkg, pid {dpkg.pid})")
    assert debian.library() == libraries["1.0-1"]
    (debian.root / "srv/go").touch()
    assert dpkg.wait() == 0
    assert_is_back(debian, libraries)
    debian.suture("install")
    assert debian.library() == libraries["1.0-1+fix2"]


def test_the_base_comes_back_with_what_is_mounted_below_usr(debian, libraries):
    place = debian.root / "usr/share/origin"
    run("mount", "-t", "tmpfs", "tmpfs", place)
    (place / "mine").touch()
    for how in ("whole", "failing"):
        if how == "failing":
            break_suture(debian, how)
        debian.dpkg("-i", debian.package(how, postinst="test -e /usr/share/origin/mine"))
        assert (place / "mine").exists()
    assert debian.library() == libraries["1.0-1"]


# Stops before it comes back from the first mount.
SLOW_MOUNT = """#!/bin/sh
/srv/mount "$@" && [ "$1" = --bind ] && : >/srv/waiting && while [ ! -e /srv/go ]; do sleep 0.1; done
"""


def below_run(debian):
    return [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
            if line.split()[4].startswith(f"{debian.root}/run/suture")]


def test_a_hook_that_is_interrupted_leaves_the_base_mounted_nowhere(debian, libraries):
    break_suture(debian, "failing")
    shutil.copy(debian.root / "usr/bin/mount", debian.root / "srv/mount")
    slow = debian.root / "srv/slow-mount"
    slow.write_text(SLOW_MOUNT)
    slow.chmod(0o755)
    run("mount", "--bind", slow, debian.root / "usr/bin/mount")
    dpkg = debian.start("setsid", "dpkg", "-i", debian.bring(debian.package("other")))
    wait_until((debian.root / "srv/waiting").exists)
    assert below_run(debian) != []
    # Not SIGINT, which whoever is started in the background may have to ignore.
    os.killpg(dpkg.pid, signal.SIGTERM)
    assert dpkg.wait() != 0
    wait_until(lambda: below_run(debian) == [] and list((debian.root / "run/suture").glob("base.*")) == [])


def purge(debian):
    shutil.copy(ROOT / "debian/suture.postrm", debian.root / "srv/postrm")
    debian.run("sh", "/srv/postrm", "purge")


def test_a_purge_erases_nothing_that_is_only_mounted_among_its_files(debian, libraries):
    """As a hook that was killed would have left it."""
    debian.suture("remove")
    place = debian.root / "run/suture/base.77"
    place.mkdir()
    run("mount", "--bind", debian.root, place)
    purge(debian)
    assert debian.library() == libraries["1.0-1"]
    assert not (debian.root / "run/suture").exists() and not (debian.root / "var/lib/suture").exists()


def test_a_state_on_a_file_system_of_its_own_keeps_nobody_from_purging(debian):
    debian.suture("remove")
    state = debian.root / "var/lib/suture"
    run("mount", "-t", "tmpfs", "tmpfs", state)
    (state / "state.json").touch()
    purge(debian)
    assert list(state.iterdir()) == []
