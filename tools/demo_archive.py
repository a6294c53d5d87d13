# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the demo's packages come from: the archives that this machine's APT is configured for."""
import dataclasses
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "suture/packages"


class DemoError(Exception):
    """One sentence for people."""


@dataclasses.dataclass
class Program:
    """A real program that uses the library, and keeps running while its standard input is open."""
    packages: tuple
    command: tuple
    files: dict = dataclasses.field(default_factory=dict)
    copies: int = 2


@dataclasses.dataclass
class Hole:
    """A public reproducer: a command whose end tells whether the hole is open."""
    advisory: str
    what: str
    command: tuple
    files: dict
    open_status: int = -11  # ended by SIGSEGV


@dataclasses.dataclass
class Pair:
    component: str
    package: str
    base: str  # versions
    fixed: str
    program: Program
    holes: tuple = ()
    base_debs: tuple = ()
    fixed_debs: tuple = ()
    other_debs: tuple = ()  # what else the little system is made of
    advisories: tuple = ()  # (id, summary)


XML_SHELL = Program(("libxml2-utils",), ("xmllint", "--shell", "/srv/note.xml"),
                    {"srv/note.xml": "<note>still running</note>\n"})
XML_HOLES = (
    Hole("CVE-2025-8732", "a catalog that names itself", ("xmlcatalog", "/srv/loop.cat", "x"),
         {"srv/loop.cat": 'CATALOG "/srv/loop.cat"\n'}),
    Hole("CVE-2026-0990", "a catalog that delegates to itself", ("xmlcatalog", "/srv/loop.xml", "http://a/b"),
         {"srv/loop.xml": '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
                          '<delegateURI uriStartString="http://a" catalog="/srv/loop.xml"/></catalog>\n'}),
)

CANDIDATES = {
    "libxml2": (XML_SHELL, XML_HOLES),
    "libexpat1": (Program(("expat",), ("xmlwf",)), ()),
    "libssl3t64": (Program(("openssl",), ("openssl", "sha256")), ()),
    "libssl3": (Program(("openssl",), ("openssl", "sha256")), ()),
    "libcurl4t64": (Program(("curl",), ("curl", "-s", "-T", "-", "file:///srv/upload")), ()),
    "libcurl4": (Program(("curl",), ("curl", "-s", "-T", "-", "file:///srv/upload")), ()),
    "libtiff6": (Program(("libtiff-tools",), ("tiffinfo", "/dev/stdin")), ()),
    "libgnutls30": (Program(("gnutls-bin",), ("certtool", "--certificate-info")), ()),
    "libsqlite3-0": (Program(("sqlite3",), ("sqlite3",)), ()),
    "liblzma5": (Program(("xz-utils",), ("xz", "-dc")), ()),
    "zlib1g": (Program(("pigz",), ("pigz", "-c")), ()),
}


def run(*command, **keywords):
    try:
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, **keywords).stdout
    except FileNotFoundError as problem:
        raise DemoError(f"{command[0]} is not installed") from problem
    except subprocess.CalledProcessError as problem:
        lines = problem.stderr.strip().splitlines() or ["it gave no reason"]
        raise DemoError(f"{command[0]} failed: {lines[-1]}") from problem


def architecture():
    return run("dpkg", "--print-architecture").strip()


def newer(left, right):
    return subprocess.run(["dpkg", "--compare-versions", left, "gt", right], check=False).returncode == 0


def versions(package):
    """What the archives offer, newest first."""
    found = []
    for line in run("apt-cache", "madison", package).splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 3 and fields[0] == package and "Packages" in fields[2] and fields[1] not in found:
            found.append(fields[1])
    ordered = []
    for version in found:
        at = next((i for i, other in enumerate(ordered) if newer(version, other)), len(ordered))
        ordered.insert(at, version)
    return ordered


def apt(*arguments):
    """apt-get that knows of nothing installed, keeps its packages in the demo's cache, and changes nothing."""
    (CACHE / "partial").mkdir(parents=True, exist_ok=True)
    status = CACHE / "status"
    status.write_text("")
    return run("apt-get", "-q", "-y", "-o", f"Dir::State::status={status}", "-o", f"Dir::Cache::archives={CACHE}",
               "-o", "APT::Sandbox::User=root", "-o", "APT::Install-Recommends=0", "-o", "Debug::NoLocking=1",
               "-o", "APT::Get::AllowUnauthenticated=0", *arguments, env={**os.environ, "LC_ALL": "C"})


def fetch_closure(*packages):
    """The named packages ("name" or "name=version") with all they depend on, as files."""
    apt("--download-only", "install", *packages)
    files = []
    for line in apt("--simulate", "install", *packages).splitlines():
        found = re.match(r"Inst (\S+) \((\S+) .*\[(\S+)\]\)", line)
        if found:
            name, version, arch = found.groups()
            files.append(CACHE / f"{name.split(':')[0]}_{version.replace(':', '%3a')}_{arch}.deb")
    return files


