"""A server under measurement, and what asks it: one client that reads with little work, and wrk."""

import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
PATIENCE = 120  # seconds that anything may take before the bench gives up
LAST_CHUNK = re.compile(rb"(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n\Z")


def require(condition, what):
    if not condition:
        sys.exit(f"bench: {what}")


class Server:
    """A program that tells the port it listens on, for as long as the context lasts."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.port = self._read_port()
        threading.Thread(target=self._drain, daemon=True).start()

    def _read_port(self):
        for line in self.process.stdout:
            found = re.search(r"127\.0\.0\.1:(\d+)", line) if "listening" in line else None
            if found:
                return int(found[1])
        sys.exit("bench: the server did not start")

    def _drain(self):
        for _ in self.process.stdout:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def memory(self, name):
        """MiB: VmRSS, what is resident, or VmHWM, the most that ever was."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1024

    def cpu(self):
        """Seconds of processor time that it has used."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # as clock_getcpuclockid(3) makes it


class Answer:
    """What came back: the head, the first and the last byte's time in seconds, the size."""

    def __init__(self, head, first, whole, size):
        self.head, self.first, self.whole, self.size = head, first, whole, size


def send(connection, port, path, body, content_type):
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", port))
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {content_type}\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def receive(connection, start, room=1 << 20):
    """Reads an answer to its last byte and forgets it: what the server can do, not what Python can."""
    buffer = bytearray(room)
    view = memoryview(buffer)
    head, first, size, tail, length = b"", None, 0, b"", None
    while True:
        got = connection.recv_into(buffer)
        now = time.perf_counter() - start
        require(got, "the answer was cut off")
        body = view[:got]
        if length is None:
            head += bytes(body)
            before, blank, rest = head.partition(b"\r\n\r\n")
            if not blank:
                continue
            head, body = before.decode("latin-1"), memoryview(rest)
            require(head.split()[1] == "200", f"answered {head!r} {rest[:500]!r}")
            found = re.search(r"^content-length: (\d+)", head, re.MULTILINE | re.IGNORECASE)
            length = int(found[1]) if found else -1
        size += len(body)
        if first is None and size:
            first = now
        tail = (tail + bytes(body[-512:]))[-512:]
        if size == length or length < 0 and LAST_CHUNK.search(tail):
            return Answer(head, first, now, size)


def post(server, path, body, content_type):
    """One request on a connection of its own; time counts from before connecting."""
    with socket.socket() as connection:
        start = time.perf_counter()
        send(connection, server.port, path, body, content_type)
        return receive(connection, start)


class Load:
    """What wrk measured: requests/s, and the latencies' median and 99th percentile in ms."""

    def __init__(self, rate, median, late):
        self.rate, self.median, self.late = rate, median, late


def wrk(server, path, connections, seconds, threads=1, body=None):
    """wrk for so many seconds; body is (content type, file). Every answer must be a success."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", HERE / "wrk.lua", f"http://127.0.0.1:{server.port}{path}", "--"]
    command += ["POST", *body] if body else ["GET"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    found = re.search(r"^figures (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    require(found, f"wrk: {done.stdout}{done.stderr}")
    requests, duration, failed, median, late = map(int, found.groups())
    require(requests and not failed, f"wrk {path}: {failed} failures\n{done.stdout}")
    return Load(requests / (duration * 1e-6), median / 1e3, late / 1e3)


class Child:
    """A Python program that answers each line with a number, for as long as the context lasts."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [sys.executable, "-B", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ask("ready")

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        require(answer, f"a peer ended at {' '.join(map(str, words))}")
        return float(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(30)
