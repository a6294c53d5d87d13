# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian packages made member by member, so that they can hold what dpkg-deb would never write."""
import io
import subprocess
import tarfile

ARCHITECTURE = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
CONTROL = "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"


class Item:
    """One member of data.tar. content: bytes, or a number of zeroes that is only claimed."""

    def __init__(self, path, content=b"", kind=tarfile.REGTYPE, mode=0o644, uid=0, gid=0, target="", attributes=None):
        self.path, self.content, self.kind, self.mode = path, content, kind, mode
        self.uid, self.gid, self.target, self.attributes = uid, gid, target, attributes or {}

    def add(self, tar):
        info = tarfile.TarInfo(self.path)
        info.type, info.mode, info.uid, info.gid = self.kind, self.mode, self.uid, self.gid
        info.linkname, info.mtime = self.target, 1700000000
        info.size = self.content if isinstance(self.content, int) else len(self.content)
        info.pax_headers = {f"SCHILY.xattr.{name}": value.decode("utf-8", "surrogateescape")
                            for name, value in self.attributes.items()}
        if isinstance(self.content, int):
            # A member that is cut short behind its header: tarfile itself would refuse to write it.
            tar.fileobj.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        else:
            tar.addfile(info, io.BytesIO(self.content))


def directory(path, mode=0o755, **more):
    return Item(path, kind=tarfile.DIRTYPE, mode=mode, **more)


def symlink(path, target):
    return Item(path, kind=tarfile.SYMTYPE, mode=0o777, target=target)


def make_tar(items):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8",
                      errors="surrogateescape") as tar:
        for item in items:
            item.add(tar)
    return buffer.getvalue()


def ar_member(name, content):
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def make_deb(path, version, items, name="thing", architecture=ARCHITECTURE):
    control = CONTROL.format(name=name, version=version, architecture=architecture).encode()
    path.write_bytes(b"!<arch>\n" + ar_member("debian-binary", b"2.0\n") +
                     ar_member("control.tar", make_tar([Item("./control", control)])) +
                     ar_member("data.tar", make_tar(items)))
    return path


def unpack_items(items, root):
    """What dpkg would make of them below root, for plain files, directories and symlinks."""
    with tarfile.open(fileobj=io.BytesIO(make_tar(items))) as tar:
        tar.extractall(root)
