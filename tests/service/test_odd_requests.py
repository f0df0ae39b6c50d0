"""Requests at the edges of what is allowed: they must not take the service down with them."""

import json
import re
import xml.etree.ElementTree as xml

import pytest

import pictures
from checks import HISTOGRAMS, assert_ok, dissolve, histograms
from rawhttp import Connection
from server import wait_until

SMALL = {"samples": [1, 2, 3]}


def test_a_client_that_leaves_while_exact_measures_are_made_stops_them(start_server):
    """One frame alone takes minutes of one processor."""
    parts = 4096
    mixture = {"weights": [1] * parts, "means": [0] * parts, "stds": [1e-4] + [10] * (parts - 1),
               "count": 1}
    server = start_server("--threads", "1", "--max-work", str(10**12))
    idle = server.cpu_seconds()
    with Connection(server) as connection:
        connection.post(HISTOGRAMS + "?steps=1&beta=0", json.dumps({"mixture": mixture}).encode(),
                        Content_Type="application/json")
        wait_until(lambda: server.cpu_seconds() > idle + 0.5, "the measures are made")
    wait_until(server.is_quiet, "the measures of a client that left stop", patience=15)
    with server.client() as client:
        assert_ok(histograms(client, SMALL))


@pytest.mark.parametrize("ends", ["0,1e-320", "5e-324,1e-323", "1e17,1e17", "1e300,1e300", "1,1",
                                  "-1.7976931348623157e308,-1.7976931348623157e308",
                                  "1.7976931348623157e308,1.7976931348623157e308",
                                  "1,1.0000000000000002", "-8e307,8e307"])
@pytest.mark.parametrize("layout", ["animation", "grid"])
def test_every_range_can_be_drawn(client, ends, layout):
    """What JSON answers with, however narrow or far away, is an SVG as well."""
    assert_ok(histograms(client, SMALL, range=ends, steps=2, format="json"), "application/json")
    drawn = assert_ok(histograms(client, SMALL, range=ends, steps=2, format="svg", layout=layout),
                      "image/svg+xml")
    xml.fromstring(drawn.content)
    assert not re.search(rb"\b(nan|inf|infinity)\b", drawn.content, re.IGNORECASE)


@pytest.mark.parametrize("parameters, text", [
    ({}, "noise_version=1&seed=42&steps=20&schedule=constant&beta=0.25&parameterization=variance"
         "&sampler=chain&t=5"),
    ({"schedule": "linear", "beta_start": 0.125, "beta_end": 0.5, "rescale_zero_snr": "true",
      "channels": "gray"},
     "noise_version=1&seed=42&steps=20&schedule=linear&beta_start=0.125&beta_end=0.5"
     "&parameterization=variance&rescale_zero_snr=true&sampler=chain&channels=gray&t=5"),
])
def test_a_picture_tells_what_is_not_default_alone(client, parameters, text):
    answer = assert_ok(dissolve(client, pictures.png_of(pictures.noise_picture(3, 2)), frames=5,
                                seed=42, **parameters), "image/png")
    assert b"tEXtdissolved\0" + text.encode() in answer.content


def test_a_run_is_told_in_the_order_of_the_contract(client):
    answer = assert_ok(histograms(client, SMALL, steps=1)).json()
    assert list(answer) == ["seed", "steps", "sampler", "schedule", "beta", "parameterization",
                            "rescale_zero_snr", "start_step", "noise_version", "offset",
                            "warnings", "bins", "frames"]


@pytest.mark.parametrize("path, vary", [("/v1/schedule", "Accept-Encoding"),
                                        ("/v1", "Accept-Encoding"), ("/sample.png", None)])
def test_a_304_has_the_vary_of_the_200(client, path, vary):
    """RFC 9110, 15.4.5: a cache would keep it for clients of another coding otherwise."""
    whole = assert_ok(client.get(path))
    again = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304
    assert whole.headers.get("Vary") == again.headers.get("Vary") == vary
