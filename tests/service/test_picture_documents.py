"""Answers of many parts: multipart read by Python's email, ZIP with its manifest, JSON."""

import base64
import json
import os
import re

import numpy as np
import pytest

import judge
import pictures
import runs
from checks import FRAMES, assert_ok, assert_problem
from imagery import ask, jpeg, npy, part_bytes, parts, states
from rawhttp import Connection

OFFERS = ["image/png", "image/apng", "application/zip", "multipart/mixed", "application/json",
          "application/x-npy", "application/x-npz"]
SEED = 42


@pytest.fixture(scope="module")
def png():
    return pictures.png_of(pictures.photo(26, 17))


def members_of(client, png, **parameters):
    return pictures.archive(assert_ok(ask(client, png, format="zip", **parameters)).content)


# multipart/mixed

@pytest.mark.parametrize("parameters", [
    {}, {"frames": "last"}, {"frames": "0,7-20/6"}, {"sampler": "tree", "frames": "3,4"},
    {"sampler": "jump"}, {"channels": "gray"}, {"compression": "none"}, {"steps": 0}], ids=str)
def test_parts_are_the_frames_of_the_zip(client, png, parameters):
    members = members_of(client, png, seed=SEED, **parameters)
    frames = json.loads(members["manifest.json"])["frames"]
    sent = parts(assert_ok(ask(client, png, seed=SEED, format="multipart", **parameters)))
    assert [int(part["Dissolve-Step"]) for part in sent] == [frame["t"] for frame in frames]
    for part, frame in zip(sent, frames):
        assert part.get_content_type() == "image/png"
        assert int(part["Content-Length"]) == len(part_bytes(part))
        assert part_bytes(part) == members[frame["file"]], f"frame {frame['t']} differs"


def test_a_multipart_answer_says_its_type_and_ends_with_its_last_delimiter(client, png):
    response = assert_ok(ask(client, png, seed=SEED, format="multipart"), "multipart/mixed")
    boundary = re.fullmatch(r'multipart/mixed; ?boundary="?([0-9A-Za-z_-]{1,70})"?',
                            response.headers["Content-Type"])[1]
    assert response.content.startswith(f"--{boundary}\r\n".encode())
    assert response.content.rstrip(b"\r\n").endswith(f"\r\n--{boundary}--".encode())
    assert response.content.count(boundary.encode()) == 22
    for part in parts(response):
        assert boundary.encode() not in part_bytes(part)


def test_the_boundary_is_a_function_of_the_request(client, png):
    def boundary(body=png, **parameters):
        response = assert_ok(ask(client, body, format="multipart", **parameters))
        return parts(response) and response.headers["Content-Type"]

    assert boundary(seed=1) == boundary(seed=1)
    assert len({boundary(seed=seed) for seed in range(20)}) == 20
    assert boundary() != boundary()
    once, again = (ask(client, png, format="multipart", seed=1).content for _ in range(2))
    assert once == again


def test_accept_chooses_multipart(client, png):
    for accept in ("multipart/mixed", "multipart/*", "text/html, multipart/mixed;q=0.1"):
        response = ask(client, png, headers={"Accept": accept}, steps=2, seed=1)
        assert_ok(response, "multipart/mixed")
        assert response.content == ask(client, png, steps=2, seed=1, format="multipart").content


# Sent as it is made

def pieces(connection, head):
    """The body of an answer as it comes, and nothing of it kept."""
    if head.headers.get("transfer-encoding") != "chunked":
        left = int(head.headers["content-length"])
        while left:
            yield connection.read_exactly(min(left, 1 << 20))
            left -= min(left, 1 << 20)
        return
    while size := int(connection.stream.readline().split(b";")[0], 16):
        yield connection.read_exactly(size)
        assert connection.stream.readline() == b"\r\n", "a chunk does not end with CRLF"


