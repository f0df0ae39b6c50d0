"""What a body is and is not: coded bodies, foreign files, byte order marks; nothing is misread."""

import bz2
import gzip
import io
import json
import lzma
import zlib

import numpy as np
import pytest
from PIL import Image

import pictures
from checks import FRAMES, HISTOGRAMS, assert_ok, assert_problem
from rawhttp import Connection

IMAGE_HISTOGRAMS = "/v1/images/histograms"
SAMPLES = "/v1/samples/frames"
DOCUMENT = b'{"samples": [1, 2, 3], "steps": 1, "seed": "1"}'
OPEN_TYPES = [None, "application/x-www-form-urlencoded", "binary/octet-stream"]


def post(client, path, body, media_type=None, **headers):
    sent = {} if media_type is None else {"Content-Type": media_type}
    return client.post(path, data=body, headers={**sent, **headers})


# Content-Encoding (RFC 9110, 8.4; 15.5.16)

CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": lambda data: b"\x0b" + data,
           "zstd": lambda data: b"(\xb5/\xfd" + data, "x-gzip": gzip.compress,
           "identity, gzip": gzip.compress, "gzip, gzip": lambda d: gzip.compress(gzip.compress(d)),
           "no-such-coding": lambda data: data}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("path, body, media_type", [
    (SAMPLES, DOCUMENT, "application/json"), (HISTOGRAMS, DOCUMENT, None),
    (SAMPLES, np.ones(64, "<f4").tobytes(), "application/octet-stream"),
    (FRAMES, pictures.png_of(pictures.photo(4, 4)), "image/png"),
    (IMAGE_HISTOGRAMS, pictures.png_of(pictures.photo(4, 4)), None)])
def test_a_coded_body_is_refused(client, path, body, media_type, coding):
    response = post(client, path, CODINGS[coding](body), media_type, **{"Content-Encoding": coding})
    problem = assert_problem(response, 415)
    assert "Content-Encoding" in problem["detail"]
    assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("path", ["/v1", "/v1/schedule", "/healthz", "/openapi.yaml", "/"])
def test_coded_bodies_are_refused_on_every_route(client, path):
    response = client.get(path, headers={"Content-Encoding": "gzip"})
    assert_problem(response, 415)
    assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("coding", ["identity", "Identity", "identity, identity", ""])
def test_the_identity_coding_is_no_coding(client, coding):
    plain = assert_ok(post(client, SAMPLES, DOCUMENT)).content
    coded = post(client, SAMPLES, DOCUMENT, **{"Content-Encoding": coding})
    assert assert_ok(coded).content == plain


def test_a_coded_body_is_refused_before_it_is_asked_for(server):
    """No 100 (Continue) comes first, and nothing waits for the body."""
    with Connection(server) as connection:
        connection.send(b"POST /v1/samples/frames HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                        b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"
                        b"Expect: 100-continue\r\n\r\n")
        assert connection.read_head().status == 415


# Files of other kinds, each by what the library that writes them writes

def by_pillow(name, **options):
    out = io.BytesIO()
    Image.fromarray(pictures.photo(20, 10)).save(out, name, **options)
    return out.getvalue()


def archive():
    out = io.BytesIO()
    np.savez(out, x=np.ones(4, np.float32))
    return out.getvalue()


FOREIGN = {
    "GIF": lambda: by_pillow("GIF"), "TIFF": lambda: by_pillow("TIFF"),
    "BMP": lambda: by_pillow("BMP"), "WebP": lambda: by_pillow("WEBP"),
    "PDF": lambda: by_pillow("PDF"), "JPEG 2000": lambda: by_pillow("JPEG2000"),
    "gzip": lambda: gzip.compress(DOCUMENT), "bzip2": lambda: bz2.compress(DOCUMENT),
    "xz": lambda: lzma.compress(DOCUMENT), "ZIP": archive,
    "UTF-16": lambda: DOCUMENT.decode().encode("utf-16"),
    "UTF-32": lambda: DOCUMENT.decode().encode("utf-32"),
    "SVG": lambda: b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "HEIC": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "AVIF": lambda:
    b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B", "HTML": lambda: b"<!DOCTYPE html><p>Hello",
    "text": lambda: b"1.5,2.5,3.5\n1,2,3\n", "a URL": lambda: b"https://example.org/cat.png",
    "data URL": lambda: b"data:image/png;base64,iVBORw0KGgo=", "JSON array": lambda: b"[1, 2, 3, 4]",
}


@pytest.mark.parametrize("pad", range(4))
@pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS, SAMPLES, HISTOGRAMS])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_named(client, name, path, pad):
    """Whatever its length is modulo that of a float32."""
    for media_type in OPEN_TYPES:
        problem = assert_problem(post(client, path, FOREIGN[name]() + b" " * pad, media_type), 415)
        assert name in problem["detail"] and "end " in problem["detail"], problem["detail"]


