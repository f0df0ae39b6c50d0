"""The log: one line for each request, which nobody can forge, and which nobody has to read."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

import pictures
from checks import FRAMES, HISTOGRAMS, assert_ok, dissolve
from rawhttp import Connection, request_head
from server import BINARY, LISTENING, PATIENCE, clean_environment, wait_until

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ALWAYS = ["time", "level", "id", "method", "path", "client", "status", "bytes_in", "bytes_out",
          "total_ms"]
STAGES = ["queue_ms", "decode_ms", "diffuse_ms", "encode_ms"]
OPERATORS = ["/healthz", "/readyz", "/metrics"]


def lines_of(server):
    return [json.loads(line) for line in server.stderr().splitlines()]


def line_of(server, name):
    """The one line about the request of this id, once it is there."""
    def found():
        return [line for line in lines_of(server) if line.get("id") == name]

    wait_until(found, f"there is a line about {name}")
    assert len(found()) == 1, f"{len(found())} lines about one request"
    return found()[0]


def named(name, **headers):
    return {"X-Request-Id": name, **headers}


def test_a_request_is_one_line_that_tells_all_about_it(server, client):
    png = pictures.png_of(pictures.photo(256, 256))
    answer = assert_ok(dissolve(client, png, headers=named("line-1"), frames="last"))
    line = line_of(server, "line-1")
    assert list(line) == [*ALWAYS, *STAGES, "cancelled"]
    assert re.fullmatch(TIME, line["time"])
    assert (line["level"], line["method"], line["path"]) == ("info", "POST", FRAMES)
    assert (line["client"], line["status"], line["cancelled"]) == ("127.0.0.1", 200, False)
    assert line["bytes_in"] == len(png) and line["bytes_out"] == len(answer.content)
    assert all(line[stage] >= 0 for stage in STAGES)
    assert line["total_ms"] >= line["decode_ms"]


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/v1", 200), ("HEAD", "/v1", 200), ("OPTIONS", "/v1", 204), ("GET", "/", 200),
    ("GET", "/nosuch", 404), ("PUT", "/v1", 405), ("POST", HISTOGRAMS, 400)])
def test_what_is_not_computed_has_no_stages(server, client, method, path, status):
    name = f"plain-{method}-{status}-{len(path)}"
    answer = client.request(method, path + "?nosuch=1" if status == 400 else path,
                            headers=named(name) | {"Accept-Encoding": "identity"})
    assert answer.status_code == status
    line = line_of(server, name)
    assert (line["method"], line["path"], line["status"]) == (method, path, status)
    assert line["bytes_out"] == len(answer.content) and line["bytes_in"] == 0
    assert set(line) == {*ALWAYS, "cancelled"} | (set(STAGES) if status == 400 else set())


def test_an_id_of_the_services_own_is_in_the_line_too(server, client):
    answer = client.get("/v1", headers=named("not sound"))
    assert line_of(server, answer.headers["X-Request-Id"])["path"] == "/v1"
    assert "not sound" not in server.stderr()


def test_a_client_that_leaves_is_told_of(server):
    png = pictures.png_of(pictures.noise_picture(128, 128))
    with Connection(server, receive_buffer=16384) as connection:
        connection.post(FRAMES + "?steps=300&format=zip", png, X_Request_Id="leaver",
                        Content_Type="image/png")
        assert connection.read_head().status == 200
    line = line_of(server, "leaver")
    assert line["cancelled"] is True and line["status"] == 200


@pytest.mark.parametrize("headers, status, method", [
    ({"Content_Length": "1, 1"}, 400, None), ({"X_A": "b" * 40_000}, 431, None),
    ({"Transfer_Encoding": "chunked"}, 400, "POST")])
def test_what_the_library_refuses_by_itself_is_told_of_too(start_server, headers, status, method):
    server = start_server()
    with Connection(server) as connection:
        connection.send(request_head("POST", HISTOGRAMS, **headers) + b"no chunk\r\n")
        assert connection.read_head().status == status
        connection.stream.read()

    def told():
        return [line for line in lines_of(server) if "id" in line]

    wait_until(told, "there is a line")
    (line,) = told()
    assert (line["status"], line["method"], line["path"]) == (status, method, HISTOGRAMS)
    assert line["cancelled"] is False


FORGERIES = ["/a%0a{%22id%22:%22forged%22}", "/a%0d%0aforged", "/%1b[2J%1b[31m",
             "/a%22,%22id%22:%22f", "/%e2%80%a8%e2%80%ae", "/%c2%85%c2%9b2J", "/%ff%fe%80",
             "/a%5c%22", "/%7f%08%08", "/" + "x" * 9000, "/a%20200%20id=forged", "/%ed%a0%80"]


@pytest.mark.parametrize("settings", [["--log-format", "json"], ["--log-format", "text"]],
                         ids=["json", "text"])
def test_nothing_that_a_client_sends_forges_a_line(start_server, settings):
    server = start_server(*settings)
    with server.client() as client:
        for index, path in enumerate(FORGERIES):
            with Connection(server) as connection:
                connection.send(request_head("GET", path, X_Request_Id=f"sound-{index}",
                                             User_Agent="a\x85\"} forged", Referer="forged"))
                assert connection.read_response().status == 404
        for unsound in ("a\"b", "a b", "forged\x85", "a\\nb", "${jndi}"):
            client.get("/v1", headers={"X-Request-Id": unsound.encode("latin-1")})
        for method in ("FORGED", "{\"id\":1}", "\x1b[2J"):
            with Connection(server) as connection:
                connection.send(request_head(method, "/v1"))
                connection.read_response()
    server.stop()
    text = server.stderr()
    requests = len(FORGERIES) + 5 + 3
    told = [line for line in text.split("\n") if re.search(r'"id":"| id=\w', line)]
    assert len(told) == requests, f"{len(told)} lines about {requests} requests:\n{text}"
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)
    assert max(map(len, text.split("\n"))) < 4096
    if "json" in settings:
        lines = [json.loads(line) for line in text.splitlines()]
        by_name = {line["id"]: line for line in lines if "id" in line}
        assert len(by_name) == requests
        assert by_name["sound-0"]["path"] == "/a\n{\"id\":\"forged\"}"
        assert all(len(line) == len(ALWAYS) + 1 + (4 if "queue_ms" in line else 0)
                   for line in by_name.values())
    else:
        head = rf"{TIME} info \S+ \S+ \d{{3}} id=\S+ client=127\.0\.0\.1( \w+=[\w.]+)+"
        for line in told:
            assert re.fullmatch(head, line), line
            assert len(re.findall(r" id=", line)) == 1


def test_lines_for_people(start_server):
    server = start_server("--log-format", "text")
    with server.client() as client:
        assert_ok(dissolve(client, pictures.png_of(pictures.photo(4, 4)), headers=named("a-1")))
    server.stop()
    lines = server.stderr().splitlines()
    assert all(re.match(TIME + " (info|warning|error|debug) ", line) for line in lines)
    assert re.fullmatch(
        rf"{TIME} info POST {FRAMES} 200 id=a-1 client=127\.0\.0\.1 bytes_in=\d+ bytes_out=\d+ "
        r"total_ms=[\d.]+ queue_ms=[\d.]+ decode_ms=[\d.]+ diffuse_ms=[\d.]+ encode_ms=[\d.]+ "
        r"cancelled=false", next(line for line in lines if "id=a-1" in line))


@pytest.mark.parametrize("settings, seen, at", [
    ({}, 0, None), ({"DISSOLVED_LOG_LEVEL": "debug"}, 3, "debug")], ids=["info", "debug"])
def test_what_operators_ask_is_news_only_if_it_went_wrong(start_server, settings, seen, at):
    server = start_server(**settings)
    with server.client() as client:
        for path in OPERATORS:
            assert_ok(client.get(path))
            assert client.post(path).status_code == 405
            assert_ok(client.get("/v1"))
    server.stop()
    lines = [line for line in lines_of(server) if line.get("path") in OPERATORS]
    assert [line["level"] for line in lines if line["status"] == 200] == [at] * seen
    assert [line["status"] for line in lines if line["status"] != 200] == [405] * 3
    assert sum(line.get("path") == "/v1" for line in lines_of(server)) == 3


def said_at(level):
    """All that a server says at this level if it is ended as soon as it listens; its status."""
    process = subprocess.Popen(
        [BINARY, "--listen", "127.0.0.1:0", "--no-sandbox", "--log-level", level],
        env=clean_environment(), stderr=subprocess.PIPE)

    def links():
        for descriptor in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                yield os.readlink(descriptor)

    def listens():
        open_sockets = set(links())
        with open(f"/proc/{process.pid}/net/tcp") as table:
            listening = [line.split()[9] for line in table if line.split()[3] == "0A"]
        return any(f"socket:[{inode}]" in open_sockets for inode in listening)

    wait_until(listens, "the server listens")
    process.send_signal(signal.SIGTERM)
    return process.communicate(timeout=PATIENCE)[1], process.returncode


@pytest.mark.parametrize("level", ["warning", "error"])
def test_where_nothing_is_wrong_nothing_is_said_at_higher_levels(level):
    assert said_at(level) == (b"", 0)


class Unread:
    """A server whose stderr nobody reads once it has told its address."""

    def __init__(self, *flags):
        self.process = subprocess.Popen([BINARY, "--listen", "127.0.0.1:0", *flags],
                                        env=clean_environment(), stderr=subprocess.PIPE, bufsize=0)
        told = b""
        while not LISTENING.search(told.decode()) or not told.endswith(b"\n"):
            told += self.process.stderr.read(1)
        found = LISTENING.search(told.decode())
        self.url, self.port = found[2], int(found[3])

    def dropped(self, client):
        text = assert_ok(client.get("/metrics")).text
        return int(re.search(r"^dissolved_log_lines_dropped_total (\d+)$", text, re.M)[1])


def test_a_log_that_nobody_reads_holds_nobody_up(start_server):
    """Every request is answered; what finds no room is counted, and told of once there is some."""
    unread = Unread()
    with start_server().client() as client:
        client.base_url = unread.url
        path = "/" + "%ff" * 500
        sent = 0

        def lines_are_dropped():
            nonlocal sent
            for _ in range(50):
                assert client.get(path).status_code == 404
            sent += 50
            return unread.dropped(client) > 0

        wait_until(lines_are_dropped, "lines are dropped")
        assert_ok(client.post(HISTOGRAMS, json={"samples": [1]}))
        dropped = unread.dropped(client)
        assert 0 < dropped < sent
    unread.process.send_signal(signal.SIGTERM)
    text = unread.process.communicate(timeout=PATIENCE)[1].decode()
    assert unread.process.returncode == 0
    lines = [json.loads(line) for line in text.splitlines()]
    lost = [line for line in lines if line.get("message", "").startswith("log lines lost")]
    assert lost and lost[0]["level"] == "warning"
    told = sum(int(line["message"].rpartition(" ")[2]) for line in lost)
    assert told >= dropped
    assert sum("path" in line for line in lines) + told >= sent + 1


def test_a_log_that_nobody_reads_does_not_keep_the_process_alive():
    unread = Unread("--log-level", "debug")
    with Connection(unread) as connection:
        for _ in range(2000):
            connection.send(request_head("GET", "/" + "%ff" * 500))
            assert connection.read_response().status == 404
    unread.process.send_signal(signal.SIGTERM)
    assert unread.process.wait(PATIENCE) == 0
    unread.process.stderr.close()


def test_a_log_whose_reader_is_gone_is_no_reason_to_end():
    unread = Unread()
    unread.process.stderr.close()
    with Connection(unread) as connection:
        for _ in range(20):
            connection.send(request_head("GET", "/v1"))
            assert connection.read_response().status == 200
    unread.process.send_signal(signal.SIGTERM)
    assert unread.process.wait(PATIENCE) == 0
