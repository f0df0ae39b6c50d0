"""Assertions that the service tests share; each failure says which promise was broken."""

import json

import numpy as np

import judge
import pictures

FRAMES = "/v1/images/frames"
HISTOGRAMS = "/v1/samples/histograms"


def assert_sound_head(response):
    """No header that has one value comes twice."""
    fields = response.raw.headers
    for name in set(fields):
        assert len(fields.getlist(name)) == 1 or name.lower() == "vary", (
            f"the header {name} comes {len(fields.getlist(name))} times: {fields.getlist(name)}")


def assert_ok(response, media_type=None):
    """A 200, and of the media type if one is given."""
    assert response.status_code == 200, (
        f"status {response.status_code} instead of 200: {response.content[:600]!r}")
    assert_sound_head(response)
    if media_type is not None:
        assert_media_type(response, media_type)
    return response


def assert_media_type(response, media_type):
    got = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    assert got == media_type, f"Content-Type is {got!r}, not {media_type!r}"


def assert_problem(response, status, parameter=None, pointer=None):
    """A problem document (RFC 9457) with a status, or one of several, that names what is at fault.

    pointer may be a string, or a tuple of prefixes of which one has to match.
    """
    allowed = (status,) if isinstance(status, int) else tuple(status)
    body = response.content
    assert response.status_code in allowed, (
        f"status {response.status_code} instead of {allowed}: {body[:600]!r}")
    assert_sound_head(response)
    assert_media_type(response, "application/problem+json")
    problem = json.loads(body)
    for member in ("type", "title", "detail", "request_id"):
        assert isinstance(problem.get(member), str) and problem[member], (
            f"the problem has no text {member!r}: {problem}")
    detail, culprit = problem["detail"], problem.get("parameter") or problem.get("pointer", "")
    assert detail.endswith(".") and not detail.endswith("..") and (
        not detail[0].islower() or detail.startswith(culprit.rpartition("/")[2] + " ")), (
            f"that is no sentence: {detail}")
    assert problem.get("status") == response.status_code, (
        f"the problem's status is {problem.get('status')!r}, the answer's {response.status_code}")
    assert problem["request_id"] == response.headers.get("X-Request-Id"), (
        f"request_id {problem['request_id']!r} is not X-Request-Id "
        f"{response.headers.get('X-Request-Id')!r}")
    if parameter is not None:
        assert problem.get("parameter") == parameter, f"it does not name {parameter!r}: {problem}"
    if isinstance(pointer, tuple):
        assert str(problem.get("pointer")).startswith(pointer), (
            f"the pointer is none of {pointer}: {problem}")
    elif pointer is not None:
        assert problem.get("pointer") == pointer, f"it does not point at {pointer!r}: {problem}"
    return problem


def dissolve(client, png, headers=None, **parameters):
    """POSTs a PNG as a raw body, with parameters in the query."""
    sent = {"Content-Type": "image/png"}
    sent.update(headers or {})
    return client.post(FRAMES, data=png, params=parameters, headers=sent)


def dissolved_frames(client, png, **parameters):
    """The frames of a ZIP answer, t -> array."""
    response = assert_ok(dissolve(client, png, format="zip", **parameters), "application/zip")
    return pictures.archive_frames(response.content)[0]


def histograms(client, document, **parameters):
    """POSTs JSON to the samples' histograms."""
    return client.post(HISTOGRAMS, json=document, params=parameters)


def send_json(client, text, **parameters):
    """POSTs a text that says it is JSON, whatever it is."""
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(HISTOGRAMS, data=data, params=parameters,
                       headers={"Content-Type": "application/json"})


def assert_pixels(got, state, t):
    """A rendered frame equals the judge's, except where the judge's value is next to a level."""
    assert got.shape == state.shape, f"frame {t} has shape {got.shape}, not {state.shape}"
    expected = judge.rendered(state)
    difference = np.abs(got.astype(np.int64) - expected)
    unsure = judge.uncertain_levels(state)
    if state.size > 10_000:
        assert unsure.mean() < 0.01, f"frame {t}: the comparison would pass over too many pixels"
    wrong = (difference > 0) & ~unsure
    assert not wrong.any(), (
        f"frame {t}: {wrong.sum()} of {wrong.size} values differ from the noise contract, "
        f"the first at {np.argwhere(wrong)[0]}: {got[wrong][0]} instead of {expected[wrong][0]}")
    assert difference.max() <= 1, f"frame {t}: a value is {difference.max()} levels off"


def assert_frames(frames, picture, beta, steps, seed, expected=None):
    """All frames, t -> array, are those of the chain that starts at the picture."""
    expected = range(steps + 1) if expected is None else expected
    assert list(frames) == list(expected), f"frames {list(frames)} instead of {list(expected)}"
    for t, state in enumerate(judge.chain(judge.state_of_levels(picture), beta, steps, seed)):
        if t == 0 and 0 in frames:
            np.testing.assert_array_equal(frames[0], picture, "frame 0 is not the input itself")
        elif t in frames:
            assert_pixels(frames[t], state, t)


def assert_histogram_is_numpys(frame, values, bins, interval=None):
    """Exactly numpy.histogram of values that are known exactly."""
    counts, edges = np.histogram(values, bins=bins, range=interval)
    density = np.histogram(values, bins=bins, range=interval, density=True)[0]
    np.testing.assert_array_equal(frame["counts"], counts, "counts are not numpy's")
    np.testing.assert_array_equal(frame["edges"], edges, "edges are not numpy's")
    np.testing.assert_allclose(frame["density"], density, rtol=1e-12, atol=0,
                               err_msg="densities are not numpy's")
    assert frame["outside"] == len(values) - counts.sum(), "outside is not what the bins leave out"


def assert_histogram_brackets(frame, state, tolerance, bins, interval=None):
    """A histogram of values known within a tolerance: each bin holds what it has to hold."""
    t, n = frame["t"], state.size
    edges, counts = np.asarray(frame["edges"]), np.asarray(frame["counts"])
    assert edges.shape == (bins + 1,) and counts.shape == (bins,), f"t = {t}: not {bins} bins"
    low, high = interval or (state.min(), state.max())
    np.testing.assert_allclose(edges, np.linspace(low, high, bins + 1), rtol=0,
                               atol=1e-12 * max(1, abs(low), abs(high)) if interval else tolerance,
                               err_msg=f"t = {t}: edges")
    assert counts.sum() + frame["outside"] == n, f"t = {t}: counts and outside do not add up to {n}"
    values = np.sort(state)
    below = np.searchsorted(values, edges - tolerance)
    above = np.searchsorted(values, edges + tolerance)
    most, least = above[1:] - below[:-1], below[1:] - above[:-1]
    wrong = (counts > most) | (counts < least)
    assert not wrong.any(), (
        f"t = {t}, bin {np.argmax(wrong)}: {counts[wrong][0]} values where the noise contract has "
        f"{least[wrong][0]} to {most[wrong][0]}")
    np.testing.assert_allclose(frame["density"], counts / counts.sum() / np.diff(edges),
                               rtol=1e-9, atol=0, err_msg=f"t = {t}: density")
    assert abs(frame["mean"] - state.mean()) <= tolerance, f"t = {t}: mean {frame['mean']}"
    assert abs(frame["std"] - state.std()) <= tolerance, f"t = {t}: std {frame['std']}"
