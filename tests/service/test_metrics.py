"""The metrics: after known requests exactly what they add up to, as Prometheus reads it."""

import collections
import json
import re
import subprocess

import pytest

import pictures
from checks import (FRAMES, HISTOGRAMS, assert_media_type, assert_ok, assert_problem, dissolve,
                    histograms)
from rawhttp import Connection, request_head
from server import PATIENCE, wait_until
from test_unix_socket import UnixConnection, UnixServer

REQUESTS = "dissolved_requests_total"
REJECTIONS = "dissolved_rejections_total"
REASONS = {"queue_full", "draining", "too_large", "timeout_header", "timeout_body",
           "timeout_compute", "timeout_reader", "unauthorized", "malformed", "connections",
           "connections_per_address", "no_memory", "bodies_full",
           "descriptors", "timeout_answer", "slow_reader", "slow_body"}
STAGES = ("queue", "decode", "diffuse", "encode")
OPERATORS = ("/healthz", "/readyz", "/metrics")


def scrape(client):
    """name -> {labels as a sorted tuple of pairs: value}."""
    answer = assert_ok(client.get("/metrics"))
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return parse(answer.text)


def parse(text):
    figures = collections.defaultdict(dict)
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r'(\w+)(?:\{(.*)\})? (\S+)', line).groups()
        pairs = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels or "")))
        assert pairs not in figures[name], f"{line} comes twice"
        figures[name][pairs] = float(value)
    return figures


def requests_of(figures):
    """(route, method, code) -> count, without the scraping itself."""
    counted = {}
    for labels, value in figures[REQUESTS].items():
        labels = dict(labels)
        if labels["route"] != "/metrics":
            counted[labels["route"], labels["method"], labels["code"]] = value
    return counted


def only(figures, name):
    (value,) = figures[name].values()
    return value


def reasons(figures):
    return {dict(labels)["reason"]: value for labels, value in figures[REJECTIONS].items()}


def after(client, count):
    """The figures once so many requests have ended; they may end just after their answers."""
    def ended():
        figures = scrape(client)
        total = sum(requests_of(figures).values())
        assert total <= count, f"{requests_of(figures)}"
        return total == count and figures

    return wait_until(ended, f"{count} requests have ended")


@pytest.fixture
def counting(start_server):
    return start_server("--max-body", "100000", "--threads", "1")


@pytest.fixture
def counted(counting):
    with counting.client() as session:
        yield session


def test_all_begins_at_nothing(counted):
    figures = scrape(counted)
    assert figures[REQUESTS] == {}
    for name in ("dissolved_elements_stepped_total", "dissolved_frames_encoded_total",
                 "dissolved_received_bytes_total", "dissolved_sent_bytes_total",
                 "dissolved_requests_cancelled_total", "dissolved_log_lines_dropped_total",
                 "dissolved_sandbox_violations_total",
                 "dissolved_request_duration_seconds_count"):
        assert only(figures, name) == 0, name
    assert reasons(figures) == dict.fromkeys(REASONS, 0)
    assert only(figures, "dissolved_ready") == 1
    assert only(figures, "dissolved_requests_in_progress") == 1, "the scraping itself"
    assert only(figures, "dissolved_connections") == 1
    assert only(figures, "dissolved_queue_length") == 0
    assert only(figures, "dissolved_queue_capacity") == 64
    assert only(figures, "dissolved_slow_readers") == 0
    assert only(figures, "dissolved_bodies_bytes") == 0
    memory = only(figures, "dissolved_memory_capacity_bytes")
    assert memory > 0 and only(figures, "dissolved_memory_bytes") == 0
    assert only(figures, "dissolved_bodies_capacity_bytes") == memory // 4 + memory // 32
    assert only(figures, "dissolved_pool_threads") == 1
    assert only(figures, "dissolved_job_threads") >= 1
    ((labels, one),) = figures["dissolved_build_info"].items()
    assert one == 1 and {name for name, _ in labels} == {"isa", "version"}
    assert dict(labels)["version"] == counted.get("/v1").json()["version"]
    assert only(figures, "process_resident_memory_bytes") > 2**20
    assert only(figures, "process_cpu_seconds_total") >= 0


