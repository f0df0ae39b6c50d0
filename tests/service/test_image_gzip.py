"""Compressed answers about images: JSON to those who take gzip, the same bytes inside."""

import gzip
import json

import numpy as np
import pytest

import pictures
from checks import FRAMES, assert_problem, assert_sound_head
from imagery import IMAGE_HISTOGRAMS

DOCUMENTS = [(FRAMES, {"format": "json"}), (FRAMES, {"format": "json", "channels": "gray"}),
             (IMAGE_HISTOGRAMS, {}), (IMAGE_HISTOGRAMS, {"measures": "terms", "bins": "3"}),
             (FRAMES, {"format": "json", "steps": "0"})]
EACH = pytest.mark.parametrize("path, parameters", DOCUMENTS, ids=str)


@pytest.fixture(scope="module")
def png():
    return pictures.png_of(pictures.photo(40, 30))


def answer(client, png, path, accept_encoding, headers=None, **parameters):
    """The answer and its bytes as they came over the wire."""
    sent = {"Accept-Encoding": accept_encoding} | (headers or {})
    response = client.post(path, data=png, params={"seed": "4"} | parameters, headers=sent,
                           stream=True)
    return response, response.raw.read(decode_content=False)


def varies(response):
    return "accept-encoding" in response.headers.get("Vary", "").lower()


@EACH
@pytest.mark.parametrize("accepted", ["gzip", "GZIP", "gzip, deflate, br", "br, gzip;q=0.1",
                                      "identity;q=0.5, gzip", "*", "gzip;q=0.001",
                                      "br;q=1.0, *;q=0.5", "deflate,gzip ; q=1"])
def test_a_document_is_compressed_for_those_who_take_it(client, png, path, parameters, accepted):
    plain, expected = answer(client, png, path, None, **parameters)
    assert plain.status_code == 200 and "Content-Encoding" not in plain.headers
    response, data = answer(client, png, path, accepted, **parameters)
    assert response.status_code == 200
    assert_sound_head(response)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    assert varies(response), "Vary does not tell that the answer depends on Accept-Encoding"
    assert gzip.decompress(data) == expected, "another answer inside"
    assert len(data) < len(expected)


@pytest.mark.parametrize("layout", ["animation", "strip", "grid"])
def test_a_drawing_is_compressed_too(client, png, layout):
    drawn = {"format": "svg", "layout": layout}
    plain, expected = answer(client, png, IMAGE_HISTOGRAMS, "gzip;q=0", **drawn)
    response, data = answer(client, png, IMAGE_HISTOGRAMS, "gzip", **drawn)
    assert "Content-Encoding" not in plain.headers and varies(plain) and varies(response)
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(data) == expected and len(data) < len(expected)


@EACH
@pytest.mark.parametrize("accepted", [None, "", "identity", "gzip;q=0", "br, deflate", "*;q=0",
                                      "gzip;q=0, *", "gzip;q=0.000, *;q=1", "gzipped", "x"])
def test_a_document_is_plain_for_all_others(client, png, path, parameters, accepted):
    response, data = answer(client, png, path, accepted, **parameters)
    assert response.status_code == 200
    assert "Content-Encoding" not in response.headers
    assert varies(response), "Vary does not tell that the answer depends on Accept-Encoding"
    json.loads(data)


@EACH
def test_the_same_request_gives_the_same_compressed_bytes(client, png, path, parameters):
    once, again = (answer(client, png, path, "gzip", **parameters)[1] for _ in range(2))
    assert once == again


@pytest.mark.parametrize("form", ["png", "zip", "multipart", "npy", "npz"])
def test_pictures_and_arrays_are_never_compressed(client, png, form):
    response, data = answer(client, png, FRAMES, "gzip, *", format=form)
    assert response.status_code == 200 and "Content-Encoding" not in response.headers
    assert data == answer(client, png, FRAMES, None, format=form)[1]


@pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])
@pytest.mark.parametrize("status, parameters, headers", [
    (400, {"beta": "7"}, {}), (406, {}, {"Accept": "text/html"}),
    (415, {}, {"Content-Type": "text/plain"}), (400, {"banana": "y" * 3000}, {})])
def test_problems_are_never_compressed(client, png, path, status, parameters, headers):
    response, data = answer(client, png, path, "gzip", headers, **parameters)
    assert response.status_code == status and "Content-Encoding" not in response.headers
    assert json.loads(data)["status"] == status
    again = client.post(path, data=png, params=parameters,
                        headers={"Accept-Encoding": "gzip"} | headers)
    assert_problem(again, status)


def test_a_long_document_is_compressed_as_it_is_made(client):
    """Several MB, in chunks, whole at the end."""
    body = pictures.png_of(pictures.noise_picture(200, 150))
    options = {"format": "json", "steps": "40"}
    response, data = answer(client, body, FRAMES, "gzip", **options)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers.get("Transfer-Encoding") == "chunked"
    plain = answer(client, body, FRAMES, None, **options)[1]
    assert gzip.decompress(data) == plain
    assert len(plain) > 3_000_000 and len(data) < 0.9 * len(plain)
    frames = pictures.document_frames(json.loads(plain))
    np.testing.assert_array_equal(frames[0], pictures.pixels(body))


def test_a_client_that_knows_nothing_of_it_sees_the_document(client, png):
    """requests asks for gzip on its own and undoes it."""
    response = client.post(IMAGE_HISTOGRAMS, data=png, params={"seed": 4})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.content == answer(client, png, IMAGE_HISTOGRAMS, None)[1]
