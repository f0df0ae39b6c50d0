"""Limits: body, pixels and work, each exactly at its number, refused before the cost arises."""

import json
import re

import numpy as np
import pytest

import pictures
from checks import (FRAMES, HISTOGRAMS, assert_ok, assert_problem, dissolve, histograms)
from rawhttp import Connection, request_head

MAX_BODY = 20_000
MAX_WORK = 5_000_000
"""Nanoseconds of one core."""


@pytest.fixture
def small(start_server):
    return start_server("--max-body", str(MAX_BODY), "--max-pixels", "1000", "--max-work", str(MAX_WORK))


@pytest.fixture
def limited(small):
    with small.client() as session:
        yield session


def test_the_limits_are_told(limited):
    limits = {name.replace("-", "_"): value
              for name, value in limited.get("/v1").json()["limits"].items()}
    assert (limits["max_body"], limits["max_pixels"], limits["max_work"]) == (
        MAX_BODY, 1000, MAX_WORK)


def test_pixels_up_to_the_limit_are_taken_and_no_more(limited):
    for width, height in ((25, 40), (1000, 1)):
        assert_ok(dissolve(limited, pictures.png_of(pictures.photo(width, height)), steps=1))
    for width, height in ((7, 143), (1001, 1), (32, 32), (60000, 60000)):
        png = pictures.claiming(width, height) if width > 2000 else pictures.png_of(
            pictures.photo(width, height))
        assert_problem(dissolve(limited, png, steps=1), 422)


def asked(session, path, body, **parameters):
    """A response to a picture, or to JSON."""
    headers = {"Accept-Encoding": "identity"}
    if isinstance(body, dict):
        return session.post(path, json=body, params=parameters, headers=headers)
    headers["Content-Type"] = "application/octet-stream"
    return session.post(path, data=body, params=parameters, headers=headers)


PHOTO = pictures.png_of(pictures.photo(20, 20))
NOISE = {"samples": [round(np.sin(i), 3) for i in range(100)]}
LAW = {"mixture": {"weights": [1, 2], "means": [0, 3], "stds": [1, 0.5], "count": 100}}
SHARP = {"mixture": {"weights": [1, 2], "means": [0, 3], "stds": [1, 1e-5], "count": 1}}
IMAGES, IMAGE_BINS, SAMPLES = FRAMES, "/v1/images/histograms", "/v1/samples/frames"

FORMS = {
    "chain": (IMAGES, PHOTO, {"frames": "last", "compression": "none"}, {"steps": 500},
              {"steps": 9000}),
    "jump": (IMAGES, PHOTO, {"sampler": "jump", "steps": 9000, "format": "npy"}, {"frames": "1-200"},
             {"frames": "all"}),
    "tree": (IMAGES, PHOTO, {"sampler": "tree", "steps": 9000, "format": "npy"}, {"frames": "1-9"},
             {"frames": "all"}),
    "npz": (IMAGES, PHOTO, {"content": "x,noise,velocity", "format": "npz"}, {"steps": 100},
            {"steps": 500}),
    "apng": (IMAGES, PHOTO, {}, {"steps": 99}, {"steps": 999}),
    "best": (IMAGES, PHOTO, {"compression": "best"}, {"steps": 9}, {"steps": 99}),
    "sheet": (IMAGES, pictures.png_of(pictures.photo(1, 1)), {"layout": "strip"}, {"steps": 99},
              {"steps": 999}),
    "zip": (IMAGES, PHOTO, {"format": "zip"}, {"steps": 50}, {"steps": 500}),
    "json": (IMAGES, PHOTO, {"format": "json"}, {"steps": 50}, {"steps": 500}),
    "multipart": (IMAGES, PHOTO, {"format": "multipart"}, {"steps": 99}, {"steps": 999}),
    "image histograms": (IMAGE_BINS, PHOTO, {"bins": 9}, {"steps": 99}, {"steps": 999}),
    "image plots": (IMAGE_BINS, PHOTO, {"format": "svg"}, {"steps": 50}, {"steps": 999}),
    "numbers": (SAMPLES, NOISE, {}, {"steps": 100}, {"steps": 1500}),
    "bins": (HISTOGRAMS, NOISE, {"bins": 4096}, {"steps": 8}, {"steps": 40}),
    "plots": (HISTOGRAMS, LAW, {"format": "svg"}, {"steps": 20}, {"steps": 200}),
    "exact": (HISTOGRAMS, SHARP, {"steps": 9, "bins": 9}, {"frames": "9"}, {"frames": "0"}),
    "mixture": (SAMPLES, {}, {"frames": "0", "steps": 1, "format": "npy"},
                {"mixture": LAW["mixture"]}, {"mixture": LAW["mixture"] | {"count": 3_000_000}}),
}


