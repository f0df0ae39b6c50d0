"""One client that attacks a server in four ways at once, from 127.0.0.1.

usage: attackers.py PORT

It says "ready" when all of its connections are in place, keeps them there whatever the server does
with them, and ends with its standard input. It is a process of its own, so that its work does not
delay the client that a test measures.
"""

import heapq
import itertools
import resource
import select
import socket
import subprocess
import sys
import threading
import time

from rawhttp import request_head
from stress import Job, endless, flat_png

SLOW_READERS, ENDLESS, LINGERING, SLOW_BODIES = 64, 8, 1000, 24

READ, PAUSE = 2400, 0.1
"""Bytes, and seconds: 24 kB/s, which is more than --min-rate asks for."""

AGAIN = 0.5
"""Seconds until what was refused or cut is tried again."""

LINGERS = 2.2
"""Seconds for which a connection is kept whose body was refused; the server keeps it for 2."""


class Attacker:
    """A connection that is made again when it has ended; a step says when the next one is due."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def step(self):
        try:
            return self.connect() if self.socket is None else self.go_on()
        except OSError:
            return self.end()

    def open(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def connect(self):
        self.open()
        self.socket.sendall(self.request())
        self.socket.setblocking(False)
        return PAUSE

    def end(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None
        return AGAIN

    def receive(self, count):
        """What has come, at most `count` bytes; b"" if nothing has. OSError: it was the last."""
        try:
            received = self.socket.recv(count)
        except BlockingIOError:
            return b""
        if not received:
            raise ConnectionError("the end")
        return received


class SlowReader(Attacker):
    JOB = Job("/v1/images/frames?steps=300&format=npy&seed=1", flat_png(400))

    def request(self):
        return self.JOB.sent()

    def open(self):
        """With so small a buffer that little is on its way."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", self.port))

    def go_on(self):
        self.receive(READ)
        return PAUSE


class Endless(SlowReader):
    JOB = endless()


class Lingering(Attacker):
    def request(self):
        return request_head("POST", "/nothing", Content_Type="image/png", Content_Length=1000)

    def connect(self):
        super().connect()
        return LINGERS

    def go_on(self):
        self.end()
        return 0


class SlowBody(Attacker):
    def request(self):
        return request_head("POST", "/v1/images/frames", Content_Type="image/png",
                            Content_Length=8_000_000)

    def go_on(self):
        if self.receive(4096):
            return self.end()
        self.socket.sendall(b"x")
        return PAUSE


def attack(port):
    """Until the standard input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attackers = [kind(port) for kind, count in ((SlowReader, SLOW_READERS), (Endless, ENDLESS),
                                                (SlowBody, SLOW_BODIES), (Lingering, LINGERING))
                 for _ in range(count)]
    order = itertools.count()
    due = [(0.0, next(order), attacker) for attacker in attackers]
    said = False
    while not select.select([sys.stdin], [], [], 0)[0]:
        when, _, attacker = heapq.heappop(due)
        pause = when - time.monotonic()
        if pause > 0:
            select.select([sys.stdin], [], [], pause)
        heapq.heappush(due, (time.monotonic() + attacker.step(), next(order), attacker))
        if not said and all(one.socket is not None for one in attackers):
            print("ready", flush=True)
            said = True


class Attack:
    """The attack on a server, as a context."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-B", __file__, str(self.server.port)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        patience = threading.Timer(60, self.process.kill)
        patience.start()
        assert self.process.stdout.readline() == "ready\n", "the attack is not in place"
        patience.cancel()
        return self

    def goes_on(self):
        return self.process.poll() is None

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


if __name__ == "__main__":
    attack(int(sys.argv[1]))
