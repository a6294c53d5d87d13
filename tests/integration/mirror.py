# SPDX-License-Identifier: LGPL-2.1-or-later
"""A mirror that cannot be trusted: it serves a repository's files, and alters on the way what a test asks it to. The
repository itself stays good, so that the same device can be shown an honest mirror afterwards."""
import http.server
import pathlib
import re
import threading
import urllib.parse


class Answer:
    """What is sent in place of the file. body: bytes, or an iterable of them that is sent without a length. With
    announced, the headers promise that many bytes, whatever the body has."""

    def __init__(self, status=200, headers=None, body=b"", announced=None):
        self.status, self.headers, self.body = status, headers or {}, body
        self.announced = len(body) if announced is None and isinstance(body, bytes) else announced


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        mirror = self.server.mirror
        path = mirror.path_of(self.path)
        mirror.requests.append((path, self.headers.get("Range")))
        self.answer(mirror.answer(path, self.headers.get("Range")))

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass  # a device that refuses what it is sent hangs up

    def answer(self, answer):
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.announced is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(answer.announced))
        self.end_headers()
        sent = 0
        for piece in [answer.body] if isinstance(answer.body, bytes) else answer.body:
            self.wfile.write(piece)
            sent += len(piece)
        if answer.announced is not None and sent < answer.announced:
            self.close_connection = True
        self.server.mirror.sent += sent


class Mirror:
    """alter(pattern, change): change(bytes) gives the bytes, or the Answer, that is sent for each path in which the
    regular expression is found. be_honest() ends that."""

    def __init__(self, repository):
        self.repository = pathlib.Path(repository)
        self.alterations, self.requests, self.sent = [], [], 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.mirror, self.server.daemon_threads = self, True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def alter(self, pattern, change):
        self.alterations = [(re.compile(pattern), change)]

    def be_honest(self):
        self.alterations, self.requests, self.sent = [], [], 0

    @staticmethod
    def path_of(url_path):
        return urllib.parse.unquote(url_path).lstrip("/")

    def content(self, path):
        file = self.repository / path
        return file.read_bytes() if file.is_file() else None

    def answer(self, path, wanted_range):
        body = self.content(path)
        for pattern, change in self.alterations:
            if pattern.search(path):
                changed = change(body)
                if isinstance(changed, Answer):
                    return changed
                body = changed
        if body is None:
            return Answer(404, body=b"no such file\n")
        return self.part(body, wanted_range) if wanted_range else Answer(body=body)

    @staticmethod
    def part(body, wanted_range):
        first, last = (int(number) for number in re.fullmatch(r"bytes=(\d+)-(\d+)", wanted_range).groups())
        if first >= len(body):
            return Answer(416, {"Content-Range": f"bytes */{len(body)}"})
        part = body[first:last + 1]
        return Answer(206, {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(body)}"}, part)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


DAMAGES = {
    "a flipped bit": lambda body: body[:len(body) // 2] + bytes([body[len(body) // 2] ^ 4]) + body[len(body) // 2 + 1:],
    "the first half": lambda body: body[:len(body) // 2],
    "a byte too much": lambda body: body + b"}",
    "nothing": lambda body: b"",
    "garbage": lambda body: (b"<html>Please log in to this network</html>\n" * (len(body) // 43 + 1))[:len(body)],
}
