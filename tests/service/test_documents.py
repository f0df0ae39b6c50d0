"""What is served without a computation, and HTTP's manners: methods, caches, CORS, request ids."""

import email.utils

import numpy as np
import pytest

import pictures
from checks import (FRAMES, HISTOGRAMS, assert_media_type, assert_ok, assert_problem, dissolve,
                    histograms)
from rawhttp import Connection, request_head

DOCUMENTS = ["/v1", "/openapi.yaml", "/sample.png"]
GETS = DOCUMENTS + ["/healthz", "/readyz"]
POSTS = [FRAMES, HISTOGRAMS]
EXPOSED = ("X-Request-Id", "Dissolve-Seed", "Dissolve-Warning", "Server-Timing", "Retry-After", "ETag",
           "Content-Disposition")
ORIGIN = {"Origin": "https://example.org"}


def words(header):
    return {word.strip().lower() for word in (header or "").split(",")} - {""}


def test_v1_tells_what_runs(client):
    document = assert_ok(client.get("/v1"), "application/json").json()
    assert isinstance(document["version"], str) and document["version"]
    assert document["noise_version"] == 1
    assert isinstance(document["threads"], int) and document["threads"] >= 1
    assert document["instruction_set"] in ("baseline", "avx2", "avx512", "neon")
    limits = {name.replace("-", "_"): value for name, value in document["limits"].items()}
    for name in ("max_body", "max_pixels", "max_work"):
        assert isinstance(limits[name], int) and limits[name] > 0, f"no limit {name}: {limits}"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_service_is_alive_and_ready(client, path):
    assert_ok(client.get(path))


def test_the_contract_is_served(client):
    response = assert_ok(client.get("/openapi.yaml"))
    assert "yaml" in response.headers["Content-Type"]
    assert "openapi: 3.1" in response.text.replace('"', "").replace("'", "")
    for path in POSTS + ["/sample.png"]:
        assert path in response.text, f"openapi.yaml does not have {path}"


def test_the_sample_picture_is_a_picture_and_dissolves(client):
    png = assert_ok(client.get("/sample.png"), "image/png").content
    picture = np.asarray(pictures.open_png(png).convert("RGB"))
    assert min(picture.shape[:2]) >= 256, f"only {picture.shape}"
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 16, "hardly a picture"
    first = pictures.pixels(assert_ok(dissolve(client, png, frames="0")).content)
    np.testing.assert_array_equal(first, picture)


@pytest.mark.parametrize("path", GETS)
def test_head_has_the_headers_of_get_and_no_body(server, client, path):
    varying = ("date", "x-request-id", "connection", "keep-alive")
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    same = [{name.lower(): value for name, value in answer.headers.items()
             if name.lower() not in varying} for answer in (got, head)]
    assert same[0] == same[1]
    with Connection(server) as connection:
        connection.send(request_head("HEAD", path) + request_head("GET", "/healthz"))
        connection.read_head()
        assert connection.read_response().status == 200, "bytes of a body after HEAD"


@pytest.mark.parametrize("path", DOCUMENTS)
def test_an_etag_saves_the_second_transfer(client, path):
    response = assert_ok(client.get(path))
    tag = response.headers["ETag"]
    assert tag.removeprefix("W/").startswith('"') and tag.endswith('"'), f"no entity tag: {tag}"
    assert client.get(path).headers["ETag"] == tag
    plain = tag.removeprefix("W/")
    for condition in (tag, "W/" + plain, "*", f'"other", {tag}', f'W/"a,b",{plain}'):
        again = client.get(path, headers={"If-None-Match": condition})
        assert again.status_code == 304, f"If-None-Match: {condition} gives {again.status_code}"
        assert again.content == b"" and again.headers["ETag"] == tag
    for condition in ('"other"', plain[:-2] + 'x"', ""):
        again = client.get(path, headers={"If-None-Match": condition})
        assert again.status_code == 200, f"If-None-Match: {condition} gives {again.status_code}"
        assert again.content == response.content
    assert client.head(path, headers={"If-None-Match": tag}).status_code == 304


