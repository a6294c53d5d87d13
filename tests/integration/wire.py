# SPDX-License-Identifier: LGPL-2.1-or-later
"""A connection to a message bus that sends what no library would: many calls at once, and larger ones than anybody makes.

As the D-Bus specification has it: "Message Format", "Authentication Protocol"."""
import os
import socket
import struct

METHOD_CALL, METHOD_RETURN, ERROR = 1, 2, 3
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE = 1, 2, 3, 4, 5, 6, 8
TYPES = {PATH: "o", INTERFACE: "s", MEMBER: "s", DESTINATION: "s", SIGNATURE: "g"}
SUTURED = ("org.suture", "/org/suture", "org.suture.Manager1")
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


def padded(data, size):
    return data + bytes(-len(data) % size)


def text(word):
    return struct.pack("<I", len(word)) + word.encode() + b"\0"


def signature(types):
    return bytes([len(types)]) + types.encode() + b"\0"


def words(*items):
    """An array of strings as the body of a call."""
    array = b""
    for item in items:
        array = padded(array, 4) + text(item)
    return struct.pack("<I", len(array)) + array


class Connection:
    def __init__(self, address, uid=0):
        self.socket = socket.socket(socket.AF_UNIX)
        # Whoever connects is the sender of all.
        os.seteuid(uid)
        self.socket.connect(str(address))
        os.seteuid(0)
        self.serial, self.answers = 0, {}
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(uid).encode().hex().encode() + b"\r\n")
        self.stream = self.socket.makefile("rb")
        assert self.stream.readline().startswith(b"OK ")
        self.socket.sendall(b"BEGIN\r\n")
        self.answer_to(self.call(*BUS, "Hello"))

    def call(self, destination, path, interface, member, types="", body=b""):
        """Sends it; its serial number."""
        self.serial += 1
        fields = b""
        for code, value in ((PATH, path), (INTERFACE, interface), (MEMBER, member), (DESTINATION, destination),
                            (SIGNATURE, types)):
            fields = padded(fields, 8) + bytes([code]) + signature(TYPES[code])
            fields = fields + signature(value) if code == SIGNATURE else padded(fields, 4) + text(value)
        head = struct.pack("<BBBBIII", ord("l"), METHOD_CALL, 0, 1, len(body), self.serial, len(fields))
        self.socket.sendall(padded(head + fields, 8) + body)
        return self.serial

    def answer_to(self, serial):
        """The name of the error that it is, or None; answers come in any order."""
        while serial not in self.answers:
            kind, answered, failure = self.receive()
            if kind in (METHOD_RETURN, ERROR):
                self.answers[answered] = failure
        return self.answers[serial]

    def receive(self):
        """A message's type, the call that it answers, and an error's name."""
        head = self.stream.read(16)
        assert len(head) == 16, "the bus has closed the connection"
        _, kind, _, _, body, _, size = struct.unpack("<BBBBIII", head)
        fields = self.stream.read(size + -size % 8)
        self.stream.read(body)
        at, answered, failure = 0, None, None
        while at < size:
            at += -at % 8
            code, types = fields[at], fields[at + 2:at + 2 + fields[at + 1]].decode()
            at += 3 + len(types)
            if types == "g":
                at += 2 + fields[at]
                continue
            at += -at % 4
            number, = struct.unpack_from("<I", fields, at)
            at += 4
            if code == REPLY_SERIAL:
                answered = number
            if types in ("s", "o"):
                failure = fields[at:at + number].decode() if code == ERROR_NAME else failure
                at += number + 1
        return kind, answered, failure

    def close(self):
        self.stream.close()
        self.socket.close()