@pytest.mark.parametrize("form", FORMS)
def test_work_below_the_limit_is_taken_and_above_it_refused(start_server, form):
    path, body, common, few, many = FORMS[form]
    server = start_server("--max-body", str(MAX_BODY), "--max-work", str(MAX_WORK))
    with server.client() as session:
        if isinstance(body, dict):
            answers = [asked(session, path, {**body, **common, **extra}) for extra in (few, many)]
        else:
            answers = [asked(session, path, body, **common, **extra) for extra in (few, many)]
    assert_ok(answers[0])
    detail = assert_problem(answers[1], 422)["detail"]
    assert re.fullmatch(r"This request is estimated at \d+ ms of one processor core, above the limit "
                        r"of 5 ms \(max-work\); ask for fewer .*\.", detail), detail


def test_a_mixture_of_any_count_has_an_estimate(limited):
    mixture = {"weights": [1], "means": [0], "stds": [1], "count": 2**63}
    assert_problem(histograms(limited, {"mixture": mixture, "steps": 2}), (400, 413, 422))


@pytest.mark.parametrize("body", [
    {"samples": [1]}, {"samples": [1, -2, 3, 0.5], "sampler": "jump"},
    {"samples": [1], "range": [-3, 3], "sampler": "tree"}], ids=str)
def test_a_small_request_is_charged_for_the_gigabytes_of_its_response(start_server, body):
    """10,001 frames of 4,096 bins are 1.8 GB, which take some 3 s to write and 10 s under gzip."""
    body = body | {"steps": 10000, "bins": 4096}
    assert len(json.dumps(body)) <= 216
    with start_server("--max-work", "2000000000").client() as session:
        detail = assert_problem(histograms(session, body), 422)["detail"]
        assert 2 < int(re.search(r"estimated at (\d+) s ", detail)[1]) < 30
        assert_ok(histograms(session, body | {"frames": "0-10000/5000"}))


def json_of_size(size):
    text = json.dumps({"samples": [1], "steps": 1})
    return (text + " " * (size - len(text))).encode()


def test_a_body_of_the_limits_size_is_taken(limited):
    response = limited.post(HISTOGRAMS, data=json_of_size(MAX_BODY),
                            headers={"Content-Type": "application/json"})
    assert_ok(response)


@pytest.mark.parametrize("path", [FRAMES, HISTOGRAMS])
@pytest.mark.parametrize("size", [MAX_BODY + 1, 2 * MAX_BODY])
def test_a_body_over_the_limit_gets_its_answer_however_it_is_sent(limited, path, size):
    for _ in range(10):
        response = limited.post(path, data=bytes(size), headers={"Content-Type": "image/png"})
        assert_problem(response, 413)


