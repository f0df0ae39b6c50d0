"""The contract, openapi.yaml, and the service agree: what one of them has is found in the other.

Nothing here is a list of what the service can do: paths, parameters, bounds, defaults, forms and
statuses all come from the document. Only what goes together with what is written down, in
companions.py, and in test_openapi_statuses.py the ways to provoke each status.
"""

import io
import json
import math
import re
import subprocess
import urllib.parse
import zipfile

import numpy as np
import pytest
import requests

from companions import JSON, SAMPLES, company, company_body, discords
from contract import (BEYOND, COMPUTATIONS, DOCUMENT, GETS, OPERATIONS, PATIENCE, PIXEL, POSTS,
                      SOURCE, assert_named, check, check_refused, is_valid, media_type_of,
                      members_of, send, text_of, validate, values_of)

FORM = "multipart/form-data"
COMPRESSED = (JSON, "image/svg+xml")
ATTACHED = ("application/zip", "application/x-npy", "application/x-npz")
MAX_QUERY = 4000
"""Longer texts are not put into a query, whose size the service limits by other means."""

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
each_samples = pytest.mark.parametrize(
    "operation", [operation for operation in POSTS if JSON in operation.bodies], ids=repr)
each_post = pytest.mark.parametrize("operation", POSTS, ids=repr)
each_computation = pytest.mark.parametrize("operation", COMPUTATIONS, ids=repr)
each_get = pytest.mark.parametrize("operation", GETS, ids=repr)


@pytest.fixture(scope="module")
def session(server):
    with requests.Session() as client:
        client.trust_env = False
        client.url = server.url
        yield client


# ---- Routes ----


def test_the_service_serves_this_document(session):
    assert session.get(session.url + "/openapi.yaml", timeout=PATIENCE).content == SOURCE


def test_the_document_has_the_routes_of_the_service_and_no_others(session):
    routes = session.get(session.url + "/v1", timeout=PATIENCE).json()["routes"]
    assert len(routes) == len(OPERATIONS)
    assert {(route["method"], route["path"]) for route in routes} == {
        (operation.method, operation.path) for operation in OPERATIONS}


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_a_path_has_the_methods_of_the_document_and_no_others(session, path):
    methods = {operation.method for operation in OPERATIONS if operation.path == path}
    allowed = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    response = session.options(session.url + path, timeout=PATIENCE)
    assert response.status_code == 204
    assert set(response.headers["Allow"].split(", ")) == allowed
    for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} - allowed:
        response = session.request(method, session.url + path, timeout=PATIENCE)
        check(response, BEYOND, 405, bare=method == "HEAD")
        assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", sorted(path + more for path in DOCUMENT["paths"]
                                        for more in ("/x", "x", "%20")))
def test_beside_the_paths_of_the_document_there_is_nothing(session, path):
    for method in ("GET", "POST"):
        check(session.request(method, session.url + path, timeout=PATIENCE), BEYOND, 404)


@each_get
def test_head_answers_as_get_does(session, operation):
    response = session.head(session.url + operation.path, timeout=PATIENCE)
    check(response, operation.responses, 200, bare=True)
    assert media_type_of(response) in operation.responses["200"]["content"]


# ---- Parameters: bounds, kinds, defaults ----


def every_query_parameter():
    for operation in COMPUTATIONS:
        for parameter in operation.query():
            yield pytest.param(operation, parameter, id=f"{operation}-{parameter['name']}")


def every_member(kind):
    """The parameters among the members of a form or a JSON body."""
    for operation in POSTS:
        for name, member in operation.members(kind).items():
            yield pytest.param(operation, name, member, id=f"{operation}-{name}")


def try_values(schema, examples, attempt, operation, name, room=None):
    """attempt(value) gives an answer, which has to be a 200 within the schema and a 400 beyond."""
    good, bad = ([value for value in values if room is None or len(text_of(value)) <= room]
                 for values in values_of(schema))
    good += examples
    assert good and bad
    for value in good:
        check(attempt(value), operation.responses, 200)
    for value in bad:
        if not is_valid(value, schema):  # as another alternative
            check_refused(attempt(value), operation, name)


@pytest.mark.parametrize("operation, parameter", every_query_parameter())
def test_a_parameter_in_the_query_is_taken_up_to_its_bounds_and_no_further(session, operation,
                                                                           parameter):
    name = parameter["name"]

    def attempt(value):
        return send(session, operation, query={**company(operation, name, value), name: value},
                    media_type=company_body(operation, name))

    schema = parameter["schema"]
    assert is_valid(parameter["example"], schema)
    try_values(schema, [parameter["example"]], attempt, operation, name, MAX_QUERY)


