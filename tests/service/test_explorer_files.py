"""The page and what it loads: each file with its type, tag and compression, and nothing else beside them."""

import gzip
import pathlib
import re

import pytest

from checks import assert_ok, assert_problem
from server import ROOT

ROWS = re.findall(r'^FILE\(\w+, "([^"]+)", "([^"]+)"\)$',
                  (ROOT / "src/explorer/files.inc").read_text(), re.MULTILINE)
FILES = dict(ROWS)
PAGE_FOLDER = ROOT / "src/explorer/page"


def source(path):
    """The file in the tree; the chart library is the distribution's."""
    if path == "/explorer/chart.js":
        return pathlib.Path("/usr/share/javascript/chart.js/chart.min.js")
    return PAGE_FOLDER / pathlib.PurePosixPath(path).name


def test_every_file_of_the_page_is_served():
    names = {file.name for file in PAGE_FOLDER.iterdir()} - {"index.html"}
    assert {pathlib.PurePosixPath(path).name for path in FILES} == names | {"chart.js"}
    assert len(ROWS) == len(FILES)


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_served_as_it_is(client, path):
    answer = assert_ok(client.get(path, headers={"Accept-Encoding": "identity"}))
    assert answer.headers["Content-Type"] == FILES[path]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in answer.headers
    assert answer.content == source(path).read_bytes()
    kind = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    assert FILES[path] == kind[pathlib.PurePosixPath(path).suffix]


@pytest.mark.parametrize("path", ["/", *FILES])
def test_a_file_is_compressed_for_those_who_take_it(client, path):
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    packed = client.get(path, headers={"Accept-Encoding": "gzip"}, stream=True)
    body = packed.raw.read(decode_content=False)
    assert "accept-encoding" in packed.headers["Vary"].lower()
    assert plain.headers["Vary"] == packed.headers["Vary"]
    if "Content-Encoding" not in packed.headers:
        assert len(body) < 1024 and body == plain.content, "a large file is not compressed"
        return
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == plain.content and len(body) < len(plain.content)
    assert packed.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("path", ["/", *FILES])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_tag_saves_the_second_transfer(client, path, encoding):
    given = {"Accept-Encoding": encoding}
    tag = client.get(path, headers=given).headers["ETag"]
    again = client.get(path, headers={**given, "If-None-Match": tag})
    assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == "no-cache", "a new version would not be seen"
    assert client.get(path, headers={**given, "If-None-Match": '"other"'}).status_code == 200


def test_the_page_may_load_from_its_own_origin_alone(client):
    answer = assert_ok(client.get("/"), "text/html")
    policy = answer.headers["Content-Security-Policy"]
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    for kind in ("script-src", "style-src", "connect-src"):
        assert rules[kind] == "'self'"
    assert "unsafe" not in policy and "*" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    loaded = re.findall(r'(?:src|href)="(/explorer/[^"]+)"', answer.text)
    assert set(loaded) <= FILES.keys()
    modules = {path for path in FILES if path.endswith(".js")} - {"/explorer/chart.js"}
    assert modules <= set(loaded), "a module is not loaded ahead"
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


@pytest.mark.parametrize("path", [
    "/explorer", "/explorer/", "/explorer/index.html", "/explorer/nothing.js", "/explorer/main.j",
    "/explorer/main.jsx", "/explorer/MAIN.js", "/explorer/../etc/passwd", "/explorer/%2e%2e/state.js",
    "/main.js"])
def test_there_is_nothing_beside_them(client, path):
    assert_problem(client.get(path), 404)


@pytest.mark.parametrize("path", ["/", "/explorer/main.js"])
def test_a_file_has_no_parameters_and_is_only_read(client, path):
    assert_problem(client.get(path + "?steps=3"), (400, 422))
    assert_problem(client.post(path), 405)
    assert client.head(path).headers["ETag"] == client.get(path).headers["ETag"]
