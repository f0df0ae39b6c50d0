"""Which form an answer takes: Accept with its q-values, and format, which wins over it."""

import pytest

import pictures
from checks import FRAMES, HISTOGRAMS, assert_media_type, assert_ok, assert_problem, dissolve

BROWSER = ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
           "image/apng,*/*;q=0.8")


@pytest.fixture(scope="module")
def png():
    return pictures.png_of(pictures.photo(8, 8))


def ask(client, png, accept, **parameters):
    return dissolve(client, png, headers={"Accept": accept}, steps=2, **parameters)


@pytest.mark.parametrize("accept, media_type", [
    ("application/zip", "application/zip"),
    ("application/json", "application/json"),
    ("image/png", "image/png"),
    ("image/apng", "image/apng"),
    ("APPLICATION/ZIP", "application/zip"),
    ("application/json; charset=utf-8", "application/json"),
    ("application/zip;q=0.5, application/json", "application/json"),
    ("application/zip, application/json;q=0.9", "application/zip"),
    ("application/zip;q=0.9, */*;q=0.1", "application/zip"),
    ("text/html, application/json;q=0.2", "application/json"),
    ("application/json;q=0.001", "application/json"),
    ("image/png;q=0, application/zip;q=0.3", "application/zip"),
    ("text/html,,application/zip", "application/zip"),
])
def test_accept_chooses_the_form(client, png, accept, media_type):
    assert_ok(ask(client, png, accept), media_type)


@pytest.mark.parametrize("accept", ["*/*", "image/*", BROWSER, "*/*;q=0.1", "image/png, image/apng",
                                    "application/json;q=0, */*", "text/html, */*;q=0.01"])
def test_a_picture_is_the_choice_where_accept_leaves_it_open(client, png, accept):
    response = assert_ok(ask(client, png, accept))
    assert response.headers["Content-Type"] in ("image/png", "image/apng")
    assert len(pictures.animation(response.content)[0]) == 3


def test_without_accept_the_answer_is_a_picture(client, png):
    response = client.post(FRAMES, data=png, params={"steps": 2},
                           headers={"Accept": None, "Content-Type": "image/png"})
    assert_ok(response)
    assert response.headers["Content-Type"] in ("image/png", "image/apng")


def test_any_application_type_gives_one(client, png):
    response = assert_ok(ask(client, png, "application/*"))
    assert response.headers["Content-Type"].startswith("application/")


@pytest.mark.parametrize("accept", ["text/html", "image/gif", "video/*", "application/zip;q=0",
                                    "image/gif, text/*;q=0.5", "*/*;q=0"])
def test_where_nothing_fits_the_problem_says_what_is_offered(client, png, accept):
    problem = assert_problem(ask(client, png, accept), 406)
    for offered in ("image/png", "application/zip", "application/json"):
        assert offered in str(problem), f"{offered} is not told: {problem}"


@pytest.mark.parametrize("form, media_types", [
    ("png", ("image/png", "image/apng")), ("zip", ("application/zip",)),
    ("json", ("application/json",))])
@pytest.mark.parametrize("accept", ["text/html", "application/zip", "application/json",
                                    "image/gif;q=0.1"])
def test_format_wins_over_accept(client, png, form, media_types, accept):
    response = assert_ok(ask(client, png, accept, format=form))
    assert response.headers["Content-Type"].split(";")[0] in media_types


def test_a_problem_is_a_problem_document_whatever_accept_says(client, png):
    for accept in ("image/png", "application/zip", "text/html"):
        assert_problem(ask(client, png, accept, beta=7), 400, parameter="beta")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*", BROWSER])
def test_histograms_are_json(client, accept):
    response = client.post(HISTOGRAMS, json={"samples": [1, 2]}, headers={"Accept": accept})
    assert_ok(response)
    assert_media_type(response, "application/json")


def test_histograms_in_another_type_are_not_offered(client):
    response = client.post(HISTOGRAMS, json={"samples": [1, 2]}, headers={"Accept": "image/gif"})
    assert "application/json" in str(assert_problem(response, 406))


def test_an_unknown_format_of_histograms_is_refused(client):
    response = client.post(HISTOGRAMS, json={"samples": [1, 2]}, params={"format": "gif"})
    assert_problem(response, 400, parameter="format")