@pytest.mark.parametrize("path", [FRAMES, HISTOGRAMS])
@pytest.mark.parametrize("size", [2**40, 2**63 - 1])
def test_a_giant_body_is_refused_by_its_announcement(small, path, size):
    """The body is never sent: the answer has to come from the head alone."""
    with Connection(small) as connection:
        connection.send(request_head("POST", path, Content_Type="image/png", Content_Length=size))
        response = connection.read_head()
        connection.read_body(response)
    assert response.status == 413
    assert response.headers["content-type"].startswith("application/problem+json")
    assert json.loads(response.body)["status"] == 413
    assert json.loads(response.body)["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("path", [FRAMES, HISTOGRAMS])
def test_a_client_that_asks_first_is_refused_without_a_100(small, path):
    with Connection(small) as connection:
        connection.send(request_head("POST", path, Content_Type="image/png",
                                     Content_Length=MAX_BODY + 1, Expect="100-continue"))
        response = connection.read_head()
    assert response.status == 413, f"{response.status} came before the refusal"


def test_a_client_that_asks_first_gets_its_100_where_the_body_fits(small):
    png = pictures.png_of(pictures.photo(10, 10))
    with Connection(small) as connection:
        connection.send(request_head("POST", FRAMES + "?steps=1", Content_Type="image/png",
                                     Content_Length=len(png), Expect="100-continue"))
        assert connection.read_head().status == 100
        connection.send(png)
        assert connection.read_response().status == 200


@pytest.mark.parametrize("headers, status", [
    ({"Content_Type": "text/plain"}, 415),
    ({"Content_Type": "image/png", "Accept": "text/html"}, 406),
])
def test_what_the_head_gives_away_is_refused_at_the_latest_after_the_body(small, headers, status):
    png = pictures.png_of(pictures.photo(10, 10))
    with Connection(small) as connection:
        connection.post(FRAMES, png, **headers)
        assert connection.read_response().status == status


def test_a_chunked_body_over_the_limit_is_refused_or_cut(small, limited):
    """Where no answer is possible any more in the middle of a body, the connection has to end."""
    piece = b"1000\r\n" + bytes(4096) + b"\r\n"
    before = small.peak_memory()
    with Connection(small) as connection:
        connection.send(request_head("POST", FRAMES, Content_Type="image/png",
                                     Transfer_Encoding="chunked"))
        try:
            for _ in range(1 << 14):
                connection.send(piece)
            connection.send(b"0\r\n\r\n")
            line = connection.stream.readline()
        except (BrokenPipeError, ConnectionResetError):
            line = b""
    assert line == b"" or b" 413 " in line, f"64 MiB where {MAX_BODY} bytes are allowed: {line!r}"
    assert small.peak_memory() - before < 32 * 2**20, "the body was kept all the same"
    assert_ok(limited.get("/healthz"))


@pytest.mark.parametrize("asks", [{}, {"Expect": "100-continue"}], ids=["sends", "asks first"])
def test_chunks_just_over_the_limit_hear_why(small, asks):
    """Of a body that tells no length the end is known only where it is too late."""
    with Connection(small) as connection:
        connection.send(request_head("POST", FRAMES, Transfer_Encoding="chunked", **asks))
        if asks:
            assert connection.read_head().status == 100
        connection.send(b"%x\r\n" % (MAX_BODY + 1) + bytes(MAX_BODY + 1) + b"\r\n0\r\n\r\n")
        response = connection.read_response()
        assert response.status == 413 and response.headers["connection"] == "close"
        assert json.loads(response.body)["request_id"] == response.headers["x-request-id"]
        assert connection.stream.read() == b""


def test_a_chunked_body_of_the_limits_size_is_taken(small):
    with Connection(small) as connection:
        connection.send(request_head("POST", HISTOGRAMS, Transfer_Encoding="chunked",
                                     Content_Type="application/json") +
                        b"%x\r\n" % MAX_BODY + json_of_size(MAX_BODY) + b"\r\n0\r\n\r\n")
        assert connection.read_response().status == 200


def test_a_form_over_the_limit_is_refused(limited):
    response = limited.post(FRAMES, files={"image": bytes(MAX_BODY)})
    assert_problem(response, 413)


def test_refusals_do_not_hurt_the_requests_between_them(limited):
    photo = pictures.photo(10, 10)
    for _ in range(20):
        assert_problem(dissolve(limited, pictures.claiming(1001, 1)), 422)
        frame = assert_ok(dissolve(limited, pictures.png_of(photo), frames="0")).content
        np.testing.assert_array_equal(pictures.pixels(frame), photo)
