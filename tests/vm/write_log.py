# SPDX-License-Identifier: LGPL-2.1-or-later
"""The log that QEMU's blklogwrites keeps of a disk, in the format of the kernel's dm-log-writes
(Documentation/admin-guide/device-mapper/log-writes.rst): a superblock; then one entry for each write, flush and
discard, a sector with its header followed by the bytes that were written."""
import dataclasses
import struct

MAGIC, VERSION = 0x6A736677736872, 1
SUPER, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512  # of the disk's offsets, whatever the log's own


@dataclasses.dataclass
class Write:
    offset: int  # in the log
    at: int      # on the disk
    size: int
    flags: int

    @property
    def is_barrier(self):
        """Whatever was written before it is durable once it is done."""
        return bool(self.flags & FLUSH)


def read(log):
    """All entries of the open file, without the bytes."""
    magic, version, count, size = SUPER.unpack(log.read(SUPER.size))
    if magic != MAGIC or version != VERSION or size not in (512, 4096):
        raise RuntimeError("this is no log of writes")
    entries, at = [], size
    for _ in range(count):
        log.seek(at)
        sector, sectors, flags, _ = ENTRY.unpack(log.read(ENTRY.size))
        has_bytes = not flags & (DISCARD | MARK)
        entries.append(Write(at + size, sector * size, sectors * size, flags))
        at += size + (sectors * size if has_bytes else 0)
    return entries


def apply(log, entry, disk):
    """Does to the disk, an open file, what the entry says. What is discarded may as well still be there."""
    if entry.flags & (DISCARD | MARK) or entry.size == 0:
        return
    log.seek(entry.offset)
    data = log.read(entry.size)
    if len(data) != entry.size:
        raise RuntimeError("the log is cut off")
    disk.seek(entry.at)
    disk.write(data)
