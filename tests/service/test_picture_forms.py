"""Pictures out: single, animated, in a strip or on a sheet, and the recipe that each one tells."""

import math

import numpy as np
import pytest

import judge
import pictures
import runs
from checks import assert_ok, assert_problem
from imagery import ask, jpeg, npy, part_bytes, parts, recipe, states, still

SEED = 42


@pytest.fixture(scope="module")
def photo():
    return pictures.photo(26, 17)


@pytest.fixture(scope="module")
def png(photo):
    return pictures.png_of(photo)


def frames_of(client, body, mode="RGB", **parameters):
    """The single frames of the same run, in order."""
    response = ask(client, body, format="zip", **parameters)
    return list(pictures.archive_frames(assert_ok(response).content, mode)[0].values())


# Gray

@pytest.mark.parametrize("form", ["png", "zip", "json", "multipart"])
def test_gray_frames_are_gray_pictures_of_the_rendered_states(client, png, form):
    options = {"channels": "gray", "seed": 5, "steps": 6}
    response = assert_ok(ask(client, png, format=form, **options))
    if form == "png":
        frames = pictures.animation(response.content, "L")[0]
    elif form == "multipart":
        frames = [pictures.pixels(part_bytes(part), "L") for part in parts(response)]
    elif form == "zip":
        frames = list(pictures.archive_frames(response.content, "L")[0].values())
    else:
        assert response.json()["channels"] == 1
        frames = frames_of(client, png, "L", **options)
        assert len(response.json()["frames"]) == 7
    got = states(client, png, **options)[..., 0]
    assert len(frames) == 7
    np.testing.assert_array_equal(frames[0], np.asarray(pictures.open_png(png).convert("L")))
    for t in range(1, 7):
        np.testing.assert_array_equal(frames[t], judge.rendered_float32(got[t]), f"frame {t}")


# The animation