@pytest.mark.parametrize("operation, name, schema", every_member(FORM))
def test_a_form_field_is_taken_up_to_its_bounds_and_no_further(session, operation, name, schema):
    def attempt(value):
        return send(session, operation, form={**company(operation, name, value), name: value},
                    media_type=company_body(operation, name))

    try_values(schema, [], attempt, operation, name)


@pytest.mark.parametrize("operation, name, schema", every_member(JSON))
def test_a_json_member_is_taken_up_to_its_bounds_and_no_further(session, operation, name, schema):
    def attempt(value):
        return send(session, operation, body={**SAMPLES[JSON], **company(operation, name, value),
                                              name: value})

    try_values(schema, [], attempt, operation, name)


@each_samples
def test_the_members_of_a_mixture_are_taken_up_to_their_bounds_and_no_further(session, operation):
    schema = members_of(operation.bodies[JSON]["schema"])["mixture"]
    sound = {"weights": [1], "means": [0], "stds": [1], "count": 5}
    assert set(schema["properties"]) == set(sound)

    def answer(name, value):
        """To a mixture with this member, the other arrays as long as this one."""
        size = len(value) if isinstance(value, list) else 1
        mixture = {other: fitting * size if other != "count" else fitting
                   for other, fitting in sound.items()}
        return send(session, operation, {"mixture": {**mixture, name: value}, "seed": "1"})

    for name, member in schema["properties"].items():
        good, bad = values_of(member)
        for value in good:
            if name == "weights":
                value[-1] = 1  # weights of 0 alone have no sum
            check(answer(name, value), operation.responses, 200)
        for value in bad:
            check_refused(answer(name, value), operation, "mixture")
        without = {other: value for other, value in sound.items() if other != name}
        response = send(session, operation, {"mixture": without, "seed": "1"})
        if name in schema["required"]:
            check_refused(response, operation, "mixture")
        else:
            assert response.content == answer(name, member["default"]).content


@each_samples
def test_a_mixture_is_no_state_to_go_on_from(session, operation):
    mixture = {"weights": [1], "means": [0], "stds": [1], "count": 5}
    check_refused(send(session, operation, {"mixture": mixture, "start_step": 1}), operation,
                  "start_step")


def defaults():
    """Every parameter with a default, wherever it can stand: (operation, name, schema, place)."""
    for operation in COMPUTATIONS:
        members = [(parameter["name"], parameter["schema"], "query")
                   for parameter in operation.query()]
        for kind, place in ((FORM, "form"), (JSON, "body")):
            members += [(*item, place) for item in operation.members(kind).items()]
        for name, schema, place in members:
            if "default" in schema:
                yield pytest.param(operation, name, schema, place, id=f"{operation}-{name}-{place}")


@pytest.mark.parametrize("operation, name, schema, place", defaults())
def test_a_default_is_what_happens_without_the_parameter(session, operation, name, schema, place):
    def answer(given):
        given = {**company(operation, name, thrifty=False), **given}
        if place == "body":
            return send(session, operation, {**SAMPLES[JSON], **given})
        return send(session, operation, **{place: given}, media_type=company_body(operation, name))

    def content(given):
        return check(answer(given), operation.responses, 200).content

    silent = content({})
    assert silent == content({name: schema["default"]})
    others = [value for value in values_of(schema)[0] + ["last"] if value != schema["default"]]
    other = next(value for value in others if is_valid(value, schema))
    assert silent != content({name: other}), f"{name} changes nothing, so its default says nothing"


def aliases():
    for operation in COMPUTATIONS:
        for parameter in operation.query():
            if "x-alias-of" in parameter:
                yield pytest.param(operation, parameter, id=f"{operation}-{parameter['name']}")


@pytest.mark.parametrize("operation, parameter", aliases())
def test_an_alias_means_what_the_name_means_and_does_not_go_with_it(session, operation, parameter):
    alias, name, value = parameter["name"], parameter["x-alias-of"], parameter["example"]
    by_alias, by_name = (send(session, operation, query={
        **company(operation, name, thrifty=False), given: value}) for given in (alias, name))
    assert (check(by_alias, operation.responses, 200).content ==
            check(by_name, operation.responses, 200).content)
    without = send(session, operation, query=company(operation, name, thrifty=False))
    assert without.content != by_name.content
    for both in ({alias: value, name: value}, {name: value, alias: value}):
        check_refused(send(session, operation, query=both), operation, alias)


@each_computation
def test_the_alias_of_a_word_means_what_the_word_means(session, operation):
    for parameter in operation.query():
        for alias, word in parameter["schema"].get("x-aliases", {}).items():
            answers = [send(session, operation, query={
                **company(operation, parameter["name"]), parameter["name"]: value})
                for value in (alias, word)]
            assert answers[0].content == check(answers[1], operation.responses, 200).content


