"""Forms as clients write them: file names of every kind, and the picture under another field's name."""

import numpy as np
import pytest

import pictures
from checks import FRAMES, assert_ok, assert_problem, dissolve
from imagery import IMAGE_HISTOGRAMS

PNG = pictures.png_of(pictures.photo(9, 8))
RUN = {"seed": "3", "steps": "2"}
UNKNOWN = "Unknown field `{}`; send the picture in the field `image`."


def part(disposition, data, more=b""):
    return b"--b\r\nContent-Disposition: form-data; " + disposition + more + b"\r\n\r\n" + data + b"\r\n"


def post(client, *parts, path=FRAMES, **parameters):
    return client.post(path, data=b"".join(parts) + b"--b--\r\n", params=parameters,
                       headers={"Content-Type": "multipart/form-data; boundary=b"})


FILE_NAMES = {
    "none": b"",
    "empty": b'; filename=""',
    "empty, not quoted": b"; filename=",
    "a token": b"; filename=a.png",
    "blanks, not quoted": b"; filename=holiday in May.png",
    "255 bytes": b'; filename="' + b"n" * 255 + b'"',
    "256 bytes": b'; filename="' + b"n" * 256 + b'"',
    "4 KiB": b'; filename="' + b"n" * 4096 + b'"',
    "1 MB": b'; filename="' + b"n" * 10**6 + b'"',
    "1 MB of escapes": b'; filename="' + b'\\"\\\\%22' * 143000 + b'"',
    "1 MB, extended": b"; filename*=UTF-8''" + b"%e2%82%ac" * 111000,
    "a quote by curl": b'; filename="a \\"cat\\".png"',
    "a quote by a browser": b'; filename="a %22cat%22.png"',
    "a semicolon": b'; filename="a; name=b.png"',
    "a path of Windows": b'; filename="C:\\pictures\\cat.png"',
    "a backslash at the end": b'; filename="cat\\"',
    "UTF-8": '; filename="日本の絵.png"'.encode(),
    "Latin-1": b'; filename="\xe9t\xe9.png"',
    "every byte but the line end": b'; filename="' + bytes(
        byte for byte in range(256) if byte not in b'\r"\\') + b'"',
    "extended": b"; filename*=UTF-8''%e2%82%ac.png",
    "in pieces": b'; filename*0="' + b"n" * 5000 + b'"; filename*1="' + b"n" * 5000 + b'"',
    "in pieces, extended": b"; filename*0*=UTF-8''" + b"%e2%82%ac" * 900 + b"; filename*1*=a.png",
    "both": b"; filename=\"euro.png\"; filename*=UTF-8''%e2%82%ac.png",
    "both, the other way": b"; filename*=utf-8'en'a.png; filename=a.png",
}


@pytest.mark.parametrize("name", FILE_NAMES)
def test_any_file_name_is_taken(client, name):
    plain = assert_ok(dissolve(client, PNG, **RUN)).content
    image = part(b'name="image"' + FILE_NAMES[name], PNG, b"\r\nContent-Type: image/png")
    assert assert_ok(post(client, image, **RUN)).content == plain
    if not name.endswith("end"):
        image = part(FILE_NAMES[name][2:] + b'; name="image"', PNG)
        assert assert_ok(post(client, image, **RUN)).content == plain


def test_a_file_name_of_the_part_s_type_is_passed_over(client):
    """RFC 2045 had it there, as the parameter `name`."""
    plain = assert_ok(dissolve(client, PNG, **RUN)).content
    for length in (3, 256, 3000):
        kind = b'\r\nContent-Type: image/png; name="' + b"n" * length + b'"'
        assert assert_ok(post(client, part(b'name="image"', PNG, kind), **RUN)).content == plain


@pytest.mark.parametrize("name", ["cat.png", "a" * 5000, "Zoë's \"cat\".png", "日本.png", "\\"])
def test_file_names_that_requests_writes_are_taken(client, name):
    response = client.post(FRAMES, files={"image": (name, PNG)}, data=RUN)
    assert assert_ok(response).content == assert_ok(dissolve(client, PNG, **RUN)).content


