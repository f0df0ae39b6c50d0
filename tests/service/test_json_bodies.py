"""JSON bodies that are wrong: syntax, types, names, numbers; each points at what is at fault."""

import json

import pytest

from checks import HISTOGRAMS, assert_ok, assert_problem, histograms, send_json

MIXTURE = {"weights": [1, 1], "means": [0, 1], "stds": [1, 2], "count": 10}


def mixture(**changes):
    return {"mixture": {**MIXTURE, **changes}}


@pytest.mark.parametrize("text", [
    "", " ", "{", "}", "[", '{"samples": [1, 2', '{"samples": [1, 2]', '{"samp',
    '{"samples"', '{"samples":', '{"samples": [1,]}', '{"samples": [,1]}', '{"samples": [1 2]}',
    '{"samples": [1],}', '{samples: [1]}', "{'samples': [1]}", '{"samples": [1]} x',
    '{"samples": [1]}{"samples": [1]}', '{"samples": [1]}]', '{"samples": [1]}\0',
    '{"samples": [NaN]}', '{"samples": [nan]}', '{"samples": [Infinity]}',
    '{"samples": [-Infinity]}', '{"samples": [007]}', '{"samples": [+1]}', '{"samples": [.5]}',
    '{"samples": [1.]}', '{"samples": [1e]}', '{"samples": [0x10]}', '{"samples": [--1]}',
    '{"samples": [-]}', '{"samples": [1, 2}', '{"samples": [1] "steps": 2}', '{"samples": [1]; }',
    '{"samples": [1], // no comments\n"steps": 2}', '{"samples": [1], "steps": 07}',
    '{"samples": [1], "frames": "a\nb"}', '{"samples": [1], "frames": "\\x"}',
    '{"samples": [1], "frames": "\\u12"}', '{"samples": [1], "frames": "all}',
    '{"samples": [1], "seed": NaN}', "samples=1", "null", "true", "5", '"samples"', "[1, 2, 3]",
    '[{"samples": [1]}]',
], ids=repr)
def test_a_body_that_is_not_a_json_object_is_refused(client, text):
    assert_problem(send_json(client, text), 400)


@pytest.mark.parametrize("data", [
    b'{"samples": [1], "frames": "\xff"}', b'{"samples": [1], "\xc3\x28": 1}',
    b'\xff\xfe{\x00"\x00', b'{"samples": [1], "frames": "\xed\xa0\x80"}'], ids=repr)
def test_invalid_utf_8_is_refused(client, data):
    assert_problem(send_json(client, data), 400)


def test_every_cut_of_a_body_is_refused(client):
    text = json.dumps({"mixture": MIXTURE, "steps": 3, "seed": "5", "range": [-1, 1.5e0]})
    assert_ok(send_json(client, text))
    for end in range(len(text)):
        assert_problem(send_json(client, text[:end]), 400)


@pytest.mark.parametrize("text, pointer", [
    ('{"samples": [1], "samples": [2]}', "/samples"),
    ('{"samples": [1], "steps": 3, "steps": 3}', "/steps"),
    ('{"samples": [1], "steps": 3, "\\u0073teps": 3}', "/steps"),
    ('{"samples": [1], "beta": 0.1, "seed": 1, "beta": 0.2}', "/beta"),
    ('{"mixture": {"weights": [1], "means": [1], "stds": [1], "count": 1, "count": 2}}',
     "/mixture/count"),
])
def test_a_member_given_twice_is_refused_by_its_pointer(client, text, pointer):
    assert_problem(send_json(client, text), 400, pointer=pointer)


def test_a_parameter_in_the_query_and_in_the_body_is_refused_by_its_name(client):
    problem = assert_problem(histograms(client, {"samples": [1], "steps": 3}, steps=3), 400)
    assert problem.get("parameter") == "steps" or problem.get("pointer") == "/steps", (
        f"it does not name steps: {problem}")


@pytest.mark.parametrize("name, pointer", [
    ("banana", "/banana"), ("Samples", "/Samples"), ("STEPS", "/STEPS"), ("a/b~c", "/a~1b~0c"),
    ("", "/"), ("bêta", "/bêta")])
def test_an_unknown_member_is_refused_by_its_pointer(client, name, pointer):
    assert_problem(histograms(client, {"samples": [1], name: 1}), 400, pointer=pointer)


