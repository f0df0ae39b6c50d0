"""The samplers on pictures against the judge: chain, jump and tree, whole and from a state on."""

import numpy as np
import pytest

import judge
import pictures
import runs
from checks import assert_ok, assert_pixels, assert_problem
from imagery import ask, assert_same_bits, assert_states, jpeg, npy, states

SEED = 2**63 + 12345
SAMPLERS = pytest.mark.parametrize("sampler", ["chain", "jump", "tree"])
SCHEDULES = [
    {"schedule": "constant", "beta": 0.1, "steps": 9},
    {"schedule": "linear", "steps": 30},
    {"schedule": "linear", "steps": 7, "beta_start": 0.9, "beta_end": 0.1},
    {"schedule": "scaled_linear", "steps": 25, "beta_start": 0.00085, "beta_end": 0.5},
    {"schedule": "cosine", "steps": 16},
    {"schedule": "cosine", "steps": 12, "max_beta": 0.5},
    {"schedule": "sigmoid", "steps": 21, "beta_end": 0.3},
    {"schedule": "linear", "steps": 20, "rescale_zero_snr": "true"},
    {"schedule": "sigmoid", "steps": 8, "parameterization": "std", "beta_end": 0.8},
    {"betas": [0.5, 0, 0.25, 0.001, 0, 0.75, 1e-12]},
    {"betas": [0.1, 1, 0, 0.2, 1, 0.3]},
    {"betas": [0, 0, 0]},
    {"betas": [0.3]},
]


def sent(options):
    """The parameters of a schedule as a query says them."""
    return {name: ",".join(map(repr, value)) if name == "betas" else value
            for name, value in options.items()}


def betas_of(options):
    made = {"kind" if name == "schedule" else name: value for name, value in options.items()}
    made["rescale_zero_snr"] = made.get("rescale_zero_snr") == "true"
    return runs.schedule(**made)


@pytest.fixture(scope="module")
def photo():
    return pictures.photo(31, 18)


@pytest.fixture(scope="module")
def png(photo):
    return pictures.png_of(photo)


@pytest.fixture(scope="module")
def start(photo):
    return judge.state_of_levels(photo)


@SAMPLERS
@pytest.mark.parametrize("options", SCHEDULES, ids=str)
def test_a_run_of_any_schedule_is_the_judges(client, png, start, sampler, options):
    betas = betas_of(options)
    got = states(client, png, sampler=sampler, seed=SEED, **sent(options))
    assert_states(got, runs.sampled(sampler, start, betas, SEED, range(len(betas) + 1)))
    assert_same_bits(got[0], start, "x_0")


@SAMPLERS
@pytest.mark.parametrize("frames, told", [
    ("last", [1000]), ("7", [7]), ("0,1,500,999,1000", [0, 1, 500, 999, 1000]),
    ("10-1000/330", [10, 340, 670, 1000]), ("1000,3", [3, 1000])])
def test_chosen_frames_of_a_long_run_are_the_judges(client, start, png, sampler, frames, told):
    small, options = start[:6, :5], {"schedule": "linear", "steps": 1000}
    got = states(client, npy(small), sampler=sampler, seed=3, frames=frames, **options)
    expected = runs.sampled(sampler, small, betas_of(options), 3, told)
    assert_states(got, expected)


@SAMPLERS
def test_ten_thousand_steps_are_allowed(client, start, sampler):
    small = start[:2, :2]
    got = states(client, npy(small), sampler=sampler, seed=3, steps=10000, frames="9000",
                 beta=0.001)
    expected = runs.sampled(sampler, small, np.full(10000, 0.001), 3, [9000])
    assert_states(got, expected)


@SAMPLERS
def test_no_steps_give_the_input(client, png, start, sampler):
    got = states(client, png, sampler=sampler, steps=0)
    assert_same_bits(got, start[None], "the run of no steps")


@SAMPLERS
def test_painted_frames_are_those_of_the_states(client, png, photo, sampler):
    painted = assert_ok(ask(client, png, sampler=sampler, seed=6, steps=9, format="zip"))
    frames = pictures.archive_frames(painted.content)[0]
    got = states(client, png, sampler=sampler, seed=6, steps=9)
    np.testing.assert_array_equal(frames[0], photo)
    for t in range(1, 10):
        np.testing.assert_array_equal(frames[t], judge.rendered_float32(got[t]))
        assert_pixels(frames[t], got[t].astype(np.float64), t)


def test_the_samplers_draw_different_noise(client, png):
    runs_of_one_step = [states(client, png, sampler=sampler, seed=1, steps=1)[1]
                        for sampler in ("chain", "jump", "tree")]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (runs_of_one_step[one] != runs_of_one_step[other]).mean() > 0.99