def is_package(path, name):
    return path.name.startswith(name + "_")


def advisories(deb, package, since):
    """The CVEs that the changelog names above the base's version."""
    text = subprocess.run(f"dpkg-deb --fsys-tarfile '{deb}' | tar -xO --wildcards './usr/share/doc/{package}/changelog*'"
                          " | gzip -dcf", shell=True, capture_output=True, check=False).stdout.decode(errors="replace")
    newest = text.split(f"({since})")[0]
    found = {}
    for item in re.split(r"\n\s*[*+-] |\n -- ", newest):
        item = " ".join(item.split())
        fixes = re.match(r"(?:Fix )?(CVE-\d{4}-\d{4,})(?: and -\d+)?: *(.*)", item)
        if fixes:
            summary = re.split(r"(?<=[a-z)])\. |\(Closes", fixes[2])[0].strip(" .")
            found[fixes[1]] = summary if len(summary) <= 76 else summary[:76].rsplit(" ", 1)[0] + " ..."
    return tuple(sorted(found.items()))


def pair_from_archive(package):
    program, holes = CANDIDATES[package]
    found = versions(package)
    if len(found) < 2:
        return None
    fixed, base = found[0], found[1]
    pair = Pair(package, package, base, fixed, program, holes)
    try:
        closure = fetch_closure(f"{package}={base}", *program.packages, "base-files")
    except DemoError:
        # The program may want exactly its own version of the library.
        closure = fetch_closure(f"{package}={base}", *(f"{name}={base}" for name in program.packages), "base-files")
    pair.base_debs = tuple(path for path in closure if is_package(path, package))
    pair.other_debs = tuple(path for path in closure if not is_package(path, package))
    run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", f"{package}={fixed}", cwd=CACHE)
    pair.fixed_debs = tuple(CACHE.glob(f"{package}_{fixed.replace(':', '%3a')}_*.deb"))
    pair.advisories = advisories(pair.fixed_debs[0], package, base)
    return pair


def choose(wanted):
    if wanted not in (None, "origin") and wanted not in CANDIDATES:
        raise DemoError(f"no program is known that uses {wanted}; known are {', '.join(CANDIDATES)} and origin")
    for package in [wanted] if wanted else CANDIDATES:
        if package == "origin":
            break
        try:
            pair = pair_from_archive(package)
        except DemoError as problem:
            if wanted:
                raise
            print(f"  {package}: {problem}")
            continue
        if pair:
            return pair
        if wanted:
            raise DemoError(f"the configured archives offer only one version of {package}")
    return pair_from_origin()


def pair_from_origin():
    """The example component, built here: no archive is needed."""
    out = CACHE / "origin"
    out.mkdir(parents=True, exist_ok=True)
    run(str(ROOT / "examples/origin/build-packages"), str(out))

    def debs(pattern):
        return tuple(sorted(out.glob(pattern)))
    program = Program((), ("origin-server", "/srv/origin.socket"), copies=1)
    return Pair("liborigin", "liborigin1", "1.0-1", "1.0-1+fix1", program,
                (Hole("SUTURE-EXAMPLE-1", "a name that only begins like the allowed one",
                      ("origin-probe", "/srv/origin.socket"), {}, open_status=1),),
                debs("liborigin1_1.0-1_*.deb"), debs("liborigin1_1.0-1+fix1_*.deb"), debs("origin-tools_*.deb"),
                (("SUTURE-EXAMPLE-1", "the same-origin check accepts what only begins like an allowed name"),))


def copy_runtime(system):
    """What the example's programs need of this machine's C library, where no archive gave it."""
    for program in (system / "usr/bin").glob("origin-*"):
        for line in subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout.splitlines():
            found = re.search(r"(/\S+) \(0x", line)
            if found and "liborigin" not in found[1]:
                target = system / found[1].lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(pathlib.Path(found[1]).read_bytes())
                target.chmod(0o755)


def build_system(pair, directory):
    """A small Debian system of real packages, with the base of the component."""
    system = directory / "system"
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "srv", "proc", "dev", "var/lib"):
        (system / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (system / name).symlink_to("usr/" + name)
    for deb in (*pair.other_debs, *pair.base_debs):
        run("sh", "-c", f"dpkg-deb --fsys-tarfile '{deb}' | tar -x --keep-directory-symlink -C '{system}'")
    if not (system / "usr/lib/os-release").exists():
        (system / "usr/lib/os-release").write_bytes(pathlib.Path("/etc/os-release").read_bytes())
        copy_runtime(system)
    for name, text in {**pair.program.files, **{n: t for hole in pair.holes for n, t in hole.files.items()}}.items():
        (system / name).write_text(text)
    mount_devices(system)
    return system


def mount_devices(system):
    run("mount", "--bind", "/dev/null", str(make_file(system / "dev/null")))
    run("mount", "-t", "proc", "proc", str(system / "proc"))


def make_file(path):
    path.touch()
    return path