@pytest.mark.parametrize("media_type, status", [
    ("image/webp", 415), ("image/heic", 415), ("image/png", 422), ("image/jpeg", 422),
    ("application/octet-stream", 415)])
def test_a_webp_is_named_whatever_its_type(client, media_type, status):
    problem = assert_problem(post(client, FRAMES, by_pillow("WEBP"), media_type), status)
    assert "WebP" in problem["detail"] and "PNG or JPEG" in problem["detail"]


@pytest.mark.parametrize("told", [None, "image/webp", "application/octet-stream"])
def test_a_foreign_file_in_a_form_is_named(client, told):
    file = ("a.webp", by_pillow("WEBP")) if told is None else ("a.webp", by_pillow("WEBP"), told)
    assert "WebP" in assert_problem(client.post(FRAMES, files={"image": file}), 415)["detail"]


def test_a_picture_among_samples_is_told_where_it_belongs(client):
    problem = assert_problem(post(client, SAMPLES, pictures.png_of(pictures.photo(4, 4))), 415)
    assert "PNG" in problem["detail"] and "/v1/images" in problem["detail"]


# A UTF-8 byte order mark, as Windows' editors and PowerShell write it

@pytest.mark.parametrize("media_type", [*OPEN_TYPES, "application/json"])
@pytest.mark.parametrize("space", [b"", b"\r\n "])
def test_a_byte_order_mark_is_skipped(client, media_type, space):
    plain = assert_ok(post(client, SAMPLES, DOCUMENT, media_type)).content
    marked = post(client, SAMPLES, b"\xef\xbb\xbf" + space + DOCUMENT, media_type)
    assert assert_ok(marked).content == plain


@pytest.mark.parametrize("body", [
    b"\xef\xbb\xbf\xef\xbb\xbf" + DOCUMENT, b" \xef\xbb\xbf" + DOCUMENT,
    DOCUMENT + b"\xef\xbb\xbf", b"\xef\xbb\xbf", b"\xef\xbb" + DOCUMENT])
def test_a_mark_elsewhere_is_none(client, body):
    assert_problem(post(client, SAMPLES, body, "application/json"), 400)
    assert_problem(post(client, SAMPLES, body), (400, 415))


# Names with escapes (RFC 8259, 7), pointed at as RFC 6901 has it

@pytest.mark.parametrize("name", ["be\\u0074a", "\\u0062\\u0065\\u0074\\u0061", "beta"])
def test_a_pointer_has_the_members_name(client, name):
    for value in ("[[]]", "7", '"x"'):
        body = '{"samples": [1], "%s": %s}' % (name, value)
        assert_problem(post(client, SAMPLES, body, "application/json"), 400, pointer="/beta")


@pytest.mark.parametrize("name", ['"', "\\", "/", "a/b~c", "\U0001f600", "\u20ac", "tab\t", "~1", ""])
def test_a_pointer_to_any_name_is_json_pointers(client, name):
    expected = "/" + name.replace("~", "~0").replace("/", "~1")
    for ascii_only in (False, True):
        body = '{"samples": [1], %s: tru}' % json.dumps(name, ensure_ascii=ascii_only)
        assert_problem(post(client, SAMPLES, body.encode(), "application/json"), 400,
                       pointer=expected)


# Numbers and truth values that JSON does not have are refused alike wherever they come from

@pytest.mark.parametrize("name, text, hint", [
    ("beta", ".5", "0.5"), ("beta", "+0.5", "as in JSON"), ("steps", "+1", "as in JSON"),
    ("beta", "1.", "as in JSON"), ("rescale_zero_snr", "True", "lower case"),
    ("rescale_zero_snr", "FALSE", "lower case"), ("schedule", "Linear", "lower case"),
    ("frames", "0.5", "whole number"), ("frames", "1e0", "whole number"),
    ("frames", "-1", "whole number"), ("frames", ".5", "whole number"),
    ("frames", "0-1/2.5", "whole number"), ("frames", "abc", "whole number"),
    ("betas", ".5,.5", "as in JSON")])
def test_other_spellings_are_refused_alike(client, name, text, hint):
    png = pictures.png_of(pictures.photo(4, 4))
    answers = [client.post(FRAMES, data=png, params={name: text}),
               client.post(FRAMES, files={"image": png}, data={name: text})]
    document = {**json.loads(DOCUMENT), name: text}
    if name == "betas":
        del document["steps"]
    in_json = client.post(SAMPLES, json=document)
    details = [assert_problem(answer, 400, parameter=name)["detail"] for answer in answers]
    details.append(assert_problem(in_json, 400, pointer=f"/{name}")["detail"])
    assert len(set(details[:2])) == 1 and all(hint in detail for detail in details), details