def test_a_nul_in_a_members_name_does_not_end_it(client):
    assert_problem(histograms(client, {"samples": [1], "steps\0x": 3}), 400)


def test_a_nul_in_a_members_text_does_not_end_it(client):
    assert_problem(histograms(client, {"samples": [1], "frames": "all\0x"}), 400, pointer="/frames")
    assert_problem(histograms(client, {"samples": [1], "seed": "5\x006"}), 400, pointer="/seed")


def test_an_escaped_name_is_the_name_it_spells(client):
    plain = assert_ok(histograms(client, {"samples": [1, 2], "steps": 3, "seed": 1}))
    escaped = send_json(client, '{"s\\u0061mples": [1, 2], "\\u0073teps": 3, "seed": "\\u0031"}')
    assert assert_ok(escaped).content == plain.content


def test_white_space_and_number_spellings_do_not_matter(client):
    plain = assert_ok(histograms(client, {"samples": [100, -0.25, 0], "steps": 2, "beta": 0.25,
                                          "seed": 1}))
    spaced = send_json(client, ' \t\r\n{ "beta" :2.5E-1, "samples"\n:\t[ 1e2 ,-25e-2,0.0e+7 ] '
                               ', "steps": 2 ,"seed":1 } \n')
    assert assert_ok(spaced).content == plain.content


