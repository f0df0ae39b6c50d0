"""GET /v1/schedule as a resource: errors and their names, aliases, tags, encodings, methods."""

import gzip
import json

import pytest

from checks import assert_media_type, assert_ok, assert_problem
from checks_samples import read
from rawhttp import Connection, request_head

SCHEDULE = "/v1/schedule"
LONG = {"steps": "100", "schedule": "linear"}


def ask(client, **parameters):
    return client.get(SCHEDULE, params=parameters)


def assert_refused(client, name, query):
    """A 400 that names the parameter; gives its detail."""
    return assert_problem(client.get(f"{SCHEDULE}?{query}"), 400, parameter=name)["detail"]


# Errors.

@pytest.mark.parametrize("query, name, step, value", [
    ("betas=0.1,1.5,0.2", "betas", 2, "1.5"),
    ("betas=1.25", "betas", 1, "1.25"),
    ("betas=0,0,-0.5", "betas", 3, "-0.5"),
    ("betas=0.1,0.2,0.3,2,3", "betas", 4, "2"),
    ("trained_betas=0.1,7", "trained_betas", 2, "7"),
    ("betas=0.5,1.5&parameterization=std", "betas", 2, None),
    ("schedule=linear&beta_start=0.5&beta_end=1.5&steps=5", "schedule", 4, "1.25"),
    ("schedule=linear&beta_start=-0.25&steps=3", "schedule", 1, "-0.25"),
    ("schedule=linear&beta_end=-1&steps=2", "schedule", 2, "-1"),
    ("schedule=linear&beta_start=2&steps=1", "schedule", 1, "2"),
    ("schedule=scaled_linear&beta_start=0.25&beta_end=4&steps=4", "schedule", 3, None),
    ("schedule=scaled_linear&beta_start=-0.1", "schedule", 1, None),
    ("schedule=sigmoid&beta_start=3&beta_end=4", "schedule", 1, None),
    ("schedule=cosine&max_beta=-0.5", "schedule", 1, "-0.5"),
    ("schedule=linear&beta_start=1e300&beta_end=1e300&parameterization=std", "schedule", 1, None),
])
def test_a_step_out_of_range_is_named(client, query, name, step, value):
    detail = assert_refused(client, name, query)
    assert f"Step {step} " in detail.replace(",", " ") + " ", f"it does not name the step: {detail}"
    if value is not None:
        assert value in detail, f"it does not tell the value {value}: {detail}"


@pytest.mark.parametrize("query, name", [
    ("beta=0.1&betas=0.1,0.2", "beta"),
    ("beta=0.1&schedule=linear", "beta"),
    ("beta=0.1&schedule=scaled_linear", "beta"),
    ("beta=0.1&schedule=cosine", "beta"),
    ("beta=0.1&schedule=squaredcos_cap_v2", "beta"),
    ("beta=0.1&beta_schedule=sigmoid", "beta"),
    ("betas=0.1,0.2&schedule=constant", "schedule"),
    ("betas=0.1,0.2&schedule=linear", "schedule"),
    ("trained_betas=0.1&beta_schedule=cosine", "beta_schedule"),
    ("betas=0.1,0.2&steps=3", "steps"),
    ("betas=0.1,0.2&steps=1", "steps"),
    ("betas=0.1,0.2&steps=0", "steps"),
    ("num_train_timesteps=4&trained_betas=0.1,0.2", "num_train_timesteps"),
])
def test_parameters_that_contradict_each_other_are_refused(client, query, name):
    assert_refused(client, name, query)


@pytest.mark.parametrize("query", [
    "steps=1", "steps=0", "betas=0.5", "schedule=linear&steps=1", "betas=0.1,0,0", "beta=0",
    "betas=1,1,1", "betas=1,0.5", "schedule=cosine&max_beta=0"])
def test_a_schedule_that_cannot_be_rescaled_is_refused(client, query):
    assert_refused(client, "rescale_zero_snr", query + "&rescale_zero_snr=true")


@pytest.mark.parametrize("name, values", [
    ("steps", ["-1", "10001", "1.5", "", "a", "1e3", "0x10", " 5", "99999999999999999999"]),
    ("beta", ["-0.1", "1.1", "nan", "inf", "", "a", "0,1", "1e999"]),
    ("betas", ["", ",", "0.1,", ",0.1", "0.1,,0.2", "a", "0.1;0.2", "nan", "0.1,inf", "[0.1]"]),
    ("schedule", ["", "Linear", "custom", "quadratic", "linear,cosine"]),
    ("parameterization", ["", "sd", "Variance"]),
    ("rescale_zero_snr", ["", "1", "yes", "True", "truefalse"]),
    ("format", ["npy", "svg", "png", "", "JSON"]),
])
def test_a_value_that_is_none_is_refused(client, name, values):
    for value in values:
        assert_problem(ask(client, **{name: value}), 400, parameter=name)