def read_slowly(server, form, frames, first_frame_is_there):
    """Asks for frames of 720 KB, waits after the first one, reads the rest; the answer's size."""
    target = f"{FRAMES}?steps={frames - 1}&seed=1&sampler=jump&compression=none&format={form}"
    gray = "&channels=gray" if form == "npy" else ""
    one, size = 480 * 512 * (4 if form == "npy" else 3), 0
    with Connection(server) as connection:
        connection.post(target + gray, jpeg(pictures.photo(512, 480)))
        head = connection.read_head()
        assert head.status == 200
        body, first = pieces(connection, head), b""
        while len(first) < one + 1000:
            first += next(body)
        assert form != "multipart" or b"Dissolve-Step: 0\r\n" in first[:1000]
        first_frame_is_there()
        size = len(first) + sum(map(len, body))
        assert size >= frames * one, f"only {size} bytes came"
    return size


@pytest.mark.parametrize("form", ["multipart", "zip", "png", "json", "npy"])
def test_an_answer_begins_before_its_end_is_made(start_server, form):
    """What is made and not yet read is in the process. So, if a long answer were made before its
    first frame can be read, or were ever held as a whole, the process would grow by what it is
    longer than a short one (150 MB or more; no socket holds as much, and no arena of the allocator
    that the second request is the first to use). It does not."""
    keep_no_freed_memory = f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1"
    server = start_server("--threads", "2", ASAN_OPTIONS=keep_no_freed_memory)
    peaks = []

    def note_peak():
        peaks.append(server.peak_memory())

    short = read_slowly(server, form, 40, note_peak)
    note_peak()
    longer = read_slowly(server, form, 260, note_peak) - short
    note_peak()
    assert peaks[2] - peaks[1] < longer / 2, f"it was made before the first frame left: {peaks}"
    assert peaks[3] - peaks[1] < longer / 2, f"it was held: {peaks}"


def test_the_first_part_is_whole_when_it_is_there(client, png):
    """A reader who takes one part and leaves has a picture; the service goes on."""
    response = client.post(FRAMES, data=pictures.png_of(pictures.photo(256, 256)), stream=True,
                           params={"format": "multipart", "steps": 2000, "seed": 1})
    assert response.status_code == 200
    stream = response.raw
    assert stream.read(2) == b"--"
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.read(1)
    length = int(re.search(rb"Content-Length: (\d+)\r\n", head)[1])
    np.testing.assert_array_equal(pictures.pixels(stream.read(length)), pictures.photo(256, 256))
    response.close()
    assert_ok(ask(client, png))


# ZIP and JSON

