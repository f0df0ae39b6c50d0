"""10,000 mixed requests, a third of them broken: every answer is right, nothing is left behind.

`./dev test long` runs it against the release build, where the resident memory after all requests
has to be that after the first hundred, and against the address and thread sanitizers' builds,
which have to end without a report. The requests are drawn with a seed: a failure names the one it
saw, and the next run has it again.
"""

import concurrent.futures
import dataclasses
import pathlib
import random
import re
import socket
import struct
import sys
import threading
import time

import mixed
import pictures
from checks import FRAMES
from rawhttp import Connection, Ended
from server import BINARY, Server, wait_until

SEED = 20
COUNT = 10_000
FIRST = 100
CLIENTS = 8
MOST_GROWTH = 5 << 20
FORGOTTEN = 120
"""Seconds in which all clients that left are forgotten; the server's idle timeout is 60."""
SANITIZED = re.search(rb"__[at]san_init", pathlib.Path(BINARY).read_bytes()) is not None

RARELY = mixed.LONG | {"large"}


@dataclasses.dataclass(frozen=True)
class Step:
    """One request, and what its client does."""
    name: str
    sent: bytes
    method: str = "POST"
    sound: bool = False
    statuses: tuple = ()   # of the answer; empty: nobody reads it
    reads: int = 0         # bytes of an answer that nobody reads to its end
    resets: bool = False   # the client leaves without a good-bye
    exact: bool = False    # the answer is always the same


def large():
    """Of all kinds the one that takes most memory: 13 frames of 1.4 MB, in two arrays."""
    png = pictures.png_of(pictures.photo(300, 200))
    return mixed.post(FRAMES + "?seed=7&steps=12&content=x,noise", png, "image/png")


def sound_kinds():
    kinds = mixed.images() | mixed.samples() | mixed.documents() | {"large": large()}
    return {name: Step(name, kind.sent(), kind.method, True, (kind.status,), exact=True)
            for name, kind in kinds.items()}


def refused_kinds():
    return {name: Step(name, kind.sent(), kind.method, False, (kind.status,), exact=True)
            for name, kind in mixed.refused().items()}


# ---- What goes wrong: each function makes bytes to send, and the rest of a step, of a request ----

def has_answer(kind):
    """It may be fine, or the client's fault; of a chunked body the server may wait for more."""
    chunked = "Transfer_Encoding" in dict(kind.headers)
    return {} if chunked else {"statuses": (*range(200, 500), 501)}


def leaves_early(dice, kind):
    sent = kind.sent()
    return sent[:dice.randrange(len(sent))], {"resets": dice.random() < 0.5}


def leaves_at_once(dice, kind):
    return kind.sent(), {"resets": dice.random() < 0.5}


def leaves_while_reading(dice, kind):
    closing = dataclasses.replace(kind, headers=(*kind.headers, ("Connection", "close")))
    return closing.sent(), {"reads": dice.choice((1, 20, 300, 5000, 200_000)),
                            "resets": dice.random() < 0.5}


def half_a_body(dice, kind):
    """What comes is all that was announced, and too little."""
    body = kind.body[:dice.randrange(max(1, len(kind.body)))]
    return dataclasses.replace(kind, body=body).sent(), has_answer(kind)


def bytes_changed(dice, kind):
    body = bytearray(kind.body)
    for _ in range(dice.randrange(1, 9) if body else 0):
        body[dice.randrange(len(body))] = dice.randrange(256)
    return dataclasses.replace(kind, body=bytes(body)).sent(), has_answer(kind)


def wrong_method(dice, kind):
    method = dice.choice(("PUT", "DELETE", "PATCH", "TRACE", "BREW", "GET", "POST"))
    return dataclasses.replace(kind, method=method).sent(), has_answer(kind)


def smuggles(dice, kind):
    """Heads whose end, or whose body's, two readers may take for two places."""
    line = dice.choice((b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: -1",
                        b"Content-Length: 0x10", b"Content-Length: 3\r\nTransfer-Encoding: chunked",
                        b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: xchunked",
                        b"Transfer-Encoding : chunked", b" folded: yes", b"no colon",
                        b"Content-Length: 99999999999999999999", b"X: a\0b", b"X: a\rb"))
    head = f"{kind.method} {kind.target} HTTP/1.1\r\nHost: a\r\n".encode()
    return head + line + b"\r\nConnection: close\r\n\r\n0\r\n\r\n", {"reads": 100}


def no_http(dice, kind):
    return dice.choice((dice.randbytes(dice.randrange(1, 2000)), b"\r\n" * 50, b"GET", b"\0",
                        b"GET / HTTP/3.0\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
                        b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n",
                        b"GET / HTTP/1.1\r\nX: " + b"a" * 60_000)), {}


def wrong_parameter(dice, kind):
    text = dice.choice(("steps=-1", "beta=nan", "frames=9-", "seed=1&seed=2", "format=gif", "a=b",
                        "steps=%00", "bins=0", "steps=99999999999", "betas=" + "0.1," * 50))
    target = kind.target.partition("?")[0] + "?" + text
    return dataclasses.replace(kind, target=target).sent(), has_answer(kind)


FAULTS = (leaves_early, leaves_at_once, leaves_while_reading, half_a_body, bytes_changed,
          wrong_method, smuggles, no_http, wrong_parameter)


