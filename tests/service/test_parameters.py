"""Parameters: every bad value, unknown and repeated names, in the query and in forms."""

import pytest

import pictures
from checks import FRAMES, assert_ok, assert_problem, dissolve

BAD_VALUES = [
    ("beta", "1.5"), ("beta", "nan"), ("beta", "-0.1"), ("beta", ""), ("beta", "inf"),
    ("beta", "1e999"), ("beta", "0x1p-2"), ("beta", "0,25"), ("beta", "0.25abc"), ("beta", "half"),
    ("beta", "1.0000001"), ("beta", " "),
    ("steps", "-1"), ("steps", "10001"), ("steps", "2.5"), ("steps", ""), ("steps", "many"),
    ("steps", "0x10"), ("steps", "99999999999999999999"), ("steps", "20 "), ("steps", "4294967301"),
    ("seed", "abc"), ("seed", "-1"), ("seed", ""), ("seed", "1.5"), ("seed", "0x10"),
    ("seed", "18446744073709551616"), ("seed", "36893488147419103232"), ("seed", "1e3"),
    ("frames", "0,99"), ("frames", "21"), ("frames", "0-21"), ("frames", "5-2"), ("frames", "x"),
    ("frames", ""), ("frames", "1,,2"), ("frames", ",1"), ("frames", "1,"), ("frames", "-1"),
    ("frames", "1-"), ("frames", "1-5/0"), ("frames", "1-5/"), ("frames", "1-5/-1"),
    ("frames", "1-5-9"), ("frames", "1.5"), ("frames", "5/2"), ("frames", "4294967296"),
    ("frames", "99999999999999999999"), ("frames", "0 5"), ("frames", "first"),
    ("format", "gif"), ("format", ""), ("format", "PNGS"), ("format", "png,zip"),
    ("delay", "60001"), ("delay", "-1"), ("delay", "fast"), ("delay", ""), ("delay", "1.5"),
]


@pytest.fixture(scope="module")
def png():
    return pictures.png_of(pictures.photo(8, 8))


@pytest.mark.parametrize("name, value", BAD_VALUES)
def test_a_bad_value_in_the_query_is_refused_by_its_name(client, png, name, value):
    assert_problem(dissolve(client, png, **{name: value}), 400, parameter=name)


@pytest.mark.parametrize("name, value", [
    ("beta", "1.5"), ("beta", ""), ("steps", "-1"), ("seed", "abc"), ("frames", "5-2"),
    ("format", "gif"), ("delay", "60001")])
def test_a_bad_value_in_a_form_is_refused_by_its_name(client, png, name, value):
    response = client.post(FRAMES, files={"image": png}, data={name: value})
    assert_problem(response, 400, parameter=name)


def test_a_nul_byte_does_not_end_a_value(client, png):
    response = client.post(FRAMES + "?steps=3%00garbage", data=png,
                           headers={"Content-Type": "image/png"})
    assert response.status_code == 400


@pytest.mark.parametrize("name", ["banana", "Steps", "STEPS", "step", "beta ", "bêta", "a/b~c"])
def test_an_unknown_parameter_is_refused_by_its_name(client, png, name):
    assert_problem(dissolve(client, png, **{name: "1"}), 400, parameter=name)


def test_a_parameter_of_histograms_is_unknown_to_frames(client, png):
    problem = assert_problem(dissolve(client, png, bins="10"), 400, parameter="bins")
    assert problem["detail"] == (
        "bins is a parameter of /v1/images/histograms and /v1/samples/histograms only.")


@pytest.mark.parametrize("name, values", [
    ("steps", ("3", "3")), ("beta", ("0.1", "0.2")), ("seed", ("1", "2")), ("frames", ("0", "1")),
    ("format", ("png", "zip")), ("delay", ("1", "1"))])
def test_a_parameter_given_twice_in_the_query_is_refused_by_its_name(client, png, name, values):
    response = client.post(FRAMES, data=png, headers={"Content-Type": "image/png"},
                           params=[(name, value) for value in values])
    assert_problem(response, 400, parameter=name)


def test_a_parameter_in_the_query_and_in_the_form_is_refused_by_its_name(client, png):
    response = client.post(FRAMES, files={"image": png}, data={"steps": "3"}, params={"steps": "3"})
    assert_problem(response, 400, parameter="steps")


def test_a_parameter_given_twice_in_a_form_is_refused_by_its_name(client, png):
    fields = [("image", ("a.png", png, "image/png")), ("seed", (None, "1")), ("seed", (None, "1"))]
    assert_problem(client.post(FRAMES, files=fields), 400, parameter="seed")


def test_escapes_in_the_query_are_understood(client, png):
    plain = assert_ok(dissolve(client, png, seed=12, frames="0,5")).content
    escaped = client.post(FRAMES + "?s%65ed=%31%32&frames=0%2C5", data=png,
                          headers={"Content-Type": "image/png"})
    assert assert_ok(escaped).content == plain


@pytest.mark.parametrize("name, value", [
    ("beta", "0"), ("beta", "1"), ("beta", "1.0"), ("beta", "0.0"),
    ("beta", "0.123456789012345678"),
    ("steps", "0"), ("delay", "0"), ("delay", "60000"), ("seed", "0"),
    ("seed", "18446744073709551615"), ("frames", "20"), ("frames", "0-20/20"), ("frames", "20-20")])
def test_a_value_at_its_limit_is_taken(client, png, name, value):
    assert_ok(dissolve(client, png, **{name: value}))


def test_a_request_after_a_refused_one_on_the_same_connection_works(client, png):
    for _ in range(3):
        assert_problem(dissolve(client, png, beta="2"), 400, parameter="beta")
        assert_ok(dissolve(client, png, steps=1))