def test_documents_have_different_tags(client):
    assert len({client.get(path).headers["ETag"] for path in DOCUMENTS}) == len(DOCUMENTS)


@pytest.mark.parametrize("path", [
    "/nothing", "/v1/nothing", "/v1/images", "/v1/images/frames/0", "/v2", "/V1",
    "/v1/images/framesx", "/healthz2", "/../etc/passwd", "/%2e%2e/x", "//"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_not_found(client, method, path):
    assert_problem(client.request(method, path), 404)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_another_method_than_post_is_told_what_is_allowed(client, method, path):
    response = client.request(method, path)
    assert response.status_code == 405
    assert words(response.headers["Allow"]) == {"post", "options"}
    if method != "HEAD":
        assert assert_problem(response, 405)["detail"].endswith("; it has POST and OPTIONS.")


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_method_than_get_is_told_what_is_allowed(client, method, path):
    response = client.request(method, path)
    assert assert_problem(response, 405)["detail"].endswith("; it has GET, HEAD and OPTIONS.")
    assert words(response.headers["Allow"]) == {"get", "head", "options"}


@pytest.mark.parametrize("path", GETS + POSTS)
def test_options_tells_methods_and_cors(client, path):
    asked = {**ORIGIN, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type,x-request-id"}
    response = client.options(path, headers=asked)
    assert response.status_code == 204 and response.content == b""
    allowed = {"post", "options"} if path in POSTS else {"get", "head", "options"}
    assert words(response.headers["Allow"]) == allowed
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert words(response.headers["Access-Control-Allow-Methods"]) >= allowed - {"options"}
    headers = words(response.headers["Access-Control-Allow-Headers"])
    assert headers == {"*"} or headers >= {"content-type", "x-request-id"}
    assert_exposed(response)


def assert_exposed(response):
    exposed = words(response.headers.get("Access-Control-Expose-Headers"))
    assert exposed >= {name.lower() for name in EXPOSED}, f"exposed are only {exposed}"


def test_options_of_an_unknown_path_is_not_found(client):
    assert_problem(client.options("/nothing"), 404)


def test_every_answer_can_be_read_from_another_origin(client):
    png = pictures.png_of(pictures.photo(4, 4))
    answers = [client.get(path, headers=ORIGIN) for path in GETS + ["/nothing", FRAMES]]
    answers += [dissolve(client, png, headers=ORIGIN),
                dissolve(client, png, headers=ORIGIN, beta=2),
                dissolve(client, b"no picture", headers=ORIGIN),
                dissolve(client, png, headers={**ORIGIN, "Content-Type": "text/plain"}),
                dissolve(client, png, headers={**ORIGIN, "Accept": "text/html"})]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404, 405, 200, 400, 422, 415,
                                                                      406]
    for answer in answers:
        assert answer.headers.get("Access-Control-Allow-Origin") == "*", answer.url
        assert_exposed(answer)


@pytest.mark.parametrize("sound", ["a", "0", "abc-DEF_123.4", "x" * 64, "-._"])
def test_a_sound_request_id_is_kept(client, sound):
    for path in ("/v1", "/nothing"):
        response = client.get(path, headers={"X-Request-Id": sound})
        assert response.headers["X-Request-Id"] == sound
    response = dissolve(client, b"broken", headers={"X-Request-Id": sound})
    assert assert_problem(response, 422)["request_id"] == sound


@pytest.mark.parametrize("unsound", ["", "x" * 65, "x" * 1000, "two words", "a/b", "a\"b", "a;b",
                                     "<script>", "a\tb", "ä", "{}", "a,b"])
def test_an_unsound_request_id_is_replaced(client, unsound):
    for path in ("/v1", "/nothing"):
        response = client.get(path, headers={"X-Request-Id": unsound.encode("latin-1")})
        given = response.headers["X-Request-Id"]
        assert given != unsound
        assert 0 < len(given) <= 64 and set(given) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def test_every_answer_has_a_request_id_of_its_own(client):
    png = pictures.png_of(pictures.photo(4, 4))
    tag = client.get("/v1").headers["ETag"]
    answers = [client.get(path) for path in GETS + ["/nothing", FRAMES]]
    answers += [client.get("/v1", headers={"If-None-Match": tag}), client.options(FRAMES),
                client.head("/v1"), dissolve(client, png), dissolve(client, png, beta=3),
                histograms(client, {"samples": [1]})]
    given = [answer.headers.get("X-Request-Id") for answer in answers]
    assert all(given), f"answers without X-Request-Id: {given}"
    assert len(set(given)) == len(given), f"the same X-Request-Id twice: {given}"


def assert_timing(response):
    """Every stage has its duration, in the head or in the trailer."""
    text = response.headers.get("server-timing") or response.trailers.get("server-timing", "")
    stages = {}
    for entry in text.split(","):
        name, *values = [part.strip() for part in entry.split(";")]
        stages[name] = [float(value[4:]) for value in values if value.startswith("dur=")]
    for stage in ("queue", "decode", "diffuse", "encode"):
        assert len(stages.get(stage, [])) == 1 and stages[stage][0] >= 0, (
            f"Server-Timing has no duration of {stage}: {text!r}")


@pytest.mark.parametrize("form, side", [("png", 8), ("json", 8), ("zip", 8), ("zip", 300)])
def test_a_computation_tells_its_time(server, form, side):
    png = pictures.png_of(pictures.noise_picture(side, side))
    with Connection(server) as connection:
        connection.post(f"{FRAMES}?format={form}&seed=5", png, Content_Type="image/png",
                        TE="trailers")
        response = connection.read_response()
    assert response.status == 200
    assert response.headers["dissolve-seed"] == "5"
    assert_timing(response)


def test_the_histograms_tell_their_time_and_seed(server):
    with Connection(server) as connection:
        connection.post(HISTOGRAMS, b'{"samples": [1, 2], "seed": "6"}',
                        Content_Type="application/json", TE="trailers")
        response = connection.read_response()
    assert response.status == 200
    assert response.headers["dissolve-seed"] == "6"
    assert_timing(response)


def test_answers_have_a_date(client):
    date = client.get("/v1").headers["Date"]
    assert email.utils.parsedate_to_datetime(date).year >= 2024


def test_a_client_of_http_1_0_gets_a_whole_answer_without_chunks(server, client):
    png = pictures.png_of(pictures.noise_picture(200, 200))
    whole = assert_ok(dissolve(client, png, seed=5, format="zip")).content
    head = (f"POST {FRAMES}?seed=5&format=zip HTTP/1.0\r\nContent-Type: image/png\r\n"
            f"Content-Length: {len(png)}\r\n\r\n")
    with Connection(server) as connection:
        connection.send(head.encode() + png)
        response = connection.read_response()
    assert response.status == 200
    assert "transfer-encoding" not in response.headers
    assert response.body == whole


def test_requests_sent_at_once_on_one_connection_are_answered_in_order(server):
    png = pictures.png_of(pictures.photo(8, 8))
    head = request_head("POST", FRAMES + "?seed=1", Content_Type="image/png",
                        Content_Length=len(png), X_Request_Id="second")
    with Connection(server) as connection:
        connection.send(request_head("GET", "/v1", X_Request_Id="first") + head + png +
                        request_head("GET", "/nothing", X_Request_Id="third"))
        answers = [connection.read_response() for _ in range(3)]
    assert [answer.headers["x-request-id"] for answer in answers] == ["first", "second", "third"]
    assert [answer.status for answer in answers] == [200, 200, 404]


def test_media_types_of_problems_do_not_depend_on_the_path(client):
    assert_media_type(client.get("/sample.pngx"), "application/problem+json")