@pytest.mark.parametrize("form", [{"format": "png"}, {"layout": "animation"}, {}])
def test_an_animation_has_every_frame(client, png, form):
    frames, infos = pictures.animation(assert_ok(ask(client, png, seed=5, **form)).content)
    for got, expected in zip(frames, frames_of(client, png, seed=5), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert {info["duration"] for info in infos} == {200} and infos[0]["loop"] == 0


@pytest.mark.parametrize("sampler", ["jump", "tree"])
def test_an_animation_of_any_sampler_has_its_frames_and_its_delay(client, png, sampler):
    options = {"seed": 5, "sampler": sampler, "frames": "0-20/4"}
    frames, infos = pictures.animation(assert_ok(ask(client, png, delay=33, **options)).content)
    for got, expected in zip(frames, frames_of(client, png, **options), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert {info["duration"] for info in infos} == {33}


def test_the_delay_changes_no_single_picture(client, png):
    options = {"seed": 5, "frames": "7"}
    plain = assert_ok(ask(client, png, **options)).content
    assert assert_ok(ask(client, png, delay=1234, **options)).content == plain


# Strips and sheets

def sheet(frames, columns):
    """Row by row, the rest white."""
    rows = -(-len(frames) // columns)
    white = np.full_like(frames[0], 255)
    cells = list(frames) + [white] * (rows * columns - len(frames))
    return np.concatenate([np.concatenate(cells[row * columns:(row + 1) * columns], axis=1)
                           for row in range(rows)], axis=0)


@pytest.mark.parametrize("channels, mode", [("rgb", "RGB"), ("gray", "L")])
@pytest.mark.parametrize("frames", ["all", "last", "0", "3,9", "0-20/9", "0-3", "0-4", "1-9", "0-9",
                                    "0-16"])
def test_a_strip_and_a_sheet_are_the_frames_beside_each_other(client, png, frames, channels, mode):
    options = {"seed": 7, "frames": frames, "channels": channels}
    single = frames_of(client, png, mode, **options)
    strip = assert_ok(ask(client, png, layout="strip", **options), "image/png")
    np.testing.assert_array_equal(pictures.pixels(strip.content, mode), np.hstack(single))
    grid = assert_ok(ask(client, png, layout="grid", **options), "image/png")
    np.testing.assert_array_equal(pictures.pixels(grid.content, mode),
                                  sheet(single, math.ceil(math.sqrt(len(single)))))


@pytest.mark.parametrize("sampler", ["jump", "tree"])
def test_sheets_of_every_sampler(client, png, sampler):
    options = {"seed": 7, "frames": "2-20/3", "sampler": sampler}
    single = frames_of(client, png, **options)
    grid = assert_ok(ask(client, png, layout="grid", format="png", **options), "image/png")
    np.testing.assert_array_equal(pictures.pixels(grid.content), sheet(single, 3))


def test_a_sheet_of_many_small_frames(client):
    tiny = pictures.png_of(pictures.photo(3, 2))
    single = frames_of(client, tiny, steps=997, beta=0.01, seed=1)
    grid = assert_ok(ask(client, tiny, steps=997, beta=0.01, seed=1, layout="grid"))
    np.testing.assert_array_equal(pictures.pixels(grid.content), sheet(single, 32))
    strip = assert_ok(ask(client, tiny, steps=997, beta=0.01, seed=1, layout="strip"))
    np.testing.assert_array_equal(pictures.pixels(strip.content), np.hstack(single))


@pytest.mark.parametrize("accept", [None, "*/*", "image/png", "image/*", "image/png, image/apng",
                                    "image/apng, */*;q=0.1"])
def test_a_sheet_is_an_image_png(client, png, accept):
    response = ask(client, png, headers={"Accept": accept}, layout="grid", steps=3)
    assert_ok(response, "image/png")
    assert pictures.pixels(response.content).shape == (34, 52, 3)


def test_a_sheet_is_no_animation_and_nothing_but_a_picture(client, png):
    for layout in ("strip", "grid"):
        apng = ask(client, png, headers={"Accept": "image/apng"}, layout=layout)
        assert "image/png" in assert_problem(apng, 406)["detail"]
        for form in ("zip", "multipart", "json", "npy", "npz"):
            assert_problem(ask(client, png, layout=layout, format=form), 400, parameter="layout")
        for accept in ("application/zip", "multipart/mixed", "application/x-npy, application/json"):
            response = ask(client, png, headers={"Accept": accept}, layout=layout)
            assert_problem(response, 400, parameter="layout")
    for form in ("zip", "multipart", "json", "npy", "npz"):
        assert_ok(ask(client, png, layout="animation", format=form, steps=1))


@pytest.mark.parametrize("value", ["", "Grid", "sheet", "row", "strip,grid", "0"])
def test_a_layout_that_does_not_exist_is_refused_by_its_name(client, png, value):
    assert_problem(ask(client, png, layout=value), 400, parameter="layout")


def test_a_sheet_has_as_many_pixels_as_a_picture_may_have(start_server):
    """A picture of 10 by 10 where 1,000 pixels are allowed: empty cells count too."""
    body = pictures.png_of(pictures.photo(10, 10))
    with start_server("--max-pixels", "1000").client() as limited:
        assert_ok(ask(limited, body, layout="strip", frames="0-9"))
        assert_problem(ask(limited, body, layout="strip", frames="0-10"), 422)
        assert_ok(ask(limited, body, layout="grid", frames="0-8"))
        assert_problem(ask(limited, body, layout="grid", frames="0-9"), 422)
        assert_problem(ask(limited, body, layout="strip", steps=10000), 422)
        assert_ok(ask(limited, body, frames="0-20"))


# Compression

@pytest.mark.parametrize("form", ["png", "zip", "json", "multipart"])
def test_compression_changes_sizes_and_no_pixel(client, form):
    body, sizes, seen = pictures.png_of(pictures.photo(128, 96)), [], []
    for compression in ("none", "fast", "best"):
        response = assert_ok(ask(client, body, format=form, compression=compression, seed=1,
                                 frames="0,1"))
        sizes.append(len(response.content))
        if form == "png":
            seen.append(pictures.animation(response.content)[0])
        elif form == "zip":
            seen.append(list(pictures.archive_frames(response.content)[0].values()))
        elif form == "json":
            seen.append(list(pictures.document_frames(response.json()).values()))
        else:
            seen.append([pictures.pixels(part_bytes(part)) for part in parts(response)])
    for other in seen[1:]:
        np.testing.assert_array_equal(seen[0], other)
    assert sizes[0] > sizes[1] >= sizes[2], f"none, fast, best: {sizes}"
    assert sizes[0] >= 2 * 128 * 96 * 3, "none compresses"


@pytest.mark.parametrize("layout", ["strip", "grid"])
def test_compression_of_a_sheet(client, layout):
    body = pictures.png_of(pictures.photo(64, 64))
    answers = [assert_ok(ask(client, body, layout=layout, compression=compression, seed=1,
                             beta=0.01, frames="0-3")).content
               for compression in ("none", "fast", "best")]
    assert len(answers[0]) > len(answers[1]) >= len(answers[2])
    for answer in answers[1:]:
        np.testing.assert_array_equal(pictures.pixels(answer), pictures.pixels(answers[0]))


def test_best_is_worth_it_on_what_compresses(client):
    """A flat picture, where filters and matches are all there is."""
    flat = pictures.png_of(np.full((200, 300, 3), 99, np.uint8))
    sizes = [len(assert_ok(ask(client, flat, frames="0", compression=compression)).content)
             for compression in ("none", "fast", "best")]
    assert sizes[0] > 180_000 and sizes[1] < 20_000 and sizes[2] <= sizes[1], sizes


def test_best_of_what_is_more_than_a_piece(client):
    """Compressed piece by piece, and one stream all the same."""
    body = pictures.png_of(pictures.photo(900, 700))
    none, best = (assert_ok(ask(client, body, frames="0", compression=compression)).content
                  for compression in ("none", "best"))
    assert len(best) < len(none)
    np.testing.assert_array_equal(pictures.pixels(best), pictures.pixels(none))


def test_fast_is_what_happens_without_it(client, png):
    assert ask(client, png, seed=1).content == ask(client, png, seed=1, compression="fast").content


@pytest.mark.parametrize("value", ["", "Fast", "9", "-1", "slow", "fast,best"])
def test_a_compression_that_does_not_exist_is_refused_by_its_name(client, png, value):
    assert_problem(ask(client, png, compression=value), 400, parameter="compression")


@pytest.mark.parametrize("value", ["", "RGB", "grey", "L", "1", "rgba", "r"])
def test_channels_that_do_not_exist_are_refused_by_their_name(client, png, value):
    assert_problem(ask(client, png, channels=value), 400, parameter="channels")


# The recipe

CONSTANT = "schedule=constant&beta=0.25&parameterization=variance"


@pytest.mark.parametrize("parameters, text", [
    ({"frames": "5"},
     f"noise_version=1&seed=42&steps=20&{CONSTANT}&sampler=chain&t=5"),
    ({"frames": "last", "sampler": "tree", "steps": 7},
     f"noise_version=1&seed=42&steps=7&{CONSTANT}&sampler=tree&t=7"),
    ({"frames": "0", "schedule": "linear", "steps": 3},
     "noise_version=1&seed=42&steps=3&schedule=linear&beta_start=0.0001&beta_end=0.02"
     "&parameterization=variance&sampler=chain&t=0"),
    ({"frames": "3", "schedule": "squaredcos_cap_v2", "max_beta": 0.5, "parameterization": "std"},
     "noise_version=1&seed=42&steps=20&schedule=cosine&max_beta=0.5&parameterization=std"
     "&sampler=chain&t=3"),
    ({"frames": "2", "steps": 2, "schedule": "linear", "rescale_zero_snr": "true"},
     "noise_version=1&seed=42&steps=2&schedule=linear&beta_start=0.0001&beta_end=0.02"
     "&parameterization=variance&rescale_zero_snr=true&sampler=chain&t=2"),
    ({"frames": "2", "betas": "0.5,0.125,1"},
     "noise_version=1&seed=42&steps=3&schedule=custom&betas=0.5,0.125,1&parameterization=variance"
     "&sampler=chain&t=2"),
], ids=lambda value: str(value)[:60])
def test_a_picture_tells_its_recipe(client, png, parameters, text):
    told = recipe(still(client, png, seed=SEED, **parameters))[0]
    expected = dict(pair.split("=") for pair in text.split("&"))
    assert list(told) == list(expected)
    for name, value in expected.items():
        read = (lambda word: [float(part) for part in word.split(",")]) if "beta" in name else str
        assert read(told[name]) == read(value), name


def again(told):
    """A recipe as the parameters of a request."""
    parameters = dict(told)
    assert parameters.pop("noise_version") == "1"
    parameters["frames"] = parameters.pop("t")
    if parameters.get("schedule") == "custom":
        del parameters["schedule"]
    return parameters


RECIPES = [
    {}, {"beta": 0.1}, {"beta": 0.123456789012345678, "steps": 6}, {"beta": 1e-12},
    {"seed": 2**64 - 1, "sampler": "tree"}, {"sampler": "jump"},
    {"schedule": "linear"}, {"schedule": "scaled_linear", "beta_start": 0.3, "beta_end": 0.1},
    {"schedule": "sigmoid", "beta_end": 0.7}, {"schedule": "cosine", "max_beta": 0.8},
    {"schedule": "linear", "rescale_zero_snr": "true"}, {"beta": 0.3, "parameterization": "std"},
    {"betas": "0.1,0.2,0.3,0.123456789,0,1", "steps": 6}, {"channels": "gray"},
    {"channels": "gray", "sampler": "tree", "schedule": "cosine", "parameterization": "std"},
]


@pytest.mark.parametrize("wanted", RECIPES, ids=str)
def test_a_recipe_makes_the_same_picture_again(client, png, wanted):
    last = 6 if "betas" in wanted else wanted.get("steps", 20)
    for t in (2, last):
        parameters = {"frames": t} | wanted
        if "seed" not in parameters:
            parameters["seed"] = SEED
        image = still(client, png, **parameters)
        told = recipe(image)[0]
        assert told["seed"] == str(parameters["seed"]) and told["t"] == str(t)
        assert ("channels" in told) == ("channels" in wanted)
        once_more = still(client, png, **again(told))
        np.testing.assert_array_equal(np.asarray(once_more), np.asarray(image))
        assert once_more.text == image.text


def test_a_recipe_of_a_seed_that_was_drawn_makes_the_same_picture_again(client, png):
    image = still(client, png, frames="last")
    np.testing.assert_array_equal(np.asarray(still(client, png, **again(recipe(image)[0]))),
                                  np.asarray(image))


def test_a_recipe_of_a_rest_tells_where_it_started(client, png):
    body = npy(states(client, png, seed=SEED, frames="10"))
    image = still(client, body, seed=SEED, start_step=10, frames="15")
    told = recipe(image)[0]
    assert told["start_step"] == "10"
    np.testing.assert_array_equal(np.asarray(still(client, body, **again(told))), np.asarray(image))


@pytest.mark.parametrize("layout", ["animation", "strip", "grid"])
@pytest.mark.parametrize("frames", ["all", "0-20/5", "0,1,2,7-9"])
def test_a_picture_of_several_frames_tells_them_all(client, png, layout, frames):
    options = {"seed": SEED, "layout": layout, "frames": frames}
    answer = assert_ok(ask(client, png, **options)).content
    told = recipe(pictures.open_png(answer))[0]
    assert_ok(ask(client, png, layout=layout, **again(told)))
    assert ask(client, png, layout=layout, **again(told)).content == answer


def test_every_part_and_member_tells_its_own_step(client, png):
    zipped = assert_ok(ask(client, png, seed=SEED, format="zip", frames="0,3,20")).content
    members = list(pictures.archive(zipped).values())[:-1]
    sent = assert_ok(ask(client, png, seed=SEED, format="multipart", frames="0,3,20"))
    for data in (members, [part_bytes(part) for part in parts(sent)]):
        assert [recipe(pictures.open_png(png))[0]["t"] for png in data] == ["0", "3", "20"]


def test_a_recipe_leaves_out_betas_that_would_be_too_long(client, png):
    for steps, kept in ((500, True), (700, False)):
        told = recipe(still(client, png, betas=",".join(["0.1"] * steps), frames="last"))[0]
        assert ("betas" in told) == kept, f"{steps} betas: {told.keys()}"
        assert told["schedule"] == "custom" and told["steps"] == str(steps)


def test_every_kind_of_input_has_a_recipe(client, photo):
    for body in (jpeg(photo), npy(photo), npy(np.zeros((4, 5), np.float32))):
        image = still(client, body, seed=SEED, frames="3", sampler="tree")
        np.testing.assert_array_equal(np.asarray(still(client, body, **again(recipe(image)[0]))),
                                      np.asarray(image))


# Names

@pytest.mark.parametrize("form, kind", [
    ("png", "inline"), ("json", "inline"), ("zip", "attachment"), ("npy", "attachment"),
    ("npz", "attachment")])
def test_an_answer_has_a_name(client, png, form, kind):
    response = assert_ok(ask(client, png, format=form, seed=2**64 - 1, steps=1))
    assert response.headers["Content-Disposition"] == \
        f'{kind}; filename="dissolved-{2**64 - 1}.{form}"'
    drawn = assert_ok(ask(client, png, format=form, steps=1))
    assert f'"dissolved-{drawn.headers["Dissolve-Seed"]}.{form}"' in \
        drawn.headers["Content-Disposition"]


def test_sheets_single_frames_and_animations_are_named_alike(client, png):
    for parameters in ({"layout": "grid"}, {"layout": "strip"}, {"frames": "3"}, {}):
        response = assert_ok(ask(client, png, seed=3, **parameters))
        assert response.headers["Content-Disposition"] == 'inline; filename="dissolved-3.png"'


def test_arrays_of_several_contents_are_named_for_what_they_are(client, png):
    response = assert_ok(ask(client, png, seed=3, format="npy", content="x,noise"))
    assert response.headers["Content-Disposition"] == 'attachment; filename="dissolved-3.npz"'


def test_other_answers_have_their_names_or_none(client, png):
    multipart = assert_ok(ask(client, png, seed=3, format="multipart", steps=1))
    assert "Content-Disposition" not in multipart.headers
    histograms = assert_ok(ask(client, png, "/v1/images/histograms", seed=3, steps=1))
    assert histograms.headers["Content-Disposition"] == 'inline; filename="histograms-3.json"'
    assert "Content-Disposition" not in ask(client, png, beta=7).headers


def test_the_states_are_what_is_painted(client, png):
    """The judge's schedule beside every picture: a recipe that told another one would show here."""
    image = still(client, png, seed=SEED, frames="4", schedule="cosine", steps=6)
    start = judge.state_of_levels(np.asarray(pictures.open_png(png)))
    state = runs.chain(start, runs.schedule("cosine", 6), SEED)[4]
    np.testing.assert_array_less(np.abs(np.asarray(image) - judge.rendered(state)), 2)