@pytest.mark.parametrize("name", ["beta_start", "beta_end", "max_beta"])
@pytest.mark.parametrize("value", ["", "nan", "inf", "-inf", "1e999", "a", "0.1,0.2"])
def test_a_bound_that_is_no_finite_number_is_refused(client, name, value):
    for schedule in ("linear", "cosine", "constant"):
        assert_problem(ask(client, schedule=schedule, **{name: value}), 400, parameter=name)


@pytest.mark.parametrize("name", [
    "seed", "frames", "bins", "sampler", "start_step", "content", "offset", "banana", "STEPS",
    "bêta", "betas "])
def test_a_parameter_that_a_schedule_does_not_have_is_refused(client, name):
    assert_problem(ask(client, **{name: "1"}), 400, parameter=name)


@pytest.mark.parametrize("query", [
    "steps=3&steps=3", "steps=3&num_train_timesteps=3", "num_train_timesteps=3&steps=4",
    "schedule=linear&beta_schedule=linear", "betas=0.1&trained_betas=0.1",
    "trained_betas=0.1&trained_betas=0.1", "format=json&format=json"])
def test_a_parameter_given_twice_is_refused_by_a_name_it_has(client, query):
    problem = assert_problem(client.get(f"{SCHEDULE}?{query}"), 400)
    names = {part.partition("=")[0] for part in query.split("&")}
    assert problem.get("parameter") in names, f"none of {names}: {problem}"


# Values that are fine.

@pytest.mark.parametrize("alias, name", [
    ("num_train_timesteps=7", "steps=7"),
    ("beta_schedule=sigmoid", "schedule=sigmoid"),
    ("trained_betas=0.1,0.25", "betas=0.1,0.25"),
    ("schedule=squaredcos_cap_v2", "schedule=cosine"),
    ("beta_schedule=squaredcos_cap_v2&num_train_timesteps=3", "schedule=cosine&steps=3"),
    ("format=json", ""), ("beta=0.25&schedule=constant", ""), ("betas=0.1,0.2&steps=2",
                                                               "betas=0.1,0.2"),
    ("rescale_zero_snr=false", ""), ("parameterization=variance", ""), ("beta=2.5e-1", ""),
    ("beta_start=-5&beta_end=3&max_beta=9", ""), ("betas=1.0e-1%2C0.20", "betas=0.1,0.2"),
])
def test_an_alias_or_a_default_gives_the_same_bytes(client, alias, name):
    got = assert_ok(client.get(f"{SCHEDULE}?{alias}"), "application/json")
    assert got.content == assert_ok(client.get(f"{SCHEDULE}?{name}")).content
    assert got.headers["ETag"] == client.get(f"{SCHEDULE}?{name}").headers["ETag"]


def test_ten_thousand_steps_are_answered_and_one_more_is_refused(client):
    assert read(ask(client, steps="10000"))["t"][-1] == 10000
    assert_problem(ask(client, steps="10001"), 400, parameter="steps")


def test_a_schedule_has_no_seed_and_no_file_name(client):
    response = assert_ok(ask(client))
    assert "Dissolve-Seed" not in response.headers
    assert "Content-Disposition" not in response.headers


# HTTP.

def test_a_tag_saves_the_second_transfer(client):
    response = assert_ok(ask(client, **LONG))
    tag = response.headers["ETag"]
    for condition in (tag, "W/" + tag.removeprefix("W/"), "*", f'"other", {tag}'):
        again = client.get(SCHEDULE, params=LONG, headers={"If-None-Match": condition})
        assert again.status_code == 304 and again.content == b"", condition
        assert again.headers["ETag"] == tag
    again = client.get(SCHEDULE, params=LONG, headers={"If-None-Match": '"other"'})
    assert again.status_code == 200 and again.content == response.content
    assert client.head(SCHEDULE, params=LONG, headers={"If-None-Match": tag}).status_code == 304


def test_each_schedule_has_a_tag_of_its_own(client):
    queries = ["", "steps=3", "beta=0.5", "schedule=linear", "schedule=cosine",
               "betas=0.1,0.2", "betas=0.2,0.1", "parameterization=std",
               "rescale_zero_snr=true"]
    tags = [assert_ok(client.get(f"{SCHEDULE}?{query}")).headers["ETag"] for query in queries]
    assert len(set(tags)) == len(tags)


def test_a_tag_of_another_schedule_does_not_match(client):
    other = ask(client, steps="3").headers["ETag"]
    assert_ok(client.get(SCHEDULE, params=LONG, headers={"If-None-Match": other}))


def test_a_tag_does_not_excuse_an_error(client):
    tag = ask(client).headers["ETag"]
    for condition in (tag, "*"):
        response = client.get(f"{SCHEDULE}?beta=7", headers={"If-None-Match": condition})
        assert_problem(response, 400, parameter="beta")


