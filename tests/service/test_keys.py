"""Keys: asked for on /v1 and below alone, before any body, and told to nobody."""

import pytest

import pictures
from checks import FRAMES, HISTOGRAMS, assert_ok, assert_problem
from rawhttp import Connection, request_head
from server import Server

KEYS = ["open-sesame", "k3y+/=.with~marks-", "x" * 256]
FILED = ["of-the-file-1", "of-the-file-2"]
OPEN = ["/", "/openapi.yaml", "/sample.png", "/healthz", "/readyz", "/metrics"]
GUARDED = [("GET", "/v1"), ("HEAD", "/v1"), ("GET", "/v1/schedule"), ("HEAD", "/v1/schedule"),
           ("POST", FRAMES), ("POST", HISTOGRAMS), ("POST", "/v1/images/histograms"),
           ("POST", "/v1/samples/frames"), ("GET", "http://a/v1/schedule")]
WRONG = [None, "", "Bearer", "Bearer ", "open-sesame", "Bearer open-sesam", "Bearer open-sesame2",
         "Bearer Open-Sesame", "Basic open-sesame", "Bearer open-sesame,of-the-file-1",
         "Bearer x" + "x" * 256, "Bearer open-sesame open-sesame", "Bearer=open-sesame",
         "Bearer # a comment", "Bearer \xff", "Bearer " + "y" * 5000]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Keys by flag and by file; its end says that none of them was told."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text("# a comment\n" + "\n\n".join(FILED) + "\n")
    instance = Server("--api-keys", ",".join(KEYS), "--api-keys-file", str(file),
                      "--log-level", "debug")
    yield instance
    instance.stop()
    assert_untold(instance.stderr())


@pytest.fixture
def visitor(guarded):
    with guarded.client() as session:
        yield session


def assert_untold(text):
    for key in KEYS + FILED:
        assert key not in text, f"{key!r} was told"


def assert_asked(response, bare=False):
    assert response.status_code == 401, f"{response.status_code} without a key"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    if not bare:
        assert_untold(assert_problem(response, 401)["detail"])


def bearing(key):
    return {"Authorization": f"Bearer {key}"}


def test_without_keys_none_is_asked_for(client):
    for path in ("/v1", "/v1/schedule?steps=1"):
        assert_ok(client.get(path))
        assert_ok(client.get(path, headers=bearing("any")))


@pytest.mark.parametrize("method, target", GUARDED)
def test_without_a_key_there_is_nothing_but_a_401(guarded, method, target):
    with Connection(guarded) as connection:
        connection.send(request_head(method, target, Content_Length=0))
        response = connection.read_head()
        assert response.status == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda text: repr(text)[:30])
def test_a_wrong_key_is_none(visitor, wrong):
    headers = {} if wrong is None else {"Authorization": wrong.encode("latin-1")}
    assert_asked(visitor.get("/v1", headers=headers))
    assert_asked(visitor.head("/v1/schedule", headers=headers), bare=True)
    assert_asked(visitor.post(HISTOGRAMS, json={"samples": [1]}, headers=headers))


@pytest.mark.parametrize("key", KEYS + FILED, ids=lambda key: key[:20])
def test_every_key_opens_everything(visitor, key):
    assert_ok(visitor.get("/v1", headers=bearing(key)))
    assert_ok(visitor.get("/v1/schedule", params={"steps": 1}, headers=bearing(key)))
    assert_ok(visitor.head("/v1", headers=bearing(key)))
    assert_ok(visitor.post(HISTOGRAMS, json={"samples": [1]}, headers=bearing(key)))
    png = pictures.png_of(pictures.photo(4, 4))
    assert_ok(visitor.post(FRAMES, data=png, headers={**bearing(key), "Content-Type": "image/png"}))


@pytest.mark.parametrize("authorization", ["bearer open-sesame", "BEARER   open-sesame"])
def test_the_scheme_may_be_written_in_any_case(visitor, authorization):
    assert_ok(visitor.get("/v1", headers={"Authorization": authorization}))


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_stays_open(visitor, path):
    for headers in ({}, bearing("a-wrong-one")):
        answer = assert_ok(visitor.get(path, headers=headers))
        assert_ok(visitor.head(path, headers=headers))
        assert_untold(answer.content.decode("latin-1"))


@pytest.mark.parametrize("path", ["/v1", "/v1/schedule", FRAMES, HISTOGRAMS, *OPEN])
def test_a_preflight_brings_no_key_and_needs_none(visitor, path):
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization"}
    response = visitor.options(path, headers=asked)
    assert response.status_code == 204
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in [word.strip() for word in allowed.split(",")]


@pytest.mark.parametrize("path", ["/v", "/v1x", "/nosuch", "/V1", "//v1"])
def test_where_there_is_nothing_no_key_is_asked_for(guarded, path):
    with Connection(guarded) as connection:
        connection.send(request_head("GET", path))
        assert connection.read_response().status == 404


@pytest.mark.parametrize("path", [FRAMES, HISTOGRAMS])
def test_a_body_is_not_asked_for_without_a_key(guarded, path):
    """Neither of who asks first, nor of who just announces it."""
    for more in ({"Expect": "100-continue"}, {}):
        for size in ({"Content_Length": 1000}, {"Transfer_Encoding": "chunked"}):
            with Connection(guarded) as connection:
                connection.send(request_head("POST", path, **size, **more))
                response = connection.read_head()
                assert response.status == 401, f"{response.status} before the 401"
                connection.read_body(response)
    with Connection(guarded) as connection:
        connection.send(request_head("POST", path, Content_Length=1000, Expect="100-continue",
                                     Authorization="Bearer open-sesame"))
        assert connection.read_head().status == 100


def test_a_large_body_without_a_key_still_hears_why(visitor):
    for _ in range(5):
        assert_asked(visitor.post(FRAMES, data=bytes(300_000)))


def test_keys_come_from_the_environment_too(start_server):
    server = start_server(DISSOLVED_API_KEYS="of-the-environment")
    with server.client() as client:
        assert_asked(client.get("/v1"))
        assert_ok(client.get("/v1", headers=bearing("of-the-environment")))
    server.stop()
    assert "of-the-environment" not in server.stderr()


def test_a_key_in_the_target_is_no_key(visitor):
    for query in ("key=open-sesame", "access_token=open-sesame", "api_key=open-sesame"):
        assert_asked(visitor.get("/v1?" + query))