@each_computation
def test_what_does_not_fit_together_is_refused_by_name(session, operation):
    tried = list(discords(operation))
    assert len(tried) > 5
    for blamed, query, media_type in tried:
        response = send(session, operation, query=query, media_type=media_type)
        assert response.status_code == 400, f"{query} with {media_type}: {response.status_code}"
        check_refused(response, operation, blamed)


@each_operation
def test_a_parameter_that_the_document_does_not_have_is_refused(session, operation):
    everywhere = {parameter["name"] for other in OPERATIONS for parameter in other.query()}
    known = {parameter["name"] for parameter in operation.query()}
    for name in sorted(everywhere - known) + ["nosuch"]:
        check_refused(send(session, operation, query={name: "1"}), operation, name)
    if FORM in operation.bodies:
        check_refused(send(session, operation, form={"nosuch": "1"}), operation, "nosuch")
    if JSON in operation.bodies:
        check_refused(send(session, operation, {**SAMPLES[JSON], "nosuch": 1}), operation, "nosuch")


@each_operation
def test_the_headers_of_a_request_are_heeded(session, operation):
    heeded = {"X-Request-Id": lambda value, response: response.headers["X-Request-Id"] == value,
              "If-None-Match": lambda value, response: response.status_code == 200,
              "Accept-Encoding": lambda value, response: (
                  response.headers.get("Content-Encoding") ==
                  (value if media_type_of(response) in COMPRESSED else None))}
    headers = {parameter["name"]: parameter["example"] for parameter in operation.parameters
               if parameter["in"] == "header"}
    assert set(headers) <= set(heeded), "a header that no test here knows"
    response = send(session, operation, headers=headers)
    for name, value in headers.items():
        assert heeded[name](value, response), name


@each_computation
def test_what_comes_compressed_is_what_comes_plain(session, operation):
    offered = [kind for kind in operation.responses["200"]["content"] if kind in COMPRESSED]
    assert offered
    for kind in offered:
        plain, packed = (check(send(session, operation, headers={
            "Accept": kind, "Accept-Encoding": encoding}, query=company(operation, None)),
            operation.responses, 200) for encoding in ("identity", "gzip"))
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "accept-encoding" in packed.headers["Vary"].lower()
        assert packed.content == plain.content
        assert "ETag" not in plain.headers or plain.headers["ETag"] != packed.headers["ETag"]


# ---- Media types and examples ----


def examples_of(session, operation):
    """(media type, name, body) of each example of the request."""
    for media_type, media in operation.bodies.items():
        for name, example in media.get("examples", {}).items():
            if "value" in example:
                yield media_type, name, example["value"]
            else:
                address = urllib.parse.urljoin(session.url, example["externalValue"])
                yield media_type, name, session.get(address, timeout=PATIENCE).content


