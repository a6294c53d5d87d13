# SPDX-License-Identifier: LGPL-2.1-or-later
"""A screen without a monitor: Xvfb in the demo's system, and pictures of what it shows."""
import struct
import subprocess
import time
import zlib

from demo_archive import DemoError

DISPLAY = ":77"
WIDTH, HEIGHT = 1000, 640


class Screen:
    def __init__(self, system):
        self.buffer = system / "tmp/screen"
        self.buffer.mkdir(parents=True)
        self.server = subprocess.Popen(
            ["chroot", str(system), "Xvfb", DISPLAY, "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", "/tmp/screen",
             "-nolisten", "tcp", "-ac", "-noreset"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.await_start(system / f"tmp/.X11-unix/X{DISPLAY[1:]}")

    def await_start(self, socket):
        for _ in range(600):
            if socket.exists():
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.1)
        raise DemoError("Xvfb, the screen without a monitor, did not start")

    def close(self):
        self.server.kill()
        self.server.wait()

    def pixels(self):
        """Rows of red, green and blue. Xvfb keeps what it shows in a file of xwd's format (X11/XWDFile.h)."""
        data = (self.buffer / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        header_size, width, height, line_size, colours = header[0], header[4], header[5], header[12], header[19]
        start = header_size + 12 * colours
        rows = []
        for y in range(height):
            line = data[start + y * line_size:start + y * line_size + 4 * width]
            row = bytearray(3 * width)
            row[0::3], row[1::3], row[2::3] = line[2::4], line[1::4], line[0::4]
            rows.append(bytes(row))
        return rows

    def share_of(self, colour):
        """How much of the screen has exactly this colour."""
        data = b"".join(self.pixels())
        wanted = bytes(colour)
        return sum(data[i:i + 3] == wanted for i in range(0, len(data), 3)) * 3 / len(data)

    def save(self, path):
        path.write_bytes(png(self.pixels()))


def png(rows):
    """https://www.w3.org/TR/png-3/: a header, one zlib stream of unfiltered rows, an end."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">2I5B", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