def broken(dice, fault, kinds):
    kind = dice.choice(kinds)
    sent, options = fault(dice, kind)
    return Step(fault.__name__, sent, kind.method, **options)


class Plan:
    """All steps, the same every time. The first FIRST have each kind of request and of fault."""

    def __init__(self, dice):
        sound, refused = sound_kinds(), refused_kinds()
        kinds = [kind for name, kind in mixed.kinds().items() if name not in RARELY]
        weights = [0.1 if name in RARELY else 1 for name in sound]
        self.largest = [sound["large"]] * CLIENTS
        faults = [broken(dice, fault, kinds) for fault in FAULTS]
        self.first = [*sound.values(), *refused.values(), *faults]
        self.rest = []
        while len(self.rest) < COUNT - FIRST:
            if dice.random() < 2 / 3:
                step = dice.choices(list(sound.values()), weights)[0]
            elif dice.random() < 1 / 4:
                step = dice.choice(list(refused.values()))
            else:
                step = broken(dice, dice.choice(FAULTS), kinds)
            self.rest.append(step)


# ---- Clients ----

class Wrong(Exception):
    """An answer that should not have been."""


class Soak:
    """A server, and clients that take steps one after the other."""

    def __init__(self, server):
        self.server = server
        self.expected = {}
        self.kept = threading.local()

    def connection(self, step):
        """A sound request may go on where the last one ended."""
        kept = getattr(self.kept, "connection", None) if step.sound else None
        self.kept.connection = None if step.sound else getattr(self.kept, "connection", None)
        return kept or Connection(self.server)

    def take(self, step):
        connection = self.connection(step)
        keeps = False
        try:
            keeps = self.converse(connection, step)
        finally:
            if keeps:
                self.kept.connection = connection
            else:
                connection.close()

    def converse(self, connection, step):
        """True: the connection can be used again."""
        try:
            connection.send(step.sent)
            if not step.statuses:
                self.leave(connection, step)
                return False
        except ConnectionError:
            if step.sound:
                raise
        try:
            answer = self.read(connection, step)
        except (Ended, ConnectionError):
            if step.sound:
                raise
            return False
        self.judge(step, answer)
        return step.sound and answer.headers.get("connection", "").lower() != "close"

    def leave(self, connection, step):
        left = step.reads
        while left > 0:
            got = connection.socket.recv(min(left, 65536))
            if not got:
                break
            left -= len(got)
        if step.resets:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         struct.pack("ii", 1, 0))

    def read(self, connection, step):
        answer = connection.read_head()
        if step.method != "HEAD" and answer.status != 204:
            connection.read_body(answer)
        return answer

    def judge(self, step, answer):
        if answer.status not in step.statuses:
            raise Wrong(f"{answer.status} instead of {step.statuses}: {answer.body[:200]!r}")
        if step.exact and self.expected.setdefault(step.name, answer.body) != answer.body:
            raise Wrong("other bytes than before")

    def clients(self, steps):
        """Lets all clients take steps until there are none; the complaints."""
        steps, lock, complaints = enumerate(steps), threading.Lock(), []

        def client():
            while len(complaints) < 10:
                with lock:
                    number, step = next(steps, (None, None))
                if step is None:
                    break
                try:
                    self.take(step)
                except (Wrong, AssertionError, OSError) as fault:
                    complaints.append(f"request {number}, {step.name}, {step.sent[:300]!r}: "
                                      f"{type(fault).__name__}: {fault}")
            kept = getattr(self.kept, "connection", None)
            if kept:
                kept.close()

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for future in [pool.submit(client) for _ in range(CLIENTS)]:
                future.result()
        return complaints


def resident(server):
    """Resident memory in bytes, once there is nothing to do."""
    wait_until(server.is_quiet, "the server is quiet")
    return server.resident_memory()


def soak(server, plan):
    """Complaints, and what is said about memory."""
    idle = server.descriptors()
    run = Soak(server)
    # The most that all clients together can ask for is asked for at once, and more than once.
    rounds = (FIRST - len(plan.first)) // CLIENTS
    assert rounds >= 2, "the first requests have no room for the largest one"
    complaints = [complaint for _ in range(rounds) for complaint in run.clients(plan.largest)]
    complaints += run.clients(plan.first)
    before = resident(server)
    complaints += run.clients(plan.rest)
    wait_until(lambda: server.descriptors() == idle, "all connections are forgotten",
               FORGOTTEN)
    after = resident(server)
    print(f"soak: resident {before / 2**20:.1f} MiB after the first {FIRST}, "
          f"{after / 2**20:.1f} MiB after all {COUNT}", flush=True)
    if not SANITIZED and after - before > MOST_GROWTH:
        complaints.append(f"memory grew by {(after - before) / 2**20:.1f} MiB")
    return complaints


def main():
    begun = time.monotonic()
    plan = Plan(random.Random(SEED))
    faulty = sum(not step.sound for step in plan.first + plan.rest)
    server = Server("--threads", "2", "--max-body", str(mixed.MAX_BODY))
    try:
        complaints = soak(server, plan)
        server.stop()
    finally:
        if not server.ended:
            server.kill()
    print(f"soak: {COUNT} requests, {faulty} of them broken, in {time.monotonic() - begun:.0f} s")
    print("\n".join(complaints) or "soak: nothing was left behind")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
