"""What browsers are told: which origins may read an answer, and what the page may do."""

import json
import re

import pytest

import pictures
from checks import FRAMES, HISTOGRAMS, assert_ok, assert_problem, dissolve
from rawhttp import Connection, request_head
from server import Server

ALLOWED = ["https://a.example", "http://localhost:3000", "https://b.example:8443"]
OTHERS = ["https://c.example", "http://a.example", "https://a.example:443", "https://a.example.org",
          "https://xa.example", "https://a.example/", "https://a.example, http://localhost:3000",
          "null", "*", "", "https://b.example"]


@pytest.fixture(scope="module")
def choosy():
    instance = Server("--cors-origins", ",".join(ALLOWED), "--max-body", "100000")
    yield instance
    instance.stop()


@pytest.fixture
def page(choosy):
    with choosy.client() as session:
        yield session


def answers(client, origin):
    """One of each kind: documents, refusals before and after the body, computations, preflights."""
    headers = {} if origin is None else {"Origin": origin}
    yield client.get("/v1", headers=headers)
    yield client.get("/", headers=headers)
    yield client.head("/sample.png", headers=headers)
    yield client.get("/metrics", headers=headers)
    yield client.get("/nosuch", headers=headers)
    yield client.put("/v1", headers=headers)
    yield client.get("/v1/schedule", headers=headers)
    yield dissolve(client, pictures.png_of(pictures.photo(4, 4)), headers=headers)
    yield dissolve(client, b"no picture", headers=headers)
    yield dissolve(client, bytes(200_000), headers=headers)
    yield client.options(FRAMES, headers={**headers, "Access-Control-Request-Method": "POST"})


def names(text):
    return {name.strip().lower() for name in (text or "").split(",")}


@pytest.mark.parametrize("origin", ALLOWED + [ALLOWED[0].upper()])
def test_an_allowed_origin_is_named_back(page, origin):
    for answer in answers(page, origin):
        assert answer.headers["Access-Control-Allow-Origin"].lower() == origin.lower(), answer.url
        assert "origin" in names(answer.headers["Vary"])
        assert {"x-request-id", "dissolve-seed", "server-timing", "retry-after"} <= names(
            answer.headers["Access-Control-Expose-Headers"])


@pytest.mark.parametrize("origin", [None, *OTHERS])
def test_another_origin_gets_the_answer_and_no_leave_to_read_it(page, origin):
    for answer in answers(page, origin):
        told = [name for name in answer.headers if name.lower().startswith("access-control")]
        assert not told, f"{answer.url}: {told}"
        assert "origin" in names(answer.headers["Vary"]), "a cache would mix them up"
    assert_ok(page.get("/v1", headers={} if origin is None else {"Origin": origin}))


@pytest.mark.parametrize("origin", [None, "https://anything.example", "null"])
def test_by_default_every_origin_may(client, origin):
    for answer in answers(client, origin):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "origin" not in names(answer.headers.get("Vary"))
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Set-Cookie" not in answer.headers


def test_vary_goes_with_another_vary(page):
    answer = assert_ok(page.get("/v1/schedule", headers={"Origin": ALLOWED[0]}))
    assert {"origin", "accept-encoding"} <= names(
        ",".join(answer.raw.headers.getlist("Vary")))


@pytest.mark.parametrize("origin", ["https://a.example\tb", "https://a.example\rX-A: b",
                                    "\x1b[2J", "\xe9" * 8])
def test_an_origin_that_is_none_is_not_repeated(choosy, origin):
    with Connection(choosy) as connection:
        connection.send(request_head("GET", "/sample.png", Origin=origin))
        response = connection.read_response()
    assert "access-control-allow-origin" not in response.headers


def test_an_answer_from_the_middle_of_a_body_is_readable_too(choosy):
    """The one that libmicrohttpd is too late for is no other one."""
    with Connection(choosy) as connection:
        connection.send(request_head("POST", HISTOGRAMS, Transfer_Encoding="chunked",
                                     Origin=ALLOWED[1], Content_Type="application/json") +
                        b"20000\r\n" + bytes(0x20000) + b"\r\n")
        response = connection.read_response()
        assert connection.stream.read() == b""
    assert response.status == 413
    headers = response.headers
    assert headers["access-control-allow-origin"] == ALLOWED[1]
    assert "origin" in names(headers["vary"]) and headers["x-content-type-options"] == "nosniff"
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(response.body)["request_id"] == headers["x-request-id"]


# The page

def policy(client):
    text = assert_ok(client.get("/"), "text/html").headers["Content-Security-Policy"]
    return {rule.split()[0]: rule.split()[1:] for rule in text.split(";")}


def test_the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline(client):
    rules = policy(client)
    assert rules["default-src"] == ["'none'"]
    for name, sources in rules.items():
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & set(sources), name
        assert all(re.fullmatch(r"'none'|'self'|blob:|data:|'sha(256|384|512)-[\w+/=-]+'", source)
                   for source in sources), f"{name} {sources}"
    for name in ("base-uri", "form-action", "frame-ancestors"):
        assert rules[name] == ["'none'"], name
    assert "data:" not in rules.get("script-src", [])


def test_the_page_keeps_to_its_policy(client):
    text = assert_ok(client.get("/")).text
    assert not re.search(r"\son\w+\s*=\s*[\"']", text), "a handler that the policy forbids"
    assert not re.search(r"\bstyle\s*=\s*[\"']", text), "a style that the policy forbids"
    assert not re.search(r"(src|href)\s*=\s*[\"'](https?:)?//", text), "something from elsewhere"


@pytest.mark.parametrize("path", ["/", "/v1", "/openapi.yaml", "/sample.png", "/healthz",
                                  "/metrics", "/nosuch"])
def test_nothing_is_guessed_about_a_document(client, path):
    assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_tells_nobody_where_it_was(client):
    assert assert_ok(client.get("/")).headers["Referrer-Policy"] == "no-referrer"


def test_problems_and_states_are_not_kept_by_caches(client):
    for answer in (client.get("/nosuch"), dissolve(client, b"no picture"),
                   client.get("/metrics"), client.get("/readyz")):
        assert re.search(r"no-store|no-cache", answer.headers.get("Cache-Control", "")), answer.url
    assert_problem(client.get("/nosuch"), 404)