def assert_close(got, expected, where="answer"):
    """Equal, but for numbers in the last digits: a better kernel may change those once."""
    if isinstance(expected, dict):
        assert set(got) == set(expected), where
        for name, value in expected.items():
            if name != "png":  # an encoder may change
                assert_close(got[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(got) == len(expected), where
        for index, value in enumerate(expected):
            assert_close(got[index], value, f"{where}[{index}]")
    elif isinstance(expected, float):
        assert math.isclose(got, expected, rel_tol=1e-4, abs_tol=1e-6), f"{where}: {got}"
    else:
        assert got == expected, where


@each_post
def test_the_examples_work_and_are_answered_as_the_document_says(session, operation):
    answers = operation.responses["200"]["content"].get(JSON, {}).get("examples", {})
    examples = list(examples_of(session, operation))
    assert examples
    for media_type, name, body in examples:
        response = check(send(session, operation, body, media_type=media_type), operation.responses,
                         200)
        if name in answers:
            assert_close(response.json(), answers[name]["value"])


def answers_to_queries():
    """Examples of answers that say which query they answer: (operation, query, example)."""
    for operation in COMPUTATIONS:
        answers = operation.responses["200"]["content"].get(JSON, {}).get("examples", {})
        for name, example in answers.items():
            if "x-query" in example:
                query = dict(urllib.parse.parse_qsl(example["x-query"], strict_parsing=True))
                yield pytest.param(operation, query, example["value"], id=f"{operation}-{name}")


@pytest.mark.parametrize("operation, query, expected", answers_to_queries())
def test_the_example_of_an_answer_is_a_real_one(session, operation, query, expected):
    body = None if operation.method == "GET" or JSON in operation.bodies else PIXEL
    response = send(session, operation, body, query)
    assert_close(check(response, operation.responses, 200).json(), expected)


@pytest.mark.parametrize("measures", [{}, {"measures": "terms"}], ids=["plain", "terms"])
@pytest.mark.parametrize("schedule", [{}, {"betas": [0.1, 0.2]}, {"steps": 0}, {
    "schedule": "cosine", "rescale_zero_snr": True}], ids=["constant", "custom", "none", "cosine"])
@each_post
def test_a_document_of_a_run_is_as_the_document_says(session, operation, schedule, measures):
    for body in [None] + ([{"mixture": {"weights": [1, 2], "means": [0, 1], "stds": [0, 1]}}]
                          if JSON in operation.bodies else []):
        check(send(session, operation, body, {"format": "json", **schedule, **measures}),
              operation.responses, 200)


@each_post
def test_a_manifest_is_as_the_document_says(session, operation):
    archive = operation.responses["200"]["content"].get("application/zip")
    if archive is None:
        return
    for query in ({"steps": 3}, {"steps": 3, "measures": "terms"}, {"betas": [0.1, 0.2]}):
        response = send(session, operation, query={"format": "zip", **query})
        check(response, operation.responses, 200)
        with zipfile.ZipFile(io.BytesIO(response.content)) as file:
            manifest = json.loads(file.read("manifest.json"))
            assert [frame["file"] for frame in manifest["frames"]] == file.namelist()[:-1]
        validate(manifest, archive["x-manifest"])
        assert_named(manifest, archive["x-manifest"])


def assert_kind(path):
    """A file that a shell example wrote is of the kind that its name says."""
    data = path.read_bytes()
    if path.suffix == ".json":
        json.loads(data)
    elif path.suffix in (".npy", ".npz"):
        np.load(io.BytesIO(data))
    else:
        start = {".png": b"\x89PNG\r\n\x1a\n", ".zip": b"PK\3\4", ".svg": b"<"}[path.suffix]
        assert data.startswith(start), f"{path.name} begins with {data[:20]!r}"


@each_operation
def test_the_shell_examples_run_as_printed(server, operation, tmp_path):
    for sample in operation.node.get("x-codeSamples", []):
        script = sample["source"].replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True,
                              text=True, timeout=PATIENCE)
        assert done.returncode == 0, f"{sample['label']}: {done.stderr}"
        written = re.findall(r"-o (\S+)", script)
        assert written
        for name in written:
            assert_kind(tmp_path / name)
    assert not operation.query() or operation.node["x-codeSamples"]


@each_post
def test_each_media_type_of_a_request_is_taken_and_no_other(session, operation):
    for media_type in operation.bodies:
        if media_type == FORM:
            kinds = operation.bodies[FORM]["encoding"]["image"]["contentType"].split(", ")
            answers = [send(session, operation, form={"steps": 1}, media_type=kind)
                       for kind in kinds]
        else:
            answers = [send(session, operation, media_type=media_type)]
        for response in answers:
            check(response, operation.responses, 200)
    for media_type in ("text/plain", "video/mp4", "application/xml"):
        check(send(session, operation, media_type=media_type), operation.responses, 415)


def check_disposition(response, media_type):
    """A name with the seed in it, or none; what no browser shows is an attachment."""
    if media_type == "multipart/mixed":
        assert "Content-Disposition" not in response.headers
        return
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment;") == (media_type in ATTACHED)
    assert f"-{response.headers['Dissolve-Seed']}." in disposition


@each_operation
def test_each_media_type_of_an_answer_can_be_had_and_no_other(session, operation):
    offered = operation.responses["200"]["content"]
    for media_type in offered:
        response = send(session, operation, headers={"Accept": media_type})
        check(response, operation.responses, 200)
        assert media_type_of(response) == media_type
        if operation.method == "POST":
            check_disposition(response, media_type)
    for parameter in operation.query():
        if parameter["name"] == "format":
            got = {media_type_of(check(send(session, operation, query={"format": value}),
                                       operation.responses, 200))
                   for value in parameter["schema"]["enum"]}
            assert got <= set(offered) and len(got) == len(parameter["schema"]["enum"])
    if operation.query():
        check(send(session, operation, headers={"Accept": "text/nosuch"}), operation.responses, 406)


def test_the_bounds_of_the_limits_are_those_of_the_parameters(session):
    limits = session.get(session.url + "/v1", timeout=PATIENCE).json()["limits"]
    components = DOCUMENT["components"]["schemas"]
    assert limits["max_steps"] == components["Steps"]["maximum"]
    assert limits["max_bins"] == components["Bins"]["maximum"]