@pytest.mark.parametrize("query", [{}, LONG], ids=str)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_head_has_the_headers_of_get_and_no_body(server, client, query, coding):
    varying = ("date", "x-request-id", "connection", "keep-alive", "server-timing")
    headers = {"Accept-Encoding": coding}
    got = client.get(SCHEDULE, params=query, headers=headers)
    head = client.head(SCHEDULE, params=query, headers=headers)
    assert head.status_code == got.status_code == 200 and head.content == b""
    same = [{name.lower(): value for name, value in answer.headers.items()
             if name.lower() not in varying} for answer in (got, head)]
    assert same[0] == same[1]
    target = SCHEDULE + "?" + "&".join(f"{name}={value}" for name, value in query.items())
    with Connection(server) as connection:
        connection.send(request_head("HEAD", target) + request_head("GET", "/healthz"))
        connection.read_head()
        assert connection.read_response().status == 200, "bytes of a body after HEAD"


def test_head_of_an_error_has_its_status_alone(client):
    response = client.head(f"{SCHEDULE}?beta=7")
    assert response.status_code == 400 and response.content == b""


def test_a_long_answer_is_compressed_for_who_asks(server, client):
    plain = assert_ok(client.get(SCHEDULE, params=LONG, headers={"Accept-Encoding": "identity"}))
    assert "Content-Encoding" not in plain.headers
    with Connection(server) as connection:
        connection.send(request_head("GET", f"{SCHEDULE}?steps=100&schedule=linear",
                                     Accept_Encoding="gzip"))
        packed = connection.read_response()
    assert packed.status == 200 and packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.content
    assert len(packed.body) < len(plain.content)
    assert packed.headers["etag"] != plain.headers["ETag"]
    for vary in (packed.headers["vary"], plain.headers["Vary"]):
        assert "accept-encoding" in vary.lower()


@pytest.mark.parametrize("accepted, packed", [
    ("gzip", True), ("gzip;q=0.5", True), ("deflate, GZIP", True), ("*", True), ("br, gzip", True),
    ("gzip;q=0", False), ("identity", False), ("br", False), ("", False), ("*;q=0", False),
    ("*, gzip;q=0", False), ("gzip;q=0.000", False)])
def test_the_encoding_is_one_that_is_accepted(client, accepted, packed):
    response = client.get(SCHEDULE, params=LONG, headers={"Accept-Encoding": accepted})
    if accepted == "*;q=0" and response.status_code == 406:
        assert_problem(response, 406)
        return
    assert response.headers.get("Content-Encoding") == ("gzip" if packed else None)
    assert json.loads(response.content)["steps"] == 100


def test_a_tag_matches_in_its_own_encoding(client):
    plain = client.get(SCHEDULE, params=LONG, headers={"Accept-Encoding": "identity"})
    for coding, tag in (("gzip", client.get(SCHEDULE, params=LONG).headers["ETag"]),
                        ("identity", plain.headers["ETag"])):
        again = client.get(SCHEDULE, params=LONG,
                           headers={"Accept-Encoding": coding, "If-None-Match": tag})
        assert again.status_code == 304, f"{coding}: {again.status_code}"


def test_a_problem_is_never_compressed(client):
    response = client.get(SCHEDULE, params={"banana" * 300: "1"},
                          headers={"Accept-Encoding": "gzip"})
    assert_problem(response, 400)
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("accept, status", [
    ("*/*", 200), ("application/*", 200), ("application/json", 200), ("text/html, */*;q=0.1", 200),
    ("text/html", 406), ("image/svg+xml", 406), ("application/x-npy", 406),
    ("application/json;q=0", 406), ("*/*;q=0", 406)])
def test_the_answer_is_json_or_none(client, accept, status):
    response = client.get(SCHEDULE, headers={"Accept": accept})
    if status == 200:
        assert_ok(response, "application/json")
    else:
        assert_problem(response, 406)


def test_a_format_wins_over_accept(client):
    response = client.get(f"{SCHEDULE}?format=json", headers={"Accept": "text/html"})
    assert_ok(response, "application/json")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_method_is_told_what_is_allowed(client, method):
    response = client.request(method, SCHEDULE)
    assert_problem(response, 405)
    assert {word.strip() for word in response.headers["Allow"].split(",")} == {
        "GET", "HEAD", "OPTIONS"}


def test_options_tells_what_is_allowed(client):
    response = client.options(SCHEDULE, headers={"Origin": "https://example.org",
                                                 "Access-Control-Request-Method": "GET"})
    assert response.status_code == 204
    assert {word.strip() for word in response.headers["Allow"].split(",")} == {
        "GET", "HEAD", "OPTIONS"}
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_other_documents_still_take_no_parameter(client):
    for path in ("/v1", "/openapi.yaml", "/sample.png"):
        assert_problem(client.get(path + "?steps=3"), 400, parameter="steps")


def test_a_schedule_is_read_from_any_origin_and_never_stale(client):
    response = client.get(SCHEDULE, headers={"Origin": "https://example.org"})
    assert_media_type(response, "application/json")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["X-Request-Id"]