def test_chain_is_what_happens_without_a_sampler(client, png):
    assert_same_bits(states(client, png, seed=1), states(client, png, seed=1, sampler="chain"),
                     "the run")


@SAMPLERS
def test_the_order_of_frames_asked_for_means_nothing(client, png, sampler):
    once = states(client, png, seed=1, sampler=sampler, frames="3,9,17")
    again = states(client, png, seed=1, sampler=sampler, frames="17,3,9,3-3,9")
    assert_same_bits(again, once, "frames 3, 9, 17")


@pytest.mark.parametrize("sampler", ["chain", "tree"])
def test_a_frames_bytes_do_not_depend_on_the_others(client, png, sampler):
    whole = states(client, png, seed=8, sampler=sampler, steps=23)
    for t in range(24):
        alone = states(client, png, seed=8, sampler=sampler, steps=23, frames=t)
        assert_same_bits(alone[0], whole[t], f"frame {t} alone")
    some = states(client, png, seed=8, sampler=sampler, steps=23, frames="2,3,11-23/4")
    assert_same_bits(some, whole[[2, 3, 11, 15, 19, 23]], "some frames")


def test_a_frame_of_a_jump_depends_on_the_frames_before_and_on_no_other(client, png):
    whole = states(client, png, seed=8, sampler="jump", frames="2,5,9,20")
    until = states(client, png, seed=8, sampler="jump", frames="2,5,9")
    assert_same_bits(until, whole[:3], "2, 5 and 9")
    without = states(client, png, seed=8, sampler="jump", frames="2,9")
    assert (without[1] != whole[2]).any(), "x_9 ought to depend on x_5"
    with_input = states(client, png, seed=8, sampler="jump", frames="0,2,5,9,20")
    assert_same_bits(with_input[1:], whole, "with the input before")


def test_another_number_of_steps_is_another_path_of_the_tree(client, png):
    one = states(client, png, seed=8, sampler="tree", steps=20, frames="7")
    other = states(client, png, seed=8, sampler="tree", steps=21, frames="7")
    assert (one != other).mean() > 0.99


# From a state on

def test_a_chain_goes_on_from_every_step_bit_for_bit(client, png):
    options = {"schedule": "cosine", "steps": 7, "seed": SEED}
    whole = states(client, png, **options)
    for s in range(8):
        rest = states(client, npy(whole[s]), start_step=s, **options)
        assert_same_bits(rest, whole[s:], f"from x_{s} on")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(18, 31, 3), (1, 18, 31, 3), (1, 1, 18, 31, 3)])
def test_a_state_may_have_any_shape_and_order(client, png, shape, order):
    whole = states(client, png, steps=6, seed=1)
    state = np.array(whole[4].reshape(shape), order=order)
    rest = states(client, npy(state), steps=6, seed=1, start_step=4)
    assert_same_bits(rest, whole[4:], "the rest")


def test_the_answer_of_one_frame_is_sent_back_as_it_is(client, png):
    """What curl does: one file out, the same file in."""
    whole = states(client, png, seed=77)
    file = assert_ok(ask(client, png, seed=77, format="npy", frames=10)).content
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"},
                    {"Content-Type": "application/x-npy"}):
        rest = ask(client, file, headers=headers, seed=77, start_step=10, format="npy")
        assert assert_ok(rest).content[-whole[10:].nbytes:] == whole[10:].tobytes()


def test_chosen_frames_after_the_start_are_the_chains(client, png):
    whole = states(client, png, seed=5)
    for frames, told in (("10", [10]), ("last", [20]), ("all", range(10, 21)),
                         ("12-20/4", [12, 16, 20])):
        rest = states(client, npy(whole[10]), seed=5, start_step=10, frames=frames)
        assert_same_bits(rest, whole[list(told)], f"frames={frames}")


def test_gray_states_go_on_too(client, png):
    whole = states(client, png, seed=5, channels="gray")
    for state in (whole[10], whole[10, ..., 0]):
        rest = states(client, npy(state), seed=5, start_step=10, channels="gray")
        assert_same_bits(rest, whole[10:], "the rest")


def test_a_jump_goes_on_from_any_frame_that_was_asked_for(client, png):
    frames = [0, 4, 5, 11, 20]
    whole = states(client, png, seed=5, sampler="jump", frames="0,4,5,11,20")
    for at, s in enumerate(frames):
        told = ",".join(map(str, frames[at:]))
        rest = states(client, npy(whole[at]), seed=5, sampler="jump", frames=told, start_step=s)
        assert_same_bits(rest, whole[at:], f"from x_{s} on")
        if at < 4:
            told = ",".join(map(str, frames[at + 1:]))
            rest = states(client, npy(whole[at]), seed=5, sampler="jump", frames=told, start_step=s)
            assert_same_bits(rest, whole[at + 1:], f"from x_{s} on, without it")