SCHEDULES = [
    ({}, {"schedule": "constant", "beta": 0.25}),
    ({"schedule": "linear"}, {"schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02}),
    ({"schedule": "scaled_linear", "beta_end": 0.5},
     {"schedule": "scaled_linear", "beta_start": 1e-4, "beta_end": 0.5}),
    ({"schedule": "sigmoid"}, {"schedule": "sigmoid", "beta_start": 1e-4, "beta_end": 0.02}),
    ({"schedule": "cosine"}, {"schedule": "cosine", "max_beta": 0.999}),
    ({"schedule": "squaredcos_cap_v2", "max_beta": 0.5}, {"schedule": "cosine", "max_beta": 0.5}),
    ({"betas": "0.5,0.25"}, {"schedule": "custom", "betas": [0.5, 0.25]}),
]
OWN = {"beta", "beta_start", "beta_end", "max_beta", "betas"}


@pytest.mark.parametrize("path, form", [(FRAMES, "json"), ("/v1/images/histograms", "json"),
                                        (FRAMES, "zip")])
@pytest.mark.parametrize("sent, told", SCHEDULES, ids=str)
def test_a_document_begins_with_what_makes_it_again(client, png, path, form, sent, told):
    response = assert_ok(ask(client, png, path, format=form, seed=SEED, parameterization="std",
                             sampler="jump", **({"steps": 2} | sent)))
    document = (pictures.archive_frames(response.content)[1] if form == "zip"
                else response.json())
    expected = {"seed": "42", "steps": 2, "sampler": "jump", **told, "parameterization": "std",
                "rescale_zero_snr": False, "start_step": 0, "noise_version": 1,
                "width": 26, "height": 17, "channels": 3}
    if form == "zip":
        expected.pop("betas", None)
    assert {name: document.get(name) for name in expected} == expected
    own = OWN & set(document)
    assert own == OWN & set(told) | ({"betas"} if form == "zip" else set())


def test_a_documents_members_have_their_order(client, png):
    beginning = ["seed", "steps", "sampler", "schedule", "beta", "parameterization",
                 "rescale_zero_snr", "start_step", "noise_version", "width", "height", "channels"]
    frames = assert_ok(ask(client, png, format="json")).json()
    assert list(frames) == beginning + ["frames"]
    histograms = assert_ok(ask(client, png, "/v1/images/histograms")).json()
    assert list(histograms) == beginning + ["bins", "frames"]


def test_rescaling_and_starts_are_told(client):
    body = npy(np.zeros((4, 5, 3), np.float32))
    for form in ("json", "zip"):
        response = assert_ok(ask(client, body, format=form, schedule="linear", start_step=7,
                                 rescale_zero_snr="true", channels="gray"))
        document = response.json() if form == "json" else (
            pictures.archive_frames(response.content, "L")[1])
        assert document["rescale_zero_snr"] is True and document["start_step"] == 7
        assert [frame["t"] for frame in document["frames"]] == list(range(7, 21))
        assert (document["width"], document["height"], document["channels"]) == (5, 4, 1)


@pytest.mark.parametrize("sent", [{}, {"schedule": "cosine", "steps": 9}, {"betas": "0.5,0,1"},
                                  {"schedule": "linear", "rescale_zero_snr": "true"},
                                  {"beta": 0.5, "parameterization": "std"}], ids=str)
def test_betas_are_the_variances_that_were_used(client, png, sent):
    manifest = json.loads(members_of(client, png, **sent)["manifest.json"])
    made = {"kind" if name == "schedule" else name: value for name, value in sent.items()}
    if "betas" in made:
        made["betas"] = [float(value) for value in made["betas"].split(",")]
    made["rescale_zero_snr"] = "rescale_zero_snr" in made
    betas = runs.schedule(**made)
    np.testing.assert_allclose(manifest["betas"], betas, rtol=1e-9, atol=1e-15)
    times = runs.Times(betas)
    for frame in manifest["frames"]:
        t = frame["t"]
        assert frame["beta"] == (None if t == 0 else manifest["betas"][t - 1])
        bar = times.alpha_bar(t)
        assert frame["alpha_bar"] == pytest.approx(bar, rel=1e-9, abs=1e-15)
        if bar == 1:
            assert frame["snr"] is None
        else:
            assert frame["snr"] == pytest.approx(bar / (1 - bar), rel=1e-9, abs=1e-15)


def test_a_manifests_frames_are_jsons_with_files_for_pictures(client, png):
    for options in ({}, {"measures": "terms"}, {"channels": "gray"}, {"sampler": "tree"},
                    {"frames": "0,4-20/8"}):
        members = members_of(client, png, seed=SEED, **options)
        manifest = json.loads(members.pop("manifest.json"))
        document = assert_ok(ask(client, png, seed=SEED, format="json", **options)).json()
        assert [frame["file"] for frame in manifest["frames"]] == list(members)
        for frame, beside in zip(manifest.pop("frames"), document.pop("frames"), strict=True):
            assert frame["file"] == f"frame-{frame['t']:04d}.png"
            assert base64.b64decode(beside.pop("png"), validate=True) == members[frame.pop("file")]
            assert frame == beside
        assert len(manifest.pop("betas")) == 20
        assert manifest == document


@pytest.mark.parametrize("options", [{}, {"channels": "gray"}, {"sampler": "tree"},
                                     {"sampler": "jump", "frames": "0,4,9"},
                                     {"schedule": "linear", "frames": "5-20/5"}], ids=str)
def test_measures_are_those_of_the_states(client, png, options):
    document = assert_ok(ask(client, png, seed=SEED, format="json", **options)).json()
    found = states(client, png, seed=SEED, **options).astype(np.float64)
    painted = pictures.archive_frames(
        assert_ok(ask(client, png, seed=SEED, format="zip", **options)).content,
        "L" if "channels" in options else "RGB")[0]
    for frame, x in zip(document["frames"], found, strict=True):
        assert frame["mean"] == pytest.approx(x.mean(), rel=1e-12, abs=1e-14)
        assert frame["std"] == pytest.approx(x.std(), rel=1e-12)
        assert frame["clipped"] == np.mean(np.abs(x) > 1)
        levels = painted[frame["t"]].reshape(x.shape)
        channels = range(x.shape[2])
        assert frame["entropy"] == pytest.approx(
            [judge.differential_entropy(x[..., c]) for c in channels], rel=1e-12)
        assert frame["entropy_bits"] == pytest.approx(
            [judge.entropy_bits(levels[..., c]) for c in channels], rel=1e-12)


# Heads

@pytest.mark.parametrize("form", ["png", "zip", "multipart", "json", "npy", "npz"])
def test_every_form_tells_its_seed_its_times_and_its_request(server, png, form):
    """A short answer in its head, a long one, which is sent as it is made, in a trailer."""
    large = pictures.png_of(pictures.photo(256, 256))
    for body, steps in ((png, 2), (large, 60)):
        with Connection(server) as connection:
            connection.post(f"{FRAMES}?format={form}&steps={steps}&seed=77", body,
                            Content_Type="image/png", X_Request_Id="mine-42")
            response = connection.read_response()
        assert response.status == 200
        assert response.headers["dissolve-seed"] == "77"
        assert response.headers["x-request-id"] == "mine-42"
        chunked = "transfer-encoding" in response.headers
        assert chunked or len(response.body) == int(response.headers["content-length"])
        timing = (response.trailers if chunked else response.headers)["server-timing"]
        assert [part.split(";")[0].strip() for part in timing.split(",")] == [
            "queue", "decode", "diffuse", "encode"]


# Which form

def test_format_wins_over_accept(client, png):
    for form, media_type in (("png", "image/png"), ("zip", "application/zip"),
                             ("multipart", "multipart/mixed"), ("json", "application/json"),
                             ("npy", "application/x-npy"), ("npz", "application/x-npz")):
        for accept in ("text/html", "application/zip", "application/x-npy", "image/gif, */*;q=0"):
            response = ask(client, png, headers={"Accept": accept}, format=form, frames="3", seed=1)
            assert_ok(response, media_type)


@pytest.mark.parametrize("accept, media_type", [
    ("application/*", "application/zip"), ("*/*", "image/png"), ("multipart/*", "multipart/mixed"),
    ("application/x-npy, application/x-npz;q=0.9", "application/x-npy"),
    ("application/*, application/zip;q=0", "application/json"),
    ("image/png;q=0.1, application/x-npz", "application/x-npz"),
    ("image/apng", "image/apng"), ("image/*", "image/png")])
def test_the_offers_have_an_order(client, png, accept, media_type):
    assert_ok(ask(client, png, headers={"Accept": accept}, steps=2), media_type)


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg", "image/svg+xml", "*/*;q=0",
                                    "application/x-npy;q=0", "application/pdf, text/*"])
def test_where_nothing_fits_everything_that_is_offered_is_told(client, png, accept):
    detail = assert_problem(ask(client, png, headers={"Accept": accept}), 406)["detail"]
    for offer in OFFERS:
        assert offer in detail, f"{offer} is not told: {detail}"


def test_histograms_have_offers_of_their_own(client, png):
    response = ask(client, png, "/v1/images/histograms", headers={"Accept": "image/png"})
    detail = assert_problem(response, 406)["detail"]
    assert "application/json" in detail and "image/svg+xml" in detail and "zip" not in detail


@pytest.mark.parametrize("value", ["apng", "jpeg", "svg", "PNG", "npy,npz", "", "image/png",
                                   "multipart/mixed"])
def test_a_format_that_does_not_exist_is_refused_by_its_name(client, png, value):
    assert_problem(ask(client, png, format=value), 400, parameter="format")


@pytest.mark.parametrize("value", ["png", "zip", "multipart", "npy", "npz", "html", ""])
def test_a_format_that_histograms_do_not_have_is_refused_by_its_name(client, png, value):
    assert_problem(ask(client, png, "/v1/images/histograms", format=value), 400, parameter="format")
