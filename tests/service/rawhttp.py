"""HTTP over a bare socket, for what client libraries hide: interim answers, trailers, cuts."""

import select
import socket

from server import PATIENCE


class Ended(AssertionError):
    """The connection ended before the answer did, and so that its reader knows."""


class Response:
    """One answer as it came over the wire."""

    def __init__(self, status, headers):
        self.status = status
        self.headers = headers
        self.body = b""
        self.trailers = {}


def request_head(method, target, **headers):
    """The bytes of a request's head; underscores in header names stand for hyphens."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class Connection:
    """A connection to the server; a context manager that closes it."""

    def __init__(self, server, receive_buffer=None, source=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", server.port))
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def post(self, target, body, **headers):
        self.send(request_head("POST", target, Content_Length=len(body), **headers) + body)

    def first_bytes(self, count, patience):
        """What has arrived, at most count bytes, left in place; b"" if nothing yet."""
        if not select.select([self.socket], [], [], patience)[0]:
            return b""
        return self.socket.recv(count, socket.MSG_PEEK)

    def read_head(self):
        """The next status line and its headers (names in lower case)."""
        line = self._line("a status line")
        assert line.startswith("HTTP/1."), f"no status line but {line!r}"
        return Response(int(line.split()[1]), self._fields())

    def _line(self, what):
        line = self.stream.readline().decode("latin-1")
        if not line.endswith("\n"):
            raise Ended(f"the connection ended where {what} should be, at {line!r}")
        return line

    def _fields(self):
        fields = {}
        while True:
            line = self._line("a head")
            if line.strip() == "":
                return fields
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            assert name not in fields or name == "vary", f"the header {name} comes twice"
            fields[name] = f"{fields[name]}, {value}" if name in fields else value

    def read_response(self):
        """A whole final answer, with its trailers; interim answers are skipped."""
        response = self.read_head()
        while 100 <= response.status < 200:
            response = self.read_head()
        self.read_body(response)
        return response

    def read_body(self, response):
        if response.status == 304:  # RFC 9110, 15.4.5: its Content-Length is that of a 200
            return
        if response.headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while True:
                size = int(self._line("a chunk").split(";")[0], 16)
                if size == 0:
                    break
                parts.append(self.read_exactly(size))
                assert self._line("a chunk's end") == "\r\n", "a chunk does not end with CRLF"
            response.trailers = self._fields()
            response.body = b"".join(parts)
        elif "content-length" in response.headers:
            response.body = self.read_exactly(int(response.headers["content-length"]))
        else:
            response.body = self.stream.read()

    def read_exactly(self, size):
        data = self.stream.read(size)
        if len(data) < size:
            raise Ended(f"{len(data)} of {size} bytes, then the connection ended")
        return data