@pytest.mark.parametrize("sampler", ["chain", "jump"])
def test_a_run_from_a_state_on_is_the_judges(client, start, sampler):
    options = {"schedule": "linear", "steps": 40, "beta_end": 0.2}
    got = states(client, npy(start), sampler=sampler, seed=2, start_step=31, **options)
    betas = betas_of(options)
    expected = (runs.chain(start, betas, 2, 31) if sampler == "chain"
                else runs.jump(start, betas, 2, range(31, 41), 31))
    assert_states(got, expected)


@pytest.mark.parametrize("sampler", ["chain", "jump"])
def test_a_start_at_the_end_gives_the_state_back(client, start, sampler):
    got = states(client, npy(start), sampler=sampler, start_step=20)
    assert_same_bits(got, start[None], "x_20")


def test_the_first_painted_frame_of_a_rest_is_its_state(client, start):
    state = start * np.float32(1.3)
    response = ask(client, npy(state), start_step=10, frames="10", format="png")
    np.testing.assert_array_equal(pictures.pixels(assert_ok(response).content),
                                  judge.rendered_float32(state))


def test_a_start_at_0_is_no_start(client, png, photo):
    for body in (png, jpeg(photo)):
        for sampler in ("chain", "jump", "tree"):
            plain = states(client, body, seed=1, sampler=sampler)
            assert_same_bits(states(client, body, seed=1, sampler=sampler, start_step=0), plain,
                             sampler)


@pytest.mark.parametrize("form", ["png", "zip", "json", "multipart", "npy", "npz"])
def test_every_form_takes_a_start(client, start, form):
    response = ask(client, npy(start), start_step=18, format=form, seed=1)
    assert_ok(response)
    assert response.content == ask(client, npy(start), start_step=18, format=form, seed=1,
                                   frames="18-20").content


@pytest.mark.parametrize("body", [pictures.png_of, jpeg], ids=["png", "jpeg"])
@pytest.mark.parametrize("path", ["/v1/images/frames", "/v1/images/histograms"])
def test_a_picture_is_no_state(client, photo, path, body):
    assert_problem(ask(client, body(photo), path, start_step=3), 400, parameter="start_step")


@pytest.mark.parametrize("path", ["/v1/images/frames", "/v1/images/histograms"])
@pytest.mark.parametrize("parameters, parameter", [
    ({"sampler": "tree", "start_step": 3}, "start_step"),
    ({"start_step": 21}, "start_step"), ({"start_step": 6, "steps": 5}, "start_step"),
    ({"start_step": 3, "betas": "0.1,0.2"}, "start_step"),
    ({"start_step": -1}, "start_step"), ({"start_step": "x"}, "start_step"),
    ({"start_step": ""}, "start_step"), ({"start_step": 1.5}, "start_step"),
    ({"start_step": 4, "frames": "3"}, "frames"), ({"start_step": 4, "frames": "0-20"}, "frames"),
    ({"start_step": 4, "frames": "5,2"}, "frames"), ({"start_step": 4, "frames": "21"}, "frames"),
    ({"sampler": "Chain"}, "sampler"), ({"sampler": ""}, "sampler"),
    ({"sampler": "ddim"}, "sampler"),
    ({"sampler": "jump,tree"}, "sampler"),
], ids=str)
def test_what_cannot_be_is_refused_by_its_name(client, start, path, parameters, parameter):
    assert_problem(ask(client, npy(start), path, **parameters), 400, parameter=parameter)


# Cost

def test_work_is_what_the_sampler_draws(start_server):
    """10,000 elements, of which a draw costs about 10 us; the limit is 10 ms."""
    body, steps = npy(np.zeros((10, 1000), np.uint8)), 10000
    with start_server("--max-work", "10000000").client() as limited:
        def status(**parameters):
            response = ask(limited, body, channels="gray", compression="none", **parameters)
            if response.status_code != 200:
                assert_problem(response, 422)
            return response.status_code

        assert status(steps=200, frames="last") == 200
        assert status(steps=2000, frames="last") == 422
        assert status(steps=steps, frames="200") == 200
        assert status(steps=steps, frames="2000") == 422
        assert status(steps=steps, frames="last", sampler="jump") == 200
        assert status(steps=steps, frames="1-100", sampler="jump") == 200
        assert status(steps=steps, frames="1-1000", sampler="jump") == 422
        assert status(steps=steps, frames="7,500,900", sampler="tree") == 200
        assert status(steps=steps, frames="1-1000", sampler="tree") == 422
        assert status(steps=100, sampler="tree") == 200
        assert status(steps=1000, sampler="tree") == 422