def test_known_requests_add_up_to_known_figures(counted):
    png = pictures.png_of(pictures.photo(8, 6))
    received = 0

    def account(answer, status, body=b""):
        nonlocal received
        assert answer.status_code == status
        received += len(body)

    account(counted.get("/v1"), 200)
    account(counted.head("/v1"), 200)
    account(counted.options("/v1"), 204)
    account(counted.put("/v1"), 405)
    account(counted.get("/nosuch"), 404)
    account(counted.get("/healthz"), 200)
    account(counted.get("/healthz"), 200)
    account(dissolve(counted, png, steps=4), 200, png)
    account(dissolve(counted, png, steps=4, frames="1,3"), 200, png)
    account(dissolve(counted, png, headers={"Content-Type": "text/plain"}), 415, png)
    account(dissolve(counted, b"no picture"), 422, b"no picture")
    body = json.dumps({"samples": [1, 2, 3]}).encode()
    for _ in range(3):
        account(counted.post(HISTOGRAMS, data=body, params={"steps": 5},
                             headers={"Content-Type": "application/json"}), 200, body)
    account(counted.get("/v1/schedule", params={"steps": 7}), 200)
    tag = assert_ok(counted.get("/sample.png")).headers["ETag"]
    account(counted.get("/sample.png", headers={"If-None-Match": tag}), 304)

    figures = after(counted, 17)
    assert requests_of(figures) == {
        ("/v1", "GET", "200"): 1, ("/v1", "HEAD", "200"): 1, ("other", "OPTIONS", "204"): 1,
        ("other", "other", "405"): 1, ("other", "GET", "404"): 1, ("/healthz", "GET", "200"): 2,
        (FRAMES, "POST", "200"): 2, (FRAMES, "POST", "415"): 1, (FRAMES, "POST", "422"): 1,
        (HISTOGRAMS, "POST", "200"): 3, ("/v1/schedule", "GET", "200"): 1,
        ("/sample.png", "GET", "200"): 1, ("/sample.png", "GET", "304"): 1}
    assert only(figures, "dissolved_elements_stepped_total") == 8 * 6 * 3 * (4 + 3) + 3 * 3 * 5
    assert only(figures, "dissolved_frames_encoded_total") == 5 + 2 + 3 * 6
    scraping = (("code", "200"), ("method", "GET"), ("route", "/metrics"))
    assert only(figures, "dissolved_received_bytes_total") == received
    assert only(figures, "dissolved_requests_cancelled_total") == 0
    assert reasons(figures) == dict.fromkeys(REASONS, 0)
    computed = 2 + 2 + 3 + 1
    for stage in STAGES:
        label = (("stage", stage),)
        assert figures["dissolved_job_stage_seconds_count"][label] == computed, stage
        assert figures["dissolved_job_stage_seconds_bucket"][("le", "+Inf"), label[0]] == computed
        assert figures["dissolved_job_stage_seconds_sum"][label] >= 0
    assert only(figures, "dissolved_request_duration_seconds_count") == (
        17 + figures[REQUESTS].get(scraping, 0))


def test_the_bytes_that_are_sent_are_counted_to_the_last(counted):
    """Requests on one connection end one after another: a scraping counts those before it."""
    first = counted.get("/metrics")
    others = [counted.get("/v1"), counted.head("/v1"), counted.get("/nosuch"), counted.get("/")]
    grown = only(scrape(counted), "dissolved_sent_bytes_total") - only(
        parse(first.text), "dissolved_sent_bytes_total")
    plain = sum(int(answer.headers["Content-Length"]) for answer in [first, *others])
    assert grown == plain - int(others[1].headers["Content-Length"])


def test_buckets_only_grow(counted):
    for _ in range(5):
        assert_ok(histograms(counted, {"samples": [1]}))
    figures = after(counted, 5)
    for name in ("dissolved_job_stage_seconds", "dissolved_request_duration_seconds"):
        series = collections.defaultdict(list)
        for labels, value in figures[name + "_bucket"].items():
            labels = dict(labels)
            series[labels.get("stage")].append((float(labels["le"]), value))
        for stage, buckets in series.items():
            values = [value for _, value in sorted(buckets)]
            assert values == sorted(values)
            count = figures[name + "_count"][(("stage", stage),) if stage else ()]
            assert values[-1] == count


def test_rejections_are_counted_by_their_reason(start_server):
    server = start_server("--max-body", "1000", "--api-keys", "open-sesame", "--body-timeout",
                          "1s", "--header-timeout", "1s")
    key = {"Authorization": "Bearer open-sesame"}
    with server.client() as client:
        for _ in range(2):
            assert_problem(client.get("/v1"), 401)
        for _ in range(3):
            assert_problem(client.post(HISTOGRAMS, data=bytes(1001), headers=key), 413)
        with Connection(server) as connection:
            connection.send(request_head("POST", HISTOGRAMS, Transfer_Encoding="chunked",
                                         **key) + b"3e9\r\n" + bytes(1001) + b"\r\n")
            assert connection.read_response().status == 413
        for line in (b"X: a\r\n b", b"X : b"):
            with Connection(server) as connection:
                connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
                assert connection.read_response().status == 400
        for length in ("1, 1", "9" * 30):
            with Connection(server) as connection:
                connection.send(request_head("POST", HISTOGRAMS, Content_Length=length))
                assert connection.read_head().status in (400, 413)
                connection.stream.read()
        with Connection(server) as connection:
            connection.send(request_head("POST", HISTOGRAMS, Content_Length=100, **key))
            assert connection.read_response().status == 408
        with Connection(server) as connection:
            connection.send(b"GET / HTT")
            assert connection.stream.read() == b""
        figures = after(client, 11)
    assert reasons(figures) == {**dict.fromkeys(REASONS, 0), "unauthorized": 2, "too_large": 5,
                                "malformed": 3, "timeout_body": 1, "timeout_header": 1}
    assert requests_of(figures) == {
        ("/v1", "GET", "401"): 2, (HISTOGRAMS, "POST", "413"): 4, ("other", "GET", "400"): 2,
        (HISTOGRAMS, "POST", "408"): 1, ("other", "other", "400"): 1, ("other", "other", "413"): 1}
    assert only(figures, "dissolved_requests_cancelled_total") == 0