def test_a_charset_in_the_content_type_does_not_matter(client):
    response = client.post(HISTOGRAMS, data=b'{"samples": [1]}',
                           headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert_ok(response)


@pytest.mark.parametrize("media_type", ["text/plain", "text/html", "image/png", "nonsense"])
def test_samples_of_an_unknown_media_type_are_refused(client, media_type):
    response = client.post(HISTOGRAMS, data=b'{"samples": [1]}',
                           headers={"Content-Type": media_type})
    assert_problem(response, 415)


@pytest.mark.parametrize("wrong", ["1", None, True, {}, [], [1], {"a": [1, 2]}], ids=repr)
@pytest.mark.parametrize("index", [0, 17, 19])
def test_a_sample_that_is_not_a_number_is_pointed_at(client, wrong, index):
    samples = [0.5] * 20
    samples[index] = wrong
    assert_problem(histograms(client, {"samples": samples}), 400, pointer=f"/samples/{index}")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e99999999999999999999"])
def test_a_number_that_no_double_holds_is_pointed_at(client, number):
    assert_problem(send_json(client, '{"samples": [1, 2, %s]}' % number), 400, pointer="/samples/2")


def test_a_number_that_no_float32_holds_is_refused(client):
    assert_problem(histograms(client, {"samples": [1, 1e39]}), (400, 422), pointer="/samples/1")


def test_numbers_too_small_for_a_float32_are_zero(client):
    response = send_json(client, '{"samples": [1e-999, -1e-60, 0.%s1], "steps": 0}' % ("0" * 400))
    frame = assert_ok(response).json()["frames"][0]
    assert frame["mean"] == 0 and frame["std"] == 0


@pytest.mark.parametrize("samples", [[], 5, "1,2,3", None, True, {"0": 1}], ids=repr)
def test_samples_that_are_no_array_of_numbers_are_refused(client, samples):
    assert_problem(histograms(client, {"samples": samples}), 400, pointer="/samples")


def test_deep_nesting_is_refused_wherever_it_is(client):
    deep = "[" * 100_000 + "]" * 100_000
    for text in (deep, '{"samples": %s}' % deep, '{"samples": [1], "range": %s}' % deep,
                 '{"mixture": %s}' % deep, '{"a":' * 100_000):
        assert_problem(send_json(client, text), 400)


def test_samples_and_mixture_exclude_each_other(client):
    assert_problem(histograms(client, {"samples": [1], **mixture()}), 400)


def test_one_of_samples_and_mixture_is_needed(client):
    assert_problem(histograms(client, {}), 400)
    assert_problem(histograms(client, {"steps": 3}), 400)


@pytest.mark.parametrize("name, value", [
    ("beta", 1.5), ("beta", -0.1), ("beta", "half"), ("beta", True), ("beta", []), ("beta", {}),
    ("steps", -1), ("steps", 10001), ("steps", 2.5), ("steps", "x"), ("steps", False),
    ("steps", 1e300), ("steps", [3]),
    ("seed", "abc"), ("seed", -1), ("seed", 1.5), ("seed", True), ("seed", ""), ("seed", "-1"),
    ("frames", "0,99"), ("frames", "5-2"), ("frames", "x"), ("frames", True),
    ("format", "gif"), ("format", 5),
    ("bins", 0), ("bins", 4097), ("bins", -1), ("bins", 1.5), ("bins", "many"),
])
def test_a_bad_member_is_refused_by_its_pointer(client, name, value):
    problem = assert_problem(histograms(client, {"samples": [1, 2], name: value}), 400)
    assert problem.get("pointer") == f"/{name}", f"it does not point at /{name}: {problem}"


@pytest.mark.parametrize("interval", [
    [1], [], [1, 2, 3], [2, 1], ["a", "b"], [None, 1], [True, 2], 1, True, {}, [[1, 2]]], ids=repr)
def test_a_bad_range_is_refused_by_its_pointer(client, interval):
    assert_problem(histograms(client, {"samples": [1, 2], "range": interval}), 400,
                   pointer=("/range",))


@pytest.mark.parametrize("name, value", [
    ("bins", "0"), ("bins", "4097"), ("bins", ""), ("bins", "x"), ("bins", "1.5"), ("bins", "-5"),
    ("range", "1"), ("range", "2,1"), ("range", "a,b"), ("range", ""), ("range", "1,2,3"),
    ("range", "1,"), ("range", "nan,1"), ("range", "-inf,1"), ("range", "0,1e999"),
    ("range", "[0,1]"), ("beta", "1.5"), ("steps", "-1"), ("seed", "abc"), ("frames", "41"),
    ("delay2", "1")])
def test_a_bad_value_in_the_query_of_histograms_is_refused_by_its_name(client, name, value):
    assert_problem(histograms(client, {"samples": [1]}, **{name: value}), 400, parameter=name)


@pytest.mark.parametrize("document, pointer", [
    (mixture(weights=[1]), "/mixture"),
    (mixture(means=[0, 1, 2]), "/mixture"),
    (mixture(stds=[]), "/mixture"),
    (mixture(weights=[], means=[], stds=[]), "/mixture"),
    (mixture(stds=[1, -0.5]), "/mixture/stds"),
    (mixture(weights=[0, 0]), "/mixture/weights"),
    (mixture(weights=[-1, 2]), "/mixture/weights"),
    (mixture(weights=["a", 1]), "/mixture/weights"),
    (mixture(means=[0, None]), "/mixture/means"),
    (mixture(stds=[[1], 2]), "/mixture/stds"),
    (mixture(weights=5), "/mixture/weights"),
    (mixture(means="0,1"), "/mixture/means"),
    (mixture(count=0), "/mixture/count"),
    (mixture(count=-1), "/mixture/count"),
    (mixture(count=1.5), "/mixture/count"),
    (mixture(count="ten"), "/mixture/count"),
    (mixture(count=None), "/mixture/count"),
    (mixture(colour="red"), "/mixture/colour"),
    (mixture(**{"a/b~c": 1}), "/mixture/a~1b~0c"),
    ({"mixture": []}, "/mixture"),
    ({"mixture": "normal"}, "/mixture"),
    ({"mixture": None}, "/mixture"),
    ({"mixture": {}}, "/mixture"),
    ({"mixture": {"weights": [1], "means": [0], "count": 5}}, "/mixture"),
], ids=repr)
def test_a_bad_mixture_is_refused_by_its_pointer(client, document, pointer):
    assert_problem(histograms(client, document), 400, pointer=(pointer,))


@pytest.mark.parametrize("member", ["weights", "means", "stds"])
def test_a_mixture_with_an_infinite_number_is_refused(client, member):
    text = json.dumps(mixture()).replace(f'"{member}": [', f'"{member}": [1e999, ')
    assert_problem(send_json(client, text), 400, pointer=("/mixture",))


@pytest.mark.parametrize("count", [10**13, 2**62, 2**63, 10**19, 10**25])
def test_a_mixture_of_too_many_samples_is_refused_at_once(client, count):
    assert_problem(histograms(client, mixture(count=count)), (400, 413, 422))


def test_weights_whose_sum_overflows_do_not_break_the_mixture(client):
    response = histograms(client, mixture(weights=[1e308, 1e308]))
    assert response.status_code in (200, 400)
    if response.status_code == 400:
        assert_problem(response, 400, pointer=("/mixture",))
