# SPDX-License-Identifier: LGPL-2.1-or-later
"""What benches in a machine install there: a real update of a release's archives, for apt-get and as an improvement."""
import os
import pathlib
import shutil

import demo_archive

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = pathlib.Path(os.environ.get("SUTURE_PACKAGES", ROOT / "build-package")).resolve()
VERSIONS = {"bookworm": "12", "trixie": "13"}
CANDIDATES = ("libssl3t64", "libssl3", "libexpat1", "libxml2", "libc6")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCES = """\
deb [signed-by={key}] http://deb.debian.org/debian {release} main
deb [signed-by={key}] http://deb.debian.org/debian {release}-updates main
deb [signed-by={key}] http://deb.debian.org/debian-security {release}-security main
"""


def use_archives_of(release):
    """From here on APT is another system's: it knows the release's archives, and of nothing installed."""
    place = demo_archive.CACHE / f"bench-activation-{release}"
    for directory in ("lists/partial", "debs/partial"):
        (place / directory).mkdir(parents=True, exist_ok=True)
    (place / "status").write_text("")
    (place / "sources.list").write_text(SOURCES.format(release=release, key=KEYRING))
    settings = {"Dir::State::lists": place / "lists", "Dir::State::status": place / "status",
                "Dir::Etc::sourcelist": place / "sources.list", "Dir::Etc::sourceparts": "-", "Dir::Cache": place,
                "APT::Sandbox::User": "root", "Debug::NoLocking": "1"}
    (place / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    os.environ["APT_CONFIG"] = str(place / "apt.conf")
    demo_archive.run("apt-get", "-q", "update")
    return place / "debs"


def fetch_pair(release):
    """The newest version of a package and the oldest that is still offered."""
    cache = use_archives_of(release)
    for package in CANDIDATES:
        offered = demo_archive.versions(package)
        if len(offered) < 2:
            continue
        debs = []
        for version in (offered[-1], offered[0]):
            demo_archive.run("apt-get", "-q", "download", f"{package}={version}", cwd=cache)
            debs += cache.glob(f"{package}_{version.replace(':', '%3a')}_*.deb")
        return package, (offered[-1], offered[0]), debs
    raise demo_archive.DemoError(f"the archives of {release} offer no two versions of {', '.join(CANDIDATES)}")


class Publisher:
    """The packaged one, on this machine."""

    def __init__(self, release, work):
        self.work = work
        package = next(PACKAGES.glob("suture-publish_*.deb"), None)
        if not package:
            raise demo_archive.DemoError(f"no packages in {PACKAGES}: run ./dev package")
        demo_archive.run("dpkg-deb", "-x", package, work / "publisher")
        (work / "os-release").write_text(f'ID=debian\nVERSION_ID="{VERSIONS[release]}"\n')

    def run(self, *words):
        demo_archive.run(self.work / "publisher/usr/bin/suture-publish", *words)

    def repository(self, place):
        self.run("init", place, f"--keys={place.with_suffix('.keys')}")

    def release(self, place, component, base, fixed, *words):
        self.run("release", f"--repository={place}", f"--keys={place.with_suffix('.keys')}", f"--component={component}",
                 f"--os-release={self.work / 'os-release'}", "--base", base, "--fixed", fixed, *words)


def give_install(publisher, given, package, debs):
    """The update for Suture, and for apt-get on the same server."""
    repository = publisher.work / "repository"
    publisher.repository(repository)
    publisher.release(repository, package, *debs)
    shutil.copytree(repository, given / "repository")
    archive = given / "repository/targets/apt"
    archive.mkdir()
    for deb in (*debs, *(path for path in PACKAGES.glob("suture*.deb") if "dbgsym" not in path.name)):
        # A colon in a name would be quoted in the address.
        shutil.copy(deb, archive / deb.name.replace("%3a", ""))
    (archive / "Packages").write_text(demo_archive.run("dpkg-scanpackages", "--multiversion", "apt",
                                                          cwd=archive.parent))