def test_clients_that_leave_are_counted(counting, counted):
    png = pictures.png_of(pictures.noise_picture(128, 128))
    for leavers in (1, 2):
        with Connection(counting, receive_buffer=16384) as connection:
            connection.post(FRAMES + "?steps=300&format=zip", png, Content_Type="image/png")
            assert connection.read_head().status == 200
        figures = after(counted, leavers)
        assert only(figures, "dissolved_requests_cancelled_total") == leavers
    with Connection(counting) as connection:
        connection.send(request_head("POST", FRAMES, Content_Length=len(png)) + png[:100])
        wait_until(lambda: only(scrape(counted), "dissolved_requests_in_progress") == 2,
                   "the upload is in progress")
    figures = after(counted, 3)
    assert only(figures, "dissolved_requests_cancelled_total") == 3
    assert requests_of(figures) == {(FRAMES, "POST", "200"): 2, (FRAMES, "POST", "none"): 1}
    wait_until(lambda: only(scrape(counted), "dissolved_requests_in_progress") == 1
               and only(scrape(counted), "dissolved_connections") == 1, "nobody is left")


def test_a_client_that_leaves_with_its_whole_answer_is_none_of_them(counting, counted):
    png = pictures.png_of(pictures.noise_picture(128, 128))
    for _ in range(100):
        with Connection(counting) as connection:
            connection.post(FRAMES + "?steps=5", png, Content_Type="image/png")
            assert connection.read_response().status == 200
    figures = after(counted, 100)
    assert only(figures, "dissolved_requests_cancelled_total") == 0
    assert requests_of(figures) == {(FRAMES, "POST", "200"): 100}


def test_promtool_has_nothing_to_say(counted):
    assert_ok(dissolve(counted, pictures.png_of(pictures.photo(4, 4))))
    assert_problem(counted.get("/nosuch"), 404)
    text = assert_ok(counted.get("/metrics")).content
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done


# ---- Operators ----

@pytest.fixture
def operated(start_server):
    return start_server("--admin-listen", "127.0.0.1:0", "--api-keys", "open-sesame")


def test_operators_have_a_listener_of_their_own_and_nothing_else_on_it(operated):
    with operated.operator() as operator, operated.client() as client:
        for path in OPERATORS:
            for session in (operator, client):
                assert_ok(session.get(path))
                assert_ok(session.head(path))
                assert session.options(path).status_code == 204
        for path in ("/", "/v1", "/v1/schedule", "/openapi.yaml", "/sample.png", "/nosuch"):
            assert_problem(operator.get(path), 404)
            assert_problem(operator.get(path, headers={"Authorization": "Bearer open-sesame"}), 404)
        for path in (FRAMES, HISTOGRAMS):
            assert_problem(operator.post(path, data=b"{}"), 404)
        assert_problem(operator.post("/metrics"), 405)
        assert operator.get("/metrics").text.partition("\n")[0] == client.get(
            "/metrics").text.partition("\n")[0]
        assert_media_type(operator.get("/healthz"), "application/json")


def test_operators_and_clients_are_counted_in_one_place(operated):
    with operated.operator() as operator, operated.client() as client:
        assert_ok(operator.get("/healthz"))
        assert_ok(client.get("/healthz"))
        for session in (operator, client):
            assert requests_of(after(session, 2)) == {("/healthz", "GET", "200"): 2}


def test_both_listeners_may_be_unix_sockets(tmp_path):
    path, admin = tmp_path / "socket", tmp_path / "admin"
    server = UnixServer(path, "--admin-listen", f"unix:{admin}")
    try:
        wanted = {str(path): {"/metrics": 200, "/v1": 200, "/": 200, "/healthz": 200},
                  str(admin): {"/metrics": 200, "/v1": 404, "/": 404, "/healthz": 200}}
        for at, statuses in wanted.items():
            with UnixConnection(at) as connection:
                for target, status in statuses.items():
                    connection.send(request_head("GET", target))
                    assert connection.read_response().status == status, f"{target} at {at}"
    finally:
        server.finish()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line["client"] for line in lines if "id" in line} == {"unix"}
