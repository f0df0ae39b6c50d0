"""Each status that the contract, openapi.yaml, lists can be provoked: the ways are these."""

import http.client
import json
import urllib.parse

import numpy as np
import pytest
import requests

import pictures
from companions import JSON, SAMPLES, body_of
from contract import OPERATIONS, PATIENCE, PIXEL, check, send
from faults import Faults
from rawhttp import Connection
from server import wait_until
from stress import JOB_THREADS, endless

@pytest.fixture(scope="module")
def session(server):
    with requests.Session() as client:
        client.trust_env = False
        client.url = server.url
        yield client


class Answer:
    """What http.client gives, under the names that requests has for it."""

    def __init__(self, raw):
        self.status_code, self.headers, self.content = raw.status, raw.headers, raw.read()


def ask(connection, method, target, body=None, headers=None):
    connection.request(method, target, body, headers or {})
    return Answer(connection.getresponse())


class Draining:
    """A server that was told to end and cannot yet, for one client does not read its answer."""

    def __init__(self, start_server):
        server = start_server("--threads", "1")
        address = urllib.parse.urlsplit(server.url)
        self.busy, self.probe, self.kept = self.connections = [
            http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
            for _ in range(3)]
        for connection in (self.probe, self.kept):
            ask(connection, "GET", "/healthz")
        self.busy.request("POST", "/v1/samples/histograms?steps=10000&bins=500",
                          json.dumps({"samples": list(range(100))}),
                          {"Content-Type": JSON})
        self.unread = self.busy.getresponse()
        server.terminate()
        while ask(self.probe, "GET", "/healthz").headers["Connection"] != "close":
            pass  # the signal is on its way

    def close(self):
        for connection in self.connections:
            connection.close()


def while_draining(operation, session, start_server):
    draining = Draining(start_server)
    try:
        if operation.method == "GET":
            return ask(draining.kept, "GET", operation.path)
        body = json.dumps(SAMPLES[JSON]) if JSON in operation.bodies else body_of(operation)
        headers = {"Content-Type": next(iter(operation.bodies))}
        return ask(draining.kept, operation.method, operation.path, body, headers)
    finally:
        draining.close()


def unchanged(operation, session, _):
    tag = send(session, operation).headers["ETag"]
    if operation.id == "getMetrics":
        tag = "*"  # they differ with every answer, of which some other one is at hand
    return send(session, operation, headers={"If-None-Match": tag})


def unknown_parameter(operation, session, _):
    return send(session, operation, query={"nosuch": "1"})


def strange_accept(operation, session, _):
    return send(session, operation, headers={"Accept": "text/x-nosuch"})


def strange_type(operation, session, _):
    return send(session, operation, media_type="text/x-nosuch")


def body_too_large(operation, _, start_server):
    with requests.Session() as client:
        client.trust_env = False
        client.url = start_server("--max-body", "1000").url
        return send(client, operation, b" " * 1001)


def unsound_body(operation, session, _):
    """A broken picture, or a sample that is not finite in float32."""
    return send(session, operation, b'{"samples": [1e39]}' if JSON in operation.bodies
                else PIXEL[:40])


def without_key(operation, _, start_server):
    server = start_server("--api-keys", "open-sesame")
    with requests.Session() as client:
        client.trust_env = False
        client.url = server.url
        key = {"Authorization": "Bearer open-sesame"}
        check(send(client, operation, headers=key), operation.responses, 200)
        return send(client, operation)


def connect(server):
    address = urllib.parse.urlsplit(server.url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)


def body_that_stalls(operation, _, start_server):
    connection = connect(start_server("--body-timeout", "100ms"))
    connection.putrequest(operation.method, operation.path)
    connection.putheader("Content-Type", next(iter(operation.bodies)))
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"the first half")
    try:
        return Answer(connection.getresponse())
    finally:
        connection.close()


def long_job(operation, _, start_server):
    """Some ten seconds of work; where there is none, a wait for a job thread."""
    if operation.method == "GET":
        return behind_decoders(operation, start_server)
    server = start_server("--compute-timeout", "100ms", "--threads", "1")
    with requests.Session() as client:
        client.trust_env = False
        client.url = server.url
        body = ({"mixture": {"weights": [1], "means": [0], "stds": [1], "count": 10**6}}
                if JSON in operation.bodies else pictures.png_of(np.zeros((512, 512), np.uint8)))
        return send(client, operation, body, {"steps": 10000, "frames": "last"})


def behind_decoders(operation, start_server):
    """All job threads decode pictures, and do not hear that their time is over."""
    faults = Faults()
    server = start_server("--compute-timeout", "100ms", "--threads", "1", **faults.settings)
    faults.hold()
    decoding = [Connection(server) for _ in range(JOB_THREADS)]
    waiting = connect(server)
    try:
        for connection in decoding:
            connection.send(endless().sent())
        wait_until(lambda: faults.held() == JOB_THREADS, "all job threads decode")
        waiting.request(operation.method, operation.path)
        return Answer(waiting.getresponse())
    finally:
        faults.close()
        for connection in [*decoding, waiting]:
            connection.close()


LONG = {"zip": pictures.png_of(pictures.noise_picture(128, 128)),
        "json": json.dumps({"samples": list(range(2000))}).encode()}


def long_answer_to_http_1_0(operation, session, _):
    """More than 64 MiB, and little work for it."""
    samples = JSON in operation.bodies
    more = ("bins=4096" if operation.path.endswith("histograms")
            else "format=" + ("json" if samples else "zip"))
    address = urllib.parse.urlsplit(session.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    try:
        return ask(connection, operation.method, f"{operation.path}?steps=10000&{more}",
                   LONG["json" if samples else "zip"],
                   {"Content-Type": JSON if samples else "image/png"})
    finally:
        connection.close()


PROVOCATIONS = {
    304: unchanged,
    400: unknown_parameter,
    401: without_key,
    406: strange_accept,
    408: body_that_stalls,
    413: body_too_large,
    415: strange_type,
    422: unsound_body,
    503: while_draining,
    504: long_job,
    505: long_answer_to_http_1_0,
}
UNPROVOKED = {"200", "500", "default"}
"""200 is what the other tests ask for; a 500 is a fault of ours; default stands for any status."""


def statuses():
    for operation in OPERATIONS:
        for status in operation.responses:
            if status not in UNPROVOKED:
                yield pytest.param(operation, int(status), id=f"{operation}-{status}")


@pytest.mark.parametrize("operation, status", statuses())
def test_each_status_of_the_document_can_be_provoked(session, start_server, operation, status):
    provoke = PROVOCATIONS.get(status)
    assert provoke, f"nothing here provokes {status}"
    check(provoke(operation, session, start_server), operation.responses, status)
