# SPDX-License-Identifier: LGPL-2.1-or-later
"""The releases that machines can boot: a root file system, its kernel and its initrd, made once and cached."""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

RELEASES = ("bookworm", "trixie")
GUEST = pathlib.Path(__file__).resolve().parent / "guest"
DISK_SIZE = "3G"  # sparse

# The libraries that Suture's programs and sanitized tests load, and what scenarios talk to.
PACKAGES = """
    linux-image-cloud-amd64 initramfs-tools busybox zstd kmod udev systemd systemd-sysv dbus procps iproute2
    e2fsprogs erofs-utils cryptsetup-bin fsverity python3 python3-pytest curl strace
    libpam-systemd openssh-client openssh-server polkitd
    libarchive13 libcmocka0 libcryptsetup12 libcurl4 libdivsufsort3 libfsverity0 libjansson4 libmicrohttpd12 libseccomp2
    libsystemd0 libzstd1 libasan8 libubsan1
""".split()

# Just what boots from a virtio disk, and what Suture needs before the root file system is there.
INITRD = {
    "etc/initramfs-tools/conf.d/suture-vm": "MODULES=list\nCOMPRESS=zstd\n",
    "usr/share/initramfs-tools/modules.d/suture-vm":
        "virtio_pci\nvirtio_blk\next4\nloop\ndm_verity\nerofs\noverlay\n",
}


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "suture" / "vm"


def recipe_digest(name):
    """Changes with whatever the disk is made from, so that a changed recipe is never taken for an old one."""
    parts = [name, DISK_SIZE, *PACKAGES, *sorted(INITRD.values())]
    parts += [path.read_text() for path in sorted(GUEST.iterdir())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@contextlib.contextmanager
def locked(path):
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*argv, log):
    try:
        subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
    except FileNotFoundError:
        raise RuntimeError(f"{argv[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{argv[0]} failed with {error.returncode}; see {log.name}") from None


def write_below(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def install(name, root, log):
    early = root.with_suffix(".early")
    write_below(early, INITRD)
    run("mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase", f"--include={','.join(PACKAGES)}",
        f"--essential-hook=cp -R {early}/. \"$1\"",
        "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*", name, root, log=log)
    shutil.rmtree(early)
    shutil.copy(GUEST / "suture-vm", root / "usr/sbin/suture-vm")
    (root / "usr/sbin/suture-vm").chmod(0o755)
    unit = root / "etc/systemd/system/suture-vm.service"
    shutil.copy(GUEST / "suture-vm.service", unit)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / unit.name).symlink_to(f"../{unit.name}")
    write_below(root, {"etc/hostname": f"{name}\n", "etc/fstab": "/dev/vda / ext4 defaults 0 0\n"})


def make(name, target, log):
    root = target / "root"
    install(name, root, log)
    for kind in ("vmlinuz", "initrd.img"):
        kernel, = sorted((root / "boot").glob(f"{kind}-*"))
        shutil.copy(kernel, target / kind)
    run("mke2fs", "-q", "-t", "ext4", "-d", root, target / "disk", DISK_SIZE, log=log)
    shutil.rmtree(root)


def prepare(name):
    """The directory with the release's disk, vmlinuz and initrd.img."""
    ready = cache() / f"{name}-{recipe_digest(name)}"
    cache().mkdir(parents=True, exist_ok=True)
    with locked(cache() / f"{name}.lock"):
        if ready.exists():
            return ready
        if os.geteuid() != 0:
            raise RuntimeError(f"making the disk of {name} needs root, once")
        print(f"run-vm: making the disk of {name}, which takes some minutes", file=sys.stderr)
        new = cache() / f"{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        with open(cache() / f"{name}.log", "w") as log:
            make(name, new, log)
        for old in cache().glob(f"{name}-*"):
            shutil.rmtree(old)
        new.rename(ready)
    return ready