def test_other_headers_stay_limited_beside_a_long_file_name(client):
    for headers in (b"\r\nX: " + b"x" * 5000, b"\r\nX: y" * 1000, b"; x=" + b"x" * 5000):
        for name in (b'name="image"; filename="' + b"n" * 5000 + b'"', b'name="image"'):
            problem = assert_problem(post(client, part(name, PNG, headers), **RUN), 400)
            assert problem["detail"] == "Part 1 of the form has more than 4096 bytes of headers."


@pytest.mark.parametrize("path", [FRAMES, IMAGE_HISTOGRAMS])
@pytest.mark.parametrize("name", ["file", "picture", "image[]", "Image", "images", "upload 1", "größe",
                                  "data", "a`b", "n" * 255])
def test_a_file_under_another_name_is_told_where_to_go(client, path, name):
    response = client.post(path, files={name: ("cat.png", PNG, "image/png")}, data=RUN)
    problem = assert_problem(response, 400)
    assert problem["detail"] == UNKNOWN.format(name)
    assert name.startswith(problem["parameter"]) and len(problem["parameter"]) > 126 * (len(name) > 126)


@pytest.mark.parametrize("more", FILE_NAMES.values(), ids=FILE_NAMES)
def test_every_kind_of_file_name_makes_it_a_file(client, more):
    problem = assert_problem(post(client, part(b'name="photo"' + more, PNG), **RUN), 400)
    if more:
        assert problem["parameter"] == "photo" and problem["detail"] == UNKNOWN.format("photo")
    else:
        assert problem["parameter"] == "image" and "send the picture in the field `image`" in \
            problem["detail"]


def test_it_is_told_whatever_else_is_in_the_form(client):
    image, file = part(b"name=image; filename=a.png", PNG), part(b"name=file; filename=a.png", PNG)
    bad = part(b"name=steps", b"many")
    for parts in ([image, file], [file, image], [bad, file], [file, bad], [file, file],
                  [file, part(b"name=other", b"1")], [part(b"name=image", b""), file]):
        problem = assert_problem(post(client, *parts), 400, "file")
        assert problem["detail"] == UNKNOWN.format("file")


def test_a_parameter_may_come_with_a_file_name(client):
    """As files={"steps": "2"} of Python's requests makes it."""
    response = client.post(FRAMES, files={"image": PNG, **RUN})
    assert assert_ok(response).content == assert_ok(dissolve(client, PNG, **RUN)).content
    aliased = client.post(FRAMES, files={"image": PNG, "seed": "3", "num_train_timesteps": "2"})
    assert aliased.content == response.content
    problem = assert_problem(client.post(FRAMES, files={"image": PNG, "steps": "many"}), 400, "steps")
    assert problem["detail"].startswith("steps ")
    assert_problem(client.post(FRAMES, files={"image": PNG, "bins": "9"}), 400, "bins")


@pytest.mark.parametrize("name", ["frames", "content", "range"])
def test_a_picture_under_a_parameters_name_is_missed(client, name):
    problem = assert_problem(client.post(FRAMES, files={name: ("a.png", PNG)}), 400, "image")
    assert "send the picture in the field `image`" in problem["detail"]


def test_an_unknown_field_without_a_file_is_an_unknown_parameter(client):
    problem = assert_problem(client.post(FRAMES, files={"image": PNG}, data={"other": "1"}), 400, "other")
    assert problem["detail"] == "Unknown parameter other."


def test_no_file_chosen_is_an_empty_image(client):
    """What a browser sends of an <input type=file> where nothing was chosen."""
    empty = part(b'name="image"; filename=""', b"", b"\r\nContent-Type: application/octet-stream")
    assert assert_problem(post(client, empty, **RUN), 400)["detail"] == "The image is empty."


def test_the_frame_is_the_picture(client):
    image = part(b'name="image"; filename="' + b"n" * 9999 + b'"', PNG)
    data = assert_ok(post(client, image, frames=0)).content
    np.testing.assert_array_equal(pictures.pixels(data), pictures.photo(9, 8))
